"""An app that proves who it is by a certificate."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from graph.errors import AuthError
from graph.sign_in.credentials import read


def end_of_certificate(path: Path) -> datetime | None:
    """Return when a certificate ends (aware UTC); None if it cannot be read, which whoever uses it says."""
    try:
        content = read(path)
        if path.suffix.lower() in (".pfx", ".p12"):
            certificate = pkcs12.load_key_and_certificates(content, None)[1]
        else:
            certificate = x509.load_pem_x509_certificate(content)
    except (AuthError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return None if certificate is None else certificate.not_valid_after_utc


@dataclass(frozen=True)
class CertificateCredential:
    """
    A certificate with its private key.

    Attributes:
        path: A PEM file that holds both, or a PFX file (``.pfx``, ``.p12``).
        password: Of the private key, if it has one.
    """

    path: Path
    password: str | None = field(default=None, repr=False)

    def for_msal(self) -> Any:
        """
        The key and the certificate's name, as msal wants them.

        Raises:
            AuthError: The file is not there, or holds no certificate with an RSA key.
        """
        content = read(self.path)
        password = self.password.encode() if self.password is not None else None
        key: object
        try:
            if self.path.suffix.lower() in (".pfx", ".p12"):
                key, certificate, _ = pkcs12.load_key_and_certificates(content, password)
            else:
                key = load_pem_private_key(content, password)
                certificate = x509.load_pem_x509_certificate(content)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise AuthError(
                f"{self.path} cannot be used: it needs a certificate and its private key in one "
                f"file, and the key's password if it has one ({exc})."
            ) from exc
        if not isinstance(key, RSAPrivateKey) or certificate is None:
            raise AuthError(
                f"{self.path} needs a certificate and an RSA key; Entra takes no other."
            )
        return {
            "private_key": key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            # Entra knows certificates by the SHA-1 of their bytes: a name, not a protection.
            "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303
        }
