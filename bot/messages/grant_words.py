"""Say why somebody has an access: who asked for it when and why, and who approved it."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import Decision
from bot.messages.parts import moment, one_line, person, shorten
from bot.requests.model import Request
from bot.words import N_, _
from bot.words.formats import in_a_row

NOT_KNOWN: Final = N_(
    "I know of no request for it: it was given in Entra, or before my records begin."
)
LONGEST_REASON: Final = 200


def why(
    request: Request | None,
    approved: Sequence[Decision],
    extended: Request | None,
    extension_approved: Sequence[Decision],
) -> str:
    """
    Say where an access comes from, in sentences for an admin.

    Args:
        request: What gave it; None if that is not known.
        approved: Who approved that.
        extended: What extended it last.
        extension_approved: Who approved that.
    """
    said = [_(NOT_KNOWN)] if request is None else [_asked(request), _approved(approved)]
    if extended is not None:
        at = moment(extended.ended_at or extended.asked_at)
        if extension_approved:
            said.append(
                _("Extended {at}, approved by {names}.").format(
                    at=at, names=_names(extension_approved)
                )
            )
        else:
            said.append(_("Extended {at}; nobody had to approve that.").format(at=at))
    return " ".join(said)


def _asked(request: Request) -> str:
    who = person(request.asked_by)
    if request.justification:
        reason = one_line(shorten(request.justification, LONGEST_REASON))
        return _("{who} asked for it {when}: “{reason}”.").format(
            who=who, when=moment(request.asked_at), reason=reason
        )
    return _("{who} asked for it {when}.").format(who=who, when=moment(request.asked_at))


def _approved(approved: Sequence[Decision]) -> str:
    if not approved:
        return _("Nobody had to approve it.")
    return _("Approved by {names}.").format(names=_names(approved))


def _names(approved: Sequence[Decision]) -> str:
    return in_a_row([f"{person(each.slack_user)} {moment(each.at)}" for each in approved])
