"""Say how many people must approve a stage, and who has approved it already."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import Decision, approvals_of
from bot.messages.blocks.parts import escape
from bot.messages.phrases.decided import name_of
from bot.messages.phrases.naming import name_to_asker
from bot.requests.model import Kind, Request
from bot.words import N_, _, ngettext
from bot.words.formats import in_a_row

TOO_FEW: Final = N_(
    ":warning: Its policy in Entra finds fewer people who can approve this than must "
    "approve it. An admin can give what is missing, if LATCHKEY_ADMINS_DECIDE lets them; "
    "otherwise name more approvers in the policy."
)

TOO_FEW_YET: Final = N_(
    ":warning: Its policy in Entra finds fewer people now than must approve this. Its escalation approvers are asked as "
    "well once it has waited for a while."
)


def too_few(request: Request) -> str:
    """Say that fewer people are found than must approve the current stage; and who may come to it yet."""
    stage = request.current_stage
    has_alternates = stage is not None and bool(stage.escalation or stage.fallback_escalation)
    return _(TOO_FEW_YET) if has_alternates and not request.escalated else _(TOO_FEW)


def approvals_line(request: Request, decided: Sequence[Decision]) -> str | None:
    """Return how many of the approvals are there that the current stage needs, and whose; None where one is enough."""
    needed = request.approvals_needed
    if needed == 1:
        return None
    names = [escape(name_of(each)) for each in approvals_of(decided, request.stage)]
    if not names:
        return _(
            "{needed} different people must approve this step; nobody has approved it yet."
        ).format(needed=needed)
    return _("{count} of {needed} approvals: {names}.").format(
        count=len(names), needed=needed, names=in_a_row(names)
    )


def approvals_so_far(request: Request) -> str | None:
    """Return how many of the approvals are there that the current stage needs, without names; None where one is enough."""
    needed = request.approvals_needed
    return (
        _("{approvals} of {needed} approvals").format(approvals=request.approvals, needed=needed)
        if needed > 1
        else None
    )


def own_part(request: Request, decided: Sequence[Decision], reader: str | None) -> str | None:
    """Say to whoever has approved the stage that is being decided what they, or a delegate for them, have done; None to others."""
    if reader is None:
        return None
    for each in approvals_of(decided, request.stage):
        if each.slack_user == reader:
            return _(
                "You have approved this. {still_needed} Until then you can still deny it."
            ).format(still_needed=_still_needed(request, decided))
        if each.for_user == reader:
            name = escape(each.name or _("Your delegate"))
            return _(
                "{name} has approved this for you. {still_needed} Until then you can still deny it."
            ).format(name=name, still_needed=_still_needed(request, decided))
    return None


def _still_needed(request: Request, decided: Sequence[Decision]) -> str:
    left = request.approvals_needed - len(approvals_of(decided, request.stage))
    if left == 1:
        return _("One more person must approve it.")
    return ngettext(
        "{count} more person must approve it.", "{count} more people must approve it.", left
    ).format(count=left)


def approval_told(request: Request) -> str:
    """Say in the thread of a channel's card that somebody has approved a stage that needs more of them."""
    return _(
        "Approved by one more person: that makes {approvals} of {approvals_needed}. The card "
        "above still waits for a decision."
    ).format(approvals=request.approvals, approvals_needed=request.approvals_needed)


def approved_by_one(request: Request, *, by: str | None, place: int, needed: int) -> str:
    """Tell whoever asked who has approved their request, which needs more approvals; None: they may not see who."""
    if by is None:
        unnamed = (
            _("Your extension of {package} has {place} of {needed} approvals now.")
            if request.kind is Kind.EXTEND
            else _("Your request for {package} has {place} of {needed} approvals now.")
        )
        return unnamed.format(package=name_to_asker(request), place=place, needed=needed)
    sentence = (
        _("{by} approved your extension of {package}: that is {place} of {needed} approvals.")
        if request.kind is Kind.EXTEND
        else _("{by} approved your request for {package}: that is {place} of {needed} approvals.")
    )
    return sentence.format(
        by=escape(by), package=name_to_asker(request), place=place, needed=needed
    )
