"""The settings of Matinee: one frozen value, read from the environment once.

Nothing else reads the environment. `Config.from_env` lists every mistake at once, each under the setting's own name;
code below receives values, never this object's source.
"""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import os
import secrets
import shutil
import ssl
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parent
GIB = 1 << 30

T = TypeVar("T")


class ConfigurationError(Exception):
    """Settings that cannot be used. `problems` maps a setting's name to a sentence about it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        lines = "\n".join(f"  {name}: {problem}" for name, problem in sorted(self.problems.items()))
        super().__init__(f"configuration:\n{lines}")


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one password hash costs (argon2id): passes, memory in KiB, lanes."""

    rounds: int = 3
    memory_kib: int = 65536
    lanes: int = 4


@dataclass(frozen=True, slots=True)
class Config:
    """Checked settings; the names follow the environment's, without the prefix."""

    host: str
    port: int
    data_dir: Path
    transcodes_dir: str  # a folder, or s3://bucket/prefix
    transcodes_max_bytes: int
    web_processes: int
    web_threads: int
    ffmpeg: str
    ffprobe: str
    secret_key: str
    database_url: str
    redis_url: str
    redis_is_private: bool
    tmdb_api_key: str | None
    tmdb_base_url: str
    shikimori_base_url: str
    opensubtitles_base_url: str
    admin_user: str | None
    admin_password: str | None
    public_url: str | None
    trusted_proxies: tuple[str, ...]
    tls: str  # "off", "local" or "files"
    tls_cert: Path | None
    tls_key: Path | None
    cors_origins: tuple[str, ...]
    metrics_allowed: tuple[str, ...]
    password_cost: PasswordCost = PasswordCost()  # not a setting: tests make it cheap

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Reads and checks every setting.

        Raises ConfigurationError with all mistakes. Creates the data folder and, when `SECRET_KEY` is unset, keeps a
        new key in it (mode 0600), so that sign-ins survive a restart.
        """
        return _Reader(os.environ if env is None else env).config()

    @property
    def web_url(self) -> str:
        """Where a browser on this machine finds the server."""
        scheme = "http" if self.tls == "off" else "https"
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def run_dir(self) -> Path:
        """What exists only while the server runs: its supervisor's files, sockets, measurements. Closed to others."""
        return self.data_dir / "run"

    @property
    def logs_dir(self) -> Path:
        """One file for each program, rotated by the supervisor."""
        return self.data_dir / "logs"


