"""Say on a card who has decided in Entra, and not by a button of Latchkey's."""

from collections.abc import Sequence

from bot.approvals.model import Decision
from bot.messages.blocks.parts import escape
from bot.messages.blocks.quotes import as_written
from bot.people.model import Verb
from bot.requests.model import DecidedThere, Request
from bot.words import _


def others_there(request: Request, decided: Sequence[Decision]) -> list[DecidedThere]:
    """Return what was decided in Entra by somebody known, the last one first, and is no decision that was made here."""
    ours = {each.stage for each in decided}
    return [
        each for each in reversed(request.decided_there) if each.name and each.stage not in ours
    ]


def there_line(decided: DecidedThere) -> str:
    """Say who has decided there; with the reason, if there is one."""
    is_approval = decided.verb is Verb.APPROVE
    who = escape(decided.name or "")
    if not decided.reason:
        said = (
            _("Approved in Microsoft Entra by {person}.")
            if is_approval
            else _("Denied in Microsoft Entra by {person}.")
        )
        return said.format(person=who)
    said = (
        _("Approved in Microsoft Entra by {person}: {reason}")
        if is_approval
        else _("Denied in Microsoft Entra by {person}: {reason}")
    )
    return said.format(person=who, reason=as_written(decided.reason))
