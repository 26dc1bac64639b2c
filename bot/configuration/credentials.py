"""Know when the credentials that the settings name end, as far as anybody can tell without asking Microsoft."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from bot.configuration.settings import Settings

CERTIFICATE: Final = "certificate"
CLIENT_SECRET: Final = "client_secret"  # noqa: S105 (its name in a metric)
PREVIOUS_SIGNING_SECRET: Final = "previous_signing_secret"  # noqa: S105 (its name in a metric)


@dataclass(frozen=True, kw_only=True)
class CredentialEnd:
    """A credential, and when it ends (aware UTC)."""

    name: str
    ends_at: datetime


def credential_ends(settings: Settings) -> list[CredentialEnd]:
    """
    Return the ends that are known.

    A certificate has its end in its file.  Entra does not tell an app when its secret ends, so that is known where
    AZURE_CLIENT_SECRET_UNTIL says it.  A certificate that cannot be read is left to whoever uses it.
    """
    found = []
    if settings.azure_client_certificate_path is not None:
        # Whoever has no certificate needs no cryptography.
        from graph.sign_in.certificates import end_of_certificate

        ends_at = end_of_certificate(settings.azure_client_certificate_path)
        if ends_at is not None:
            found.append(CredentialEnd(name=CERTIFICATE, ends_at=ends_at))
    elif settings.azure_client_secret is not None and settings.azure_client_secret_until:
        day = settings.azure_client_secret_until
        found.append(
            CredentialEnd(name=CLIENT_SECRET, ends_at=datetime.combine(day, time(), tzinfo=UTC))
        )
    if settings.previous_signing_secret is not None:
        ends_at = settings.previous_signing_secret[1]
        found.append(CredentialEnd(name=PREVIOUS_SIGNING_SECRET, ends_at=ends_at))
    return found
