"""Say how many people must approve a stage, and who has approved it already."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import Decision, approvals_of
from bot.messages.decided import name_of
from bot.messages.parts import escape
from bot.requests.model import Request

TOO_FEW: Final = (
    ":warning: Its policy in Entra finds fewer people who can approve this than must approve it. An admin can give "
    "what is missing, if LATCHKEY_ADMINS_DECIDE lets them; otherwise name more approvers in the policy."
)


def approvals_line(request: Request, decided: Sequence[Decision]) -> str | None:
    """Return how many of the approvals are there that the current stage needs, and whose; None where one is enough."""
    needed = request.approvals_needed
    if needed == 1:
        return None
    names = [escape(name_of(each)) for each in approvals_of(decided, request.stage)]
    if not names:
        return f"{needed} different people must approve this; nobody has yet."
    return f"{len(names)} of {needed} approvals: {', '.join(names)}."


def approvals_so_far(request: Request) -> str | None:
    """Return how many of the approvals are there that the current stage needs, without names; None where one is enough."""
    needed = request.approvals_needed
    return f"{request.approvals} of {needed} approvals" if needed > 1 else None


def own_part(request: Request, decided: Sequence[Decision], reader: str | None) -> str | None:
    """Say to whoever has approved the stage that is being decided what they, or a delegate for them, have done; None to others."""
    if reader is None:
        return None
    for each in approvals_of(decided, request.stage):
        if each.slack_user == reader:
            return f"You have approved this. {_still_needed(request, decided)}"
        if each.for_user == reader:
            name = escape(each.name or "Your delegate")
            return f"{name} has approved this for you. {_still_needed(request, decided)}"
    return None


def _still_needed(request: Request, decided: Sequence[Decision]) -> str:
    left = request.approvals_needed - len(approvals_of(decided, request.stage))
    return (
        "One more person must approve it." if left == 1 else f"{left} more people must approve it."
    )


def approval_told(request: Request) -> str:
    """Say in the thread of a channel's card that somebody has approved a stage that needs more of them."""
    return f"Approved by one more person: that makes {request.approvals} of {request.approvals_needed}. The card above still waits for a decision."


def approved_by_one(request: Request, *, by: str, place: int, needed: int) -> str:
    """Tell whoever asked who has approved their request, which needs more approvals."""
    return (
        f"{escape(by)} approved your request for {escape(request.package_name)}: "
        f"that is {place} of {needed} approvals."
    )
