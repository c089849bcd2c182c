"""The secrets that stand for a sign-in: what they look like, how they are checked. No database here.

Every secret carries the id of the row it belongs to, so that a look-up never depends on the secret itself, and is
compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import jwt

from app.core.errors import Unauthenticated

ACCESS_LIFETIME = timedelta(minutes=15)
KEY_MARK = "mtk_"
REFRESH_MARK = "mtr_"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    user_id: int
    sign_in_id: int


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    sign_in_id: int
    generation: int
    proof: str


TOKENS_KEPT = 512
"""A client shows the same token for minutes: its signature is looked at once by each process."""


class Signer:
    """Signs and reads tokens with keys derived from the server's secret, a different one for each purpose."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()
        self._access_key = self._derive("access token")
        self._read = lru_cache(maxsize=TOKENS_KEPT)(self._read_anew)

    def access_token(self, claims: AccessClaims, *, now: datetime) -> str:
        """A JWT (RFC 7519, HS256) good for `ACCESS_LIFETIME` and for as long as its sign-in lives."""
        payload = {
            "typ": "access",
            "sub": str(claims.user_id),
            "sid": claims.sign_in_id,
            "iat": int(now.timestamp()),
            "exp": int((now + ACCESS_LIFETIME).timestamp()),
        }
        return jwt.encode(payload, self._access_key, algorithm="HS256")

    def read_access_token(self, token: str, *, now: datetime) -> AccessClaims:
        """Raises Unauthenticated (`token_expired` or `token_invalid`)."""
        claims, expires_at = self._read(token)
        if expires_at <= now:
            raise Unauthenticated("The access token has expired. Refresh it.", code="token_expired")
        return claims

    def refresh_token(self, sign_in_id: int, generation: int, seed: str) -> str:
        """The one refresh token of this generation of a sign-in."""
        return f"{REFRESH_MARK}{sign_in_id}.{generation}.{self._refresh_proof(sign_in_id, generation, seed)}"

    def is_genuine(self, claims: RefreshClaims, seed: str) -> bool:
        """Whether this server made that token at some time; says nothing about whether it is spent."""
        made = self._refresh_proof(claims.sign_in_id, claims.generation, seed)
        return hmac.compare_digest(made.encode(), claims.proof.encode())

    def csrf_token(self, sign_in_id: int, cookie_hash: str) -> str:
        """What a page sends back with unsafe requests; bound to one web session."""
        return self._mac("csrf", str(sign_in_id), cookie_hash)

    def _refresh_proof(self, sign_in_id: int, generation: int, seed: str) -> str:
        return self._mac("refresh token", str(sign_in_id), str(generation), seed)

    def _mac(self, purpose: str, *parts: str) -> str:
        return hmac.new(self._derive(purpose), "\n".join(parts).encode(), hashlib.sha256).hexdigest()

    def _read_anew(self, token: str) -> tuple[AccessClaims, datetime]:
        """What a genuine token says, and until when it is good."""
        required = ["typ", "sub", "sid", "exp"]
        try:
            payload = jwt.decode(
                token,
                self._access_key,
                algorithms=["HS256"],
                options={"require": required, "verify_exp": False, "verify_iat": False},
            )
            expires_at = datetime.fromtimestamp(payload["exp"], UTC)
            claims = AccessClaims(int(payload["sub"]), int(payload["sid"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as error:
            raise Unauthenticated("This access token is not valid. Sign in again.", code="token_invalid") from error
        if payload["typ"] != "access":
            raise Unauthenticated("This is not an access token.", code="token_invalid")
        return claims, expires_at

    def _derive(self, purpose: str) -> bytes:
        return hmac.new(self._secret, f"matinee {purpose}".encode(), hashlib.sha256).digest()


def read_refresh_token(token: str) -> RefreshClaims | None:
    """The parts of a refresh token, unchecked; None when it has not even the form of one."""
    sign_in_id, _, rest = token.removeprefix(REFRESH_MARK).partition(".")
    generation, _, proof = rest.partition(".")
    if not token.startswith(REFRESH_MARK) or not proof or not is_row_id(sign_in_id) or not _is_whole(generation):
        return None
    return RefreshClaims(int(sign_in_id), int(generation), proof)


def cookie_value(sign_in_id: int, secret: str) -> str:
    return f"{sign_in_id}.{secret}"


def api_key_value(key_id: int, secret: str) -> str:
    return f"{KEY_MARK}{key_id}.{secret}"


def split_secret(text: str, *, mark: str = "") -> tuple[int, str] | None:
    """`(row id, secret)` of a cookie or API key; None when it has not the form of one."""
    row_id, _, secret = text.removeprefix(mark).partition(".")
    if not text.startswith(mark) or not secret or not is_row_id(row_id):
        return None
    return int(row_id), secret


def new_secret() -> str:
    """256 random bits, safe in a URL, a header and a cookie."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a random secret. One round is enough: 256 bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same_secret(secret: str, stored_hash: str | None) -> bool:
    return stored_hash is not None and hmac.compare_digest(hash_secret(secret), stored_hash)


def is_row_id(text: str) -> bool:
    return _is_whole(text) and 0 < int(text) <= 2**31 - 1


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10
