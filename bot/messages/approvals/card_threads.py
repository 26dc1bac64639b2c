"""Say below a channel's card, and in place of a card, what became of the request."""

from collections.abc import Sequence

from bot.approvals.model import Decision
from bot.messages.approvals.approval_card import outcome_and_why
from bot.messages.approvals.decision_lines import denial_line
from bot.messages.blocks.parts import Message, message, moment
from bot.messages.phrases import quorum
from bot.messages.phrases.decided_there import others_there, there_line
from bot.people.model import Verb
from bot.requests.model import Request, State
from bot.words import _


def next_step(request: Request) -> Message:
    """Say in the thread of a channel's card that its next stage, or a new round, waits for a decision."""
    stages = request.terms.stages if request.terms else ()
    if request.approvals:
        return message(quorum.approval_told(request))
    if request.access_ended_at is not None and not request.stage:
        return message(
            _(
                "The access ended {when}, before it was extended. Approving the card above gives it "
                "anew."
            ).format(when=moment(request.access_ended_at))
        )
    if request.round and not request.stage:
        return message(
            _(
                "What is asked for, its policy, or who may decide it, has changed: it needs a new decision. The card "
                "above has it."
            )
        )
    if request.entra_decides:
        return message(
            _("Step {stage} of {count} is approved. Now step {next} waits for a decision.").format(
                stage=request.stage, count=len(stages), next=request.stage + 1
            )
        )
    return message(
        _(
            "Step {stage} of {count} is approved. Step {next} now waits for a decision on the "
            "card above."
        ).format(stage=request.stage, count=len(stages), next=request.stage + 1)
    )


def ending(request: Request, decided: Sequence[Decision]) -> Message:
    """Say in the thread of a channel's card what became of the request."""
    denials = [each for each in decided if each.verb is Verb.DENY]
    if request.state is State.DENIED and denials:
        return message(denial_line(denials[-1]))
    there = [each for each in others_there(request, decided) if each.verb is Verb.DENY]
    if request.state is State.DENIED and there:
        return message(there_line(there[0]))
    return message(outcome_and_why(request))


def no_longer_asked() -> Message:
    """Replace the card of somebody who may not decide any more: nothing of the request stays in it."""
    return message(_("You are not asked about this request any more."))
