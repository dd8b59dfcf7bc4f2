"""The certificate of the page: made by the device itself, so it is the spoken fingerprint that vouches for it."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
import ssl
from pathlib import Path
from typing import Collection, List, NamedTuple, Optional

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...wholefile import write_whole

log = logging.getLogger(__name__)

LIFE_DAYS = 820
"""Safari accepts none of more than 825 days."""
KEPT_DAYS = 30
"""One that is good for less than that is made anew."""
MOST_NAMES = 16


class Certificate(NamedTuple):
    """What TLS is spoken with."""

    context: ssl.SSLContext
    fingerprint: str
    """Its SHA-256, as browsers show it: "3F:0A:..."."""


def load_certificate(folder: Path, names: Collection[str]) -> Certificate:
    """The certificate in this folder, for all these names and addresses; a new one where there is none that will do.

    Raises OSError where it cannot be written.
    """
    certificate = read_certificate(folder / "cert.pem")
    if certificate is None or not will_do(certificate, names) or not (folder / "key.pem").exists():
        # Those for which the old one was good stay in it: a device that changes between two networks keeps one.
        known = names_in(certificate) if certificate is not None else []
        certificate = make_certificate(folder, list(dict.fromkeys([*names, *known]))[:MOST_NAMES])
    try:
        return Certificate(_make_context(folder), show_fingerprint(certificate))
    except ssl.SSLError:  # the two files do not belong together
        certificate = make_certificate(folder, names)
        return Certificate(_make_context(folder), show_fingerprint(certificate))


def read_certificate(path: Path) -> Optional[x509.Certificate]:
    """The certificate in a file; None where it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return None


def make_certificate(folder: Path, names: Collection[str]) -> x509.Certificate:
    """Make a key and a certificate signed with it, and write both; the key is for this user's eyes alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = _now()
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fingerpost companion")])
    builder = (x509.CertificateBuilder().subject_name(own).issuer_name(own).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=LIFE_DAYS - 1))
               .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
               .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
               .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False))
    certificate = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
    before = os.umask(0o077)  # from its first byte on
    try:
        write_whole(folder / "key.pem", pem)
        write_whole(folder / "cert.pem", certificate.public_bytes(serialization.Encoding.PEM))
    finally:
        os.umask(before)
    return certificate


def will_do(certificate: x509.Certificate, names: Collection[str]) -> bool:
    """Whether it is good now and for a while, and for all these names."""
    soon = datetime.timedelta(days=KEPT_DAYS)
    is_good = certificate.not_valid_before_utc <= _now() <= certificate.not_valid_after_utc - soon
    return is_good and set(names) <= set(names_in(certificate))


def names_in(certificate: x509.Certificate) -> List[str]:
    """The names and addresses that it is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(entry.value) for entry in found]


def show_fingerprint(certificate: x509.Certificate) -> str:
    """Its SHA-256, two hexadecimal digits a byte."""
    return ":".join(f"{byte:02X}" for byte in certificate.fingerprint(hashes.SHA256()))


def _make_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(folder / "cert.pem"), str(folder / "key.pem"))
    return context


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
