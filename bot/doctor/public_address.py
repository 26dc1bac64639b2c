"""Check the address at which browsers reach Latchkey, by asking it for a page as a browser would."""

from typing import Final

from bot.accounts.browser import INSTALLATION
from bot.configuration.accounts import installation_mark
from bot.doctor.model import (
    CheckFinding,
    CheckSubject,
    NobodyListens,
    NotTrusted,
    broken,
    fine,
    note,
    warning,
)

# A link that nobody was given: Latchkey says that it is over, and which installation says so.
PAGE: Final = "/sign-in/latchkey-doctor"
NAME: Final = "LATCHKEY_PUBLIC_URL"
# What a proxy says when it reaches nobody behind it.
NOBODY_BEHIND: Final = frozenset({502, 503, 504})
REACHED_FROM_HERE: Final = "people's browsers may reach it all the same, from another network: open it in one; Latchkey's page says that the link is over"


async def look(subject: CheckSubject) -> CheckFinding:
    """Ask the public address for a page of the sign-in, and see who answers."""
    root, ask = (subject.settings.public_url or "").rstrip("/"), subject.ask_public
    if not root:
        return fine(f"No browser has to reach Latchkey: {NAME} is not set.")
    if ask is None:
        return note(f"{root} ({NAME}) was not asked.")
    try:
        status, headers = await ask(PAGE)
    except NotTrusted as error:
        return broken(
            f"Browsers do not trust what answers at {root} ({NAME}): {error}. Give the proxy a certificate for that name."
        )
    except NobodyListens as error:
        return warning(f"{root} ({NAME}) was not reached from here ({error}): {REACHED_FROM_HERE}.")
    mark = headers.get(INSTALLATION)
    if mark == installation_mark(subject.settings):
        return fine(f"Browsers that come to {root} reach this Latchkey.")
    return _of_another(f"{root}/sign-in/… ({NAME})", status, is_latchkey=mark is not None)


def _of_another(where: str, status: int, *, is_latchkey: bool) -> CheckFinding:
    """Say what is wrong with an answer that is not ours; whoever presses Connect in Slack sees it."""
    if is_latchkey:
        return broken(
            f"At {where} another Latchkey answers, with another app registration or another {NAME}: people's sign-ins end there. "
            "Restart it with these settings, or lead the address here."
        )
    if status == 404:
        return broken(
            f"{where} gives 404: the proxy before Latchkey lets only other paths through (deploy/nginx/latchkey.conf shows which "
            f"it takes), or leads to something else, or Latchkey runs without {NAME}."
        )
    if status in NOBODY_BEHIND:
        return warning(
            f"{where} gives {status}: a proxy answers there, and reaches no Latchkey. Start it, or correct where the proxy looks."
        )
    if 300 <= status < 400:
        return broken(
            f"{where} leads browsers elsewhere ({status}): the proxy before Latchkey must let people in without a sign-in of its own."
        )
    return broken(f"{where} gives {status}, and it is not Latchkey that says so.")
