"""The authority of one's own: made once, trusted once; what it signs is renewed in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from workers.engines.certificates import LEAF_LASTS, ensure, own_names

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = {"localhost", "127.0.0.1", "192.168.1.20", "tower.local"}


def leaf(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())


def test_a_certificate_names_every_address_of_the_host(tmp_path: Path) -> None:
    assert ensure(tmp_path, NAMES, now=NOW)

    named = leaf(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in named} == NAMES
    assert {"localhost", "127.0.0.1"} <= own_names()


def test_private_keys_are_closed_to_others(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, now=NOW)

    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("server.key", "authority.key")} == {0o600}


def test_a_certificate_stays_while_it_serves(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, now=NOW)
    first = leaf(tmp_path)

    assert not ensure(tmp_path, NAMES, now=NOW + timedelta(days=300))
    assert leaf(tmp_path) == first


def test_it_is_renewed_before_it_ends_and_when_the_host_moves_by_the_same_authority(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, now=NOW)
    authority = (tmp_path / "authority.pem").read_bytes()

    assert ensure(tmp_path, {*NAMES, "10.0.0.5"}, now=NOW)
    assert ensure(tmp_path, NAMES, now=NOW + LEAF_LASTS - timedelta(days=20))
    assert (tmp_path / "authority.pem").read_bytes() == authority


def test_half_a_file_is_replaced(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, now=NOW)
    (tmp_path / "server.pem").write_bytes(b"-----BEGIN")

    assert ensure(tmp_path, NAMES, now=NOW)
    assert leaf(tmp_path).not_valid_after_utc > NOW
