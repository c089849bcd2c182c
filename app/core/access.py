"""Who is asking, as a frozen value that `app/web/security.py` resolves and every rule may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["anonymous", "user", "guest", "machine"]
Role = Literal["admin", "user", "guest"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """One caller for the length of one request or socket command.

    `user_id`, `profile_id`, `sign_in_id` and `key_id` (a machine's) are database ids; `party_titles` holds the media
    ids a guest may play.
    """

    kind: Kind
    user_id: int | None = None
    profile_id: int | None = None
    role: Role | None = None
    sign_in_id: int | None = None
    key_id: int | None = None
    name: str = ""
    language: str | None = None
    party_titles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_signed_in(self) -> bool:
        return self.kind in {"user", "machine"}


ANONYMOUS = Viewer(kind="anonymous")
