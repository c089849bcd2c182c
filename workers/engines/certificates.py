"""A certificate authority of one's own, for `MATINEE_TLS=local`: what needs a secure context works on the LAN.

Devices that trust `tls/authority.pem` of the data folder once trust every certificate this server makes for itself.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LASTS = timedelta(days=3650)
LEAF_LASTS = timedelta(days=397)
"""Browsers refuse longer ones."""
RENEW_BEFORE = timedelta(days=30)

Key = ec.EllipticCurvePrivateKey


def ensure(folder: Path, names: Iterable[str], *, now: datetime) -> bool:
    """Makes or renews `authority.pem`, `server.pem` and `server.key` in a folder. Returns whether anything changed.

    `names` are host names and addresses the server is reached by. A certificate that covers them and lasts for another
    month stays as it is.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted = frozenset(names)
    authority, key = _authority(folder, now)
    leaf = _read(folder / "server.pem")
    if (
        leaf is not None
        and (folder / "server.key").is_file()
        and leaf.issuer == authority.subject
        and wanted <= _names_of(leaf)
        and leaf.not_valid_after_utc - now > RENEW_BEFORE
    ):
        return False
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    made = _leaf(wanted, leaf_key, authority, key, now)
    _write(folder / "server.key", _private(leaf_key), mode=0o600)
    _write(folder / "server.pem", _public(made) + _public(authority), mode=0o644)
    return True


def own_names() -> frozenset[str]:
    """What this host is called and reached by: its name, `.local`, loopback, and the addresses of its interfaces."""
    host = socket.gethostname()
    found = {"localhost", host, f"{host.split('.')[0]}.local", "127.0.0.1", "::1"}
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as door:
                door.connect((probe, 9))  # sends nothing: asks which address a packet would leave from
                found.add(door.getsockname()[0])
        except OSError:
            continue  # no route of this family
    try:
        found.update(str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None))
    except socket.gaierror:
        pass  # a name that only others know
    return frozenset(name for name in found if name.isascii())


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, Key]:
    kept = _read(folder / "authority.pem")
    key_file = folder / "authority.key"
    if kept is not None and key_file.is_file() and kept.not_valid_after_utc - now > LEAF_LASTS:
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, Key):
            return kept, key
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Matinee on {socket.gethostname()}"[:64])])
    made = (
        _builder(name, name, key, now, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _private(key), mode=0o600)
    _write(folder / "authority.pem", _public(made), mode=0o644)
    return made, key


def _leaf(names: frozenset[str], key: Key, authority: x509.Certificate, signer: Key, now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Matinee")])
    return (
        _builder(subject, authority.subject, key, now, LEAF_LASTS)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names_of(certificate: x509.Certificate) -> frozenset[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset(str(name.value) for name in found)


def _read(path: Path) -> x509.Certificate | None:
    if not path.is_file():
        return None
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return None  # half a file; a new one replaces it


def _private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    half.replace(path)
