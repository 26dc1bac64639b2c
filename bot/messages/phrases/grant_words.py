"""Say why somebody has an access: who asked for it when and why, and who approved it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.approvals.model import Decision
from bot.messages.blocks.parts import moment, person, shorten
from bot.messages.blocks.quotes import one_line
from bot.messages.phrases.decided import mention_of
from bot.messages.phrases.decided_there import there_line
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
    asked_there: tuple[str | None, datetime | None] | None = None,
) -> str:
    """
    Say where an access comes from, in sentences for an admin.

    Args:
        request: What gave it; None if that is not known.
        approved: Who approved that.
        extended: What extended it last.
        asked_there: Who asked Entra for it, by Slack id if that is known, and when, where no request of ours gave it.
        extension_approved: Who approved that.
    """
    if request is not None:
        said = [_asked(request), _approved(request, approved)]
    else:
        said = [_(NOT_KNOWN) if asked_there is None else _in_entra(*asked_there)]
    if extended is not None:
        at = moment(extended.ended_at or extended.asked_at)
        if extension_approved:
            said.append(
                _("Extended {at}, approved by {names}.").format(
                    at=at, names=_names(extension_approved)
                )
            )
        elif extended.is_decided_in_entra_alone:
            said.append(_("Extended {at}.").format(at=at))
            said.append(_approved(extended, ()))
        else:
            said.append(_("Extended {at}; nobody had to approve that.").format(at=at))
    return " ".join(said)


def _in_entra(slack_user: str | None, at: datetime | None) -> str:
    who = person(slack_user) if slack_user else _("somebody whom I do not know in Slack")
    if at is None:
        return _("Asked for in Microsoft Entra by {who}.").format(who=who)
    return _("Asked for in Microsoft Entra by {who}, {when}.").format(who=who, when=moment(at))


def _asked(request: Request) -> str:
    who = person(request.asked_by)
    if request.justification:
        reason = one_line(shorten(request.justification, LONGEST_REASON))
        return _("{who} asked for it {when}: “{reason}”.").format(
            who=who, when=moment(request.asked_at), reason=reason
        )
    return _("{who} asked for it {when}.").format(who=who, when=moment(request.asked_at))


def _approved(request: Request, approved: Sequence[Decision]) -> str:
    if approved:
        return _("Approved by {names}.").format(names=_names(approved))
    if request.emergency:
        # Somebody would have had to.
        return _("Delivered as emergency access, without an approval.")
    if not request.is_decided_in_entra_alone:
        return _("Nobody had to approve it.")
    there = [there_line(replace(each, reason=None)) for each in request.decided_there if each.name]
    return " ".join(there) or _("It was approved in Microsoft Entra.")


def _names(approved: Sequence[Decision]) -> str:
    return in_a_row([f"{_decider(each)} {moment(each.at)}" for each in approved])


def _decider(decision: Decision) -> str:
    who = mention_of(decision)
    return _("{name} (as an admin)").format(name=who) if decision.as_admin else who
