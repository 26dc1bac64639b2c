"""Say who has decided a request, as what, when, until when and why: on its card, and below it."""

from bot.approvals.model import Decision
from bot.messages.blocks.parts import day, moment, person
from bot.messages.blocks.quotes import as_written
from bot.messages.phrases.decided import mention_of
from bot.people.model import Verb
from bot.words import _


def decision_line(decision: Decision) -> str:
    """Say on a card what was decided; with the reason, if there is one."""
    facts = {
        "person": _decider(decision, is_last=False),
        "when": moment(decision.at),
        "reason": as_written(decision.reason or ""),
        "end": day(decision.ends_at) if decision.ends_at else "",
        "other_end": day(decision.instead_of) if decision.instead_of else "",
    }
    sentence = _without_reason(decision) if not decision.reason else _with_reason(decision)
    return sentence.format(**facts)


def denial_line(decision: Decision) -> str:
    """Say below a channel's card who denied it; the message has its own time."""
    who = _decider(decision, is_last=True)
    if not decision.reason:
        return _("Denied by {person}.").format(person=who)
    return _("Denied by {person}: {reason}").format(person=who, reason=as_written(decision.reason))


def _without_reason(decision: Decision) -> str:
    if decision.verb is not Verb.APPROVE:
        return _("Denied by {person} {when}.")
    if decision.ends_at is None:
        return _("Approved by {person} {when}.")
    if decision.instead_of is None:
        return _("Approved until {end} by {person} {when}.")
    return _("Approved until {end} instead of {other_end} by {person} {when}.")


def _with_reason(decision: Decision) -> str:
    if decision.verb is not Verb.APPROVE:
        return _("Denied by {person} {when}: {reason}")
    if decision.ends_at is None:
        return _("Approved by {person} {when}: {reason}")
    if decision.instead_of is None:
        return _("Approved until {end} by {person} {when}: {reason}")
    return _("Approved until {end} instead of {other_end} by {person} {when}: {reason}")


def _decider(decision: Decision, *, is_last: bool) -> str:
    """Return who has decided, and as what; *is_last*: nothing is said behind it."""
    who = person(decision.slack_user)
    if decision.as_admin and is_last:
        return _("{person}, as an admin and not as an approver").format(person=who)
    if decision.as_admin:
        return _("{person}, as an admin and not as an approver,").format(person=who)
    return mention_of(decision)
