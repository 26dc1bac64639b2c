"""Tell whether a click came in time, and if not, why there is nothing left to decide."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.blocks.parts import moment
from bot.messages.phrases.decided import name_of
from bot.packages.model import Stage
from bot.people.model import DONE
from bot.requests.model import Request, State
from bot.words import N_

# Ends that no click has brought about.
OVERTAKEN: Final = {
    State.CANCELED: N_("Whoever asked has canceled that request; there is nothing left to decide."),
    State.LAPSED: N_(
        "That request has expired, because nobody decided in time; it can be made again."
    ),
}


def decided_already(by: Sequence[Decision]) -> str:
    """Say who has decided before; each name is a part of its own, so that the sentence is found again in any language."""
    *names, last = [name_of(each) for each in by]
    facts = {"done": DONE[by[-1].verb], "last_name": last, "when": moment(by[-1].at)}
    if not names:
        return N_("That was already {done} by {last_name}, {when}.").format(**facts)
    return N_("That was already {done} by {names} and by {last_name}, {when}.").format(
        names=", ".join(names), **facts
    )


def find_decided_stage(decision: Decision | ApproverQuestion, request: Request) -> Stage | None:
    """Return the stage that the click decides; None if it is not what waits for a decision now."""
    is_current = (
        request.state is State.PENDING
        and decision.round == request.round
        and decision.stage == request.stage
        and not is_after_deadline(decision, request)
    )
    return request.current_stage if is_current else None


def is_after_deadline(decision: Decision | ApproverQuestion, request: Request) -> bool:
    """Tell whether the deadline was over when they clicked, although the request has not lapsed yet."""
    return request.lapses_at is not None and decision.at >= request.lapses_at
