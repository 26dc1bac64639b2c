"""Check the settings themselves, and when what they name ends."""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.configuration.credentials import credential_ends
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from bot.timing import WAITS

SOON: Final = timedelta(days=30)


async def look(subject: CheckSubject) -> CheckFinding:
    """Check that the settings are enough to run; without that there is nothing to look at, and they are read first."""
    where = "Socket Mode" if subject.settings.uses_socket_mode else "HTTP"
    return fine(f"The settings can be read; Slack's requests come over {where}.")


async def credentials(subject: CheckSubject) -> list[CheckFinding]:
    """Say when each credential ends."""
    found = []
    for each in credential_ends(subject.settings):
        left = each.ends_at - clock.real()
        name = each.name.replace("_", " ")
        if left <= timedelta(0):
            say = note if each.name == "previous_signing_secret" else broken
            found.append(say(f"The {name} has ended on {each.ends_at:%Y-%m-%d}."))
        elif left <= SOON and each.name != "previous_signing_secret":
            found.append(
                warning(
                    f"The {name} ends in {left.days} days, on {each.ends_at:%Y-%m-%d}: make a new one."
                )
            )
        else:
            found.append(fine(f"The {name} ends in {left.days} days, on {each.ends_at:%Y-%m-%d}."))
    settings = subject.settings
    if settings.azure_client_secret is not None and settings.azure_client_secret_until is None:
        found.append(
            note(
                "When the client secret ends is not known, because Entra does not tell apps: a setting for it lets you be warned "
                "before (docs/reference/settings.md)."
            )
        )
    return found


async def waits(subject: CheckSubject) -> CheckFinding:
    """Check that a doubtful answer of Graph's settles before anything is repeated."""
    sentence = f"After a doubtful answer Graph is given {WAITS.settle.total_seconds():.0f} s before anything is repeated."
    return fine(sentence) if WAITS.settle > 2 * WAITS.post else broken(sentence)
