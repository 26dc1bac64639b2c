"""Sign files in the name of the installation, for commands that write some."""

from bot.auditing.signing import NoAuditKey, Signer
from bot.cli.connection import Stop
from bot.configuration.settings import Settings


def audit_signer(settings: Settings) -> Signer:
    """
    Return what signs with the key that belongs to LATCHKEY_AUDIT_KEY.

    Raises:
        Stop: There is no audit key, so anybody could sign.
    """
    try:
        return Signer(settings.audit_key_bytes)
    except NoAuditKey:
        raise Stop(
            "Without LATCHKEY_AUDIT_KEY nothing can be signed: anybody could sign the same.  It is set before the first start."
        ) from None
