"""Tell whether a click came in time, and if not, why there is nothing left to decide."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import ApproverQuestion, Decision, approvals_of
from bot.messages.phrases.decided import name_of
from bot.packages.model import Stage
from bot.people.model import DONE, Verb
from bot.requests.model import Request, State, may_clicker_see_deciders
from bot.requests.state_words import state_word
from bot.words import N_
from bot.words.formats import kept_moment

NOTHING_TO_DECIDE: Final = N_(
    "That card is out of date: what it asked is decided, or has changed. Please look at the card again."
)
# Ends that no click has brought about.
OVERTAKEN: Final = {
    State.CANCELED: N_("Whoever asked has canceled that request; there is nothing left to decide."),
    State.LAPSED: N_(
        "That request has expired, because it was not decided in time; it can be made again."
    ),
}


def why_late(
    decision: Decision, request: Request, counted: Sequence[Decision], *, entra_id: str | None
) -> str:
    """
    Return why a click that is not about what waits now decides nothing.

    Args:
        counted: The decisions of the request that have counted.
        entra_id: Whom the Slack account that has clicked is known as in Entra, if it is.
    """
    after = [each for each in counted if each.stage >= decision.stage]
    denials = [each for each in after if each.verb is Verb.DENY]
    # A denial ends it all; else those of the stage that they meant, whoever has decided the next.
    later = [each for each in after if each.stage > decision.stage]
    by = denials[:1] or _of_whole_stage(after, decision.stage, request) or later[:1]
    clicker = decision.slack_user
    if by and not may_clicker_see_deciders(request, by[-1].stage, clicker, entra_id):
        return N_("That was already {done}, {when}.").format(
            done=DONE[by[-1].verb], when=kept_moment(by[-1].at)
        )
    if by:
        return _decided_already(by)
    if request.comes_to_a_decision:
        return N_(
            "Nobody has to decide that request just now, so your click does not count. Once somebody has to, there is a new "
            "card for it."
        )
    if request.state is State.PENDING and request.is_past_deadline(decision.at):
        # The job that lets it expire has not been there yet.
        return OVERTAKEN[State.LAPSED]
    if request.state is State.PENDING:
        return N_(
            "That card is out of date: by now another decision is asked for. Please look at the new one."
        )
    if request.state is State.CANCELED and request.why:
        return N_("That request is canceled. {why}").format(why=request.why)
    if request.state is State.LAPSED and request.why:
        return N_("That request has expired. {why}").format(why=request.why)
    return OVERTAKEN.get(
        request.state,
        N_("That request is already {state}; there is nothing left to decide.").format(
            state=state_word(request)
        ),
    )


def _of_whole_stage(
    counted: Sequence[Decision], stage: int, request: Request
) -> Sequence[Decision]:
    """Return the approvals of a stage that has all that it needs; none of one that lacks some, which nobody has decided."""
    approvals = approvals_of(counted, stage)
    stages = request.terms.stages if request.terms else ()
    needed = stages[stage].quorum if stage < len(stages) else 1
    return approvals if len(approvals) >= needed else []


def _decided_already(by: Sequence[Decision]) -> str:
    """Say who has decided before; each name is a part of its own, so that the sentence is found again in any language."""
    *names, last = [name_of(each) for each in by]
    facts = {"done": DONE[by[-1].verb], "last_name": last, "when": kept_moment(by[-1].at)}
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
        and not request.is_past_deadline(decision.at)
    )
    return request.current_stage if is_current else None