class _Reader:
    """Collects values and mistakes side by side."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: dict[str, str] = {}

    def config(self) -> Config:
        data_dir = self.value("MATINEE_DATA_DIR", _data_folder, Path("data").resolve())
        tls, cert, key = self.tls()
        redis_url = self.value("REDIS_URL", _redis_url, "")
        config = Config(
            host=self.text("MATINEE_HOST", "0.0.0.0") or "0.0.0.0",  # noqa: S104
            port=self.value("MATINEE_PORT", _whole(1, 65535), 8000),
            data_dir=data_dir,
            transcodes_dir=self.value("MATINEE_TRANSCODES_DIR", _store, str(ROOT / "transcodes")),
            transcodes_max_bytes=self.value("MATINEE_TRANSCODES_MAX_GB", _gigabytes, 20 * GIB),
            web_processes=self.value("MATINEE_WEB_PROCESSES", _whole(1, 64), 2),
            web_threads=self.value("MATINEE_WEB_THREADS", _whole(8, 4096), 200),
            ffmpeg=self.value("MATINEE_FFMPEG", _program, ""),
            ffprobe=self.value("MATINEE_FFPROBE", _program, ""),
            secret_key=self.text("SECRET_KEY") or "",
            database_url=self.value("DATABASE_URL", _database_url, ""),
            redis_url=redis_url,
            redis_is_private=not redis_url,
            tmdb_api_key=self.text("TMDB_API_KEY"),
            tmdb_base_url=self.value("TMDB_BASE_URL", _http_url, "https://api.themoviedb.org/3"),
            shikimori_base_url=self.value("SHIKIMORI_BASE_URL", _http_url, "https://shikimori.one"),
            opensubtitles_base_url=self.value(
                "OPENSUBTITLES_BASE_URL", _http_url, "https://api.opensubtitles.com/api/v1"
            ),
            admin_user=self.text("MATINEE_ADMIN_USER"),
            admin_password=self.admin_password(),
            public_url=self.value("MATINEE_PUBLIC_URL", _http_url, None),
            trusted_proxies=self.value("MATINEE_TRUSTED_PROXIES", _networks, ()),
            tls=tls,
            tls_cert=cert,
            tls_key=key,
            cors_origins=self.value("MATINEE_CORS_ORIGINS", _origins, ()),
            metrics_allowed=self.value("MATINEE_METRICS_ALLOW", _networks, ()),
        )
        if "MATINEE_DATA_DIR" not in self.problems:
            self.make_folders(config)
        if self.problems:
            raise ConfigurationError(self.problems)
        return self.with_data_dir(config)

    def make_folders(self, config: Config) -> None:
        """Makes the data folder even beside other mistakes: one that cannot be made is named together with them."""
        try:
            config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            config.run_dir.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self.problems["MATINEE_DATA_DIR"] = _unwritable(error)

    def with_data_dir(self, config: Config) -> Config:
        """Fills in what lives in the data folder, which must be writable."""
        from dataclasses import replace

        try:
            redis_url = config.redis_url or f"unix://{quote(str(_redis_socket(config.run_dir)))}?db=0"
            secret_key = config.secret_key or _kept_secret(config.data_dir / "secret_key")
        except OSError as error:
            raise ConfigurationError({"MATINEE_DATA_DIR": _unwritable(error)}) from error
        return replace(
            config,
            secret_key=secret_key,
            database_url=config.database_url or f"sqlite:///{config.data_dir / 'matinee.db'}",
            redis_url=redis_url,
            tls_cert=config.data_dir / "tls" / "server.pem" if config.tls == "local" else config.tls_cert,
            tls_key=config.data_dir / "tls" / "server.key" if config.tls == "local" else config.tls_key,
        )

    def text(self, name: str, default: str | None = None) -> str | None:
        """A setting's text, or that of the file that `NAME_FILE` names; empty counts as unset."""
        value, file = self.env.get(name, "").strip(), self.env.get(f"{name}_FILE", "").strip()
        if value and file:
            self.problems[name] = f"set either {name} or {name}_FILE, not both"
        if file and not value:
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.problems[f"{name}_FILE"] = f"cannot be read: {error}"
        return value or default

    def value(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self.text(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.problems[name] = str(error)
            return default

    def admin_password(self) -> str | None:
        user, password = self.text("MATINEE_ADMIN_USER"), self.text("MATINEE_ADMIN_PASSWORD")
        if bool(user) != bool(password):
            missing = "MATINEE_ADMIN_PASSWORD" if user else "MATINEE_ADMIN_USER"
            self.problems[missing] = "is needed too: both or neither of user and password"
        if password and len(password) < 8:
            self.problems["MATINEE_ADMIN_PASSWORD"] = "needs at least 8 characters"
        return password

    def tls(self) -> tuple[str, Path | None, Path | None]:
        mode, cert, key = (self.text(n) for n in ("MATINEE_TLS", "MATINEE_TLS_CERT", "MATINEE_TLS_KEY"))
        if mode not in {None, "local", "off"}:
            self.problems["MATINEE_TLS"] = f"is 'local' or unset, not {mode!r}"
        if mode == "local" and (cert or key):
            self.problems["MATINEE_TLS"] = "is 'local' while a certificate is given; choose one"
        if bool(cert) != bool(key):
            missing = "MATINEE_TLS_KEY" if cert else "MATINEE_TLS_CERT"
            self.problems[missing] = "is needed too: a certificate and its key go together"
        for name, path in (("MATINEE_TLS_CERT", cert), ("MATINEE_TLS_KEY", key)):
            if path and not Path(path).is_file():
                self.problems[name] = f"no such file: {path}"
        if cert and key:
            if not {"MATINEE_TLS_CERT", "MATINEE_TLS_KEY"} & self.problems.keys():
                self._check_pair(cert, key)
            return "files", Path(cert).resolve(), Path(key).resolve()
        return ("local" if mode == "local" else "off"), None, None

    def _check_pair(self, cert: str, key: str) -> None:
        """Loads them as the server will: a certificate that is none must not be found out by silence."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            reason = getattr(error, "reason", None) or error
            self.problems["MATINEE_TLS_CERT"] = f"does not serve with this MATINEE_TLS_KEY ({reason}): {cert}"


def _unwritable(error: OSError) -> str:
    return f"cannot be written: {error.strerror} ({error.filename})"


def _redis_socket(run_dir: Path) -> Path:
    """Where the private Redis listens. The kernel allows 107 bytes; a longer path has a stand-in of our own.

    Raises PermissionError when another user holds the stand-in.
    """
    socket = run_dir / "redis.sock"
    if len(os.fsencode(socket)) < 100:
        return socket
    name = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"matinee-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "is not closed to others", str(folder))
    return folder / "redis.sock"


def _kept_secret(path: Path) -> str:
    """The key in this file, made on first use. Two processes starting at once agree on one."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if kept:
            return kept
        path.unlink()  # a crash between create and write
        return _kept_secret(path)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"is not a whole number: {text!r}") from None
        if not low <= number <= high:
            raise ValueError(f"is {number}, not between {low} and {high}")
        return number

    return parse


def _gigabytes(text: str) -> int:
    try:
        size = float(text)
    except ValueError:
        raise ValueError(f"is not a number of gigabytes: {text!r}") from None
    if not 0.05 <= size <= 1_000_000:
        raise ValueError(f"is {text}, not between 0.05 and 1000000")
    return int(size * GIB)


def _folder(text: str) -> Path:
    path = Path(text).expanduser().resolve()
    if path.exists() and not path.is_dir():
        raise ValueError(f"is not a folder: {text}")
    return path


def _data_folder(text: str) -> Path:
    path = _folder(text)
    if {"?", "%"} & set(str(path)):
        raise ValueError(f"contains a ? or a %, which cannot stand in the address of a database: {path}")
    return path


def _store(text: str) -> str:
    if text.startswith("s3://"):
        if not urlsplit(text).netloc:
            raise ValueError("names no bucket: s3://bucket/prefix")
        return text.rstrip("/")
    return str(_folder(text))


def _program(text: str) -> str:
    found = shutil.which(text)
    if not found:
        raise ValueError(f"is not a program that can be started: {text}")
    return str(Path(found).absolute())


def _database_url(text: str) -> str:
    scheme = text.partition(":")[0]
    if scheme not in {"sqlite", "postgresql", "postgresql+psycopg"}:
        raise ValueError("starts with sqlite:/// or postgresql+psycopg://")
    _require_port(text)
    return text


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("starts with redis://, rediss:// or unix://")
    _require_port(text)
    return text


def _require_port(url: str) -> None:
    """A port is a number, or left out. The name and password before the host may hold anything."""
    host = url.partition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0]
    port = host.rpartition("]")[2].partition(":")[2]
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"has a port that is none: {port}")


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"is not an http(s) address: {text!r}")
    return text.rstrip("/")


def _networks(text: str) -> tuple[str, ...]:
    networks = []
    for part in text.replace(",", " ").split():
        try:
            networks.append(str(ipaddress.ip_network(part, strict=False)))
        except ValueError:
            raise ValueError(f"is not an address or network: {part!r}") from None
    return tuple(networks)


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_http_url(part) for part in text.replace(",", " ").split())
