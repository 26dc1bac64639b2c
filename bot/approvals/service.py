"""
Take decisions: each click is saved before anybody is told that it was, and processed right after, by the jobs.

But for `refuse_early`, each method is one short transaction and nothing remote.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot import chance, clock
from bot.approvals.ends import WrongEnd
from bot.approvals.model import Decision
from bot.approvals.processing import DecisionProcessor
from bot.approvals.transactions import (
    IncompleteDecision,
    approve_several,
    approve_until,
    explain,
    take_decision,
)
from bot.database import Store
from bot.errors import TooLate
from bot.monitoring import interactions
from bot.notifications.approvals.late_replies import LateReplies, LateReply
from bot.packages import names as package_names
from bot.patience import in_time
from bot.people.model import Verb
from bot.requests.model import read_ask_id
from bot.words import N_


class ApprovalService:
    """Every operation of those who decide."""

    def __init__(
        self,
        *,
        store: Store,
        processor: DecisionProcessor,
        wake: Callable[[], None],
        late_replies: LateReplies,
    ) -> None:
        self._store = store
        self._processor = processor
        self._wake = wake
        self._late_replies = late_replies

    async def decide(
        self,
        *,
        ask_id: str,
        verb: Verb,
        slack_user: str,
        team: str | None,
        channel: str | None,
        later: LateReply | None = None,
        for_less: bool = False,
    ) -> IncompleteDecision | None:
        """
        Save a click on Approve or Deny; it is processed right after, and answered either way.

        A decision that needs a reason is kept as a draft until `explain` brings it; that draft is returned.

        Args:
            ask_id: What the button carried; a card of an earlier round or stage decides nothing.
            team: The clicker's own workspace, as Slack says; processing insists on ours.
            channel: Where the card is, for an answer that only the clicker sees.
            later: How this process answers them where they clicked.
            for_less: They want to set a shorter end; `approve_until` brings it.

        Raises:
            TooLate: There is no such request.
        """
        request_id, round_, stage = _read(ask_id)
        interactions.about(request_id)
        decision = Decision(
            id=chance.new_id(),
            request_id=request_id,
            verb=verb,
            slack_user=slack_user,
            at=clock.now(),
            round=round_,
            stage=stage,
            team=team,
            channel=channel,
        )
        draft = await self._store.run(in_time(take_decision), decision, for_less)
        self._late_replies.keep(draft.decision.id if draft else decision.id, later)
        if draft is None:
            self._wake()
        return draft

    async def refuse_early(self, draft: IncompleteDecision) -> bool:
        """
        Judge who clicked before asking them for a reason; True if the decision is refused already.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        refused = await self._processor.refuse_early(draft.decision)
        if refused:
            self._wake()
        return refused

    async def explain(
        self, *, decision_id: str, slack_user: str, reason: str
    ) -> IncompleteDecision | None:
        """
        Complete a draft with its reason; return it if it still lacks a sign-in.

        Raises:
            TooLate: There is no such draft of this person's, or it has been completed.
        """
        draft = await self._store.run(
            in_time(explain),
            decision_id,
            slack_user,
            package_names.clean_lines(package_names.unescaped(reason)),
        )
        if draft is None:
            self._wake()
        return draft

    async def approve_until(
        self, *, decision_id: str, slack_user: str, end: datetime, reason: str
    ) -> WrongEnd | IncompleteDecision | None:
        """
        Complete a draft with a shorter end; return what is wrong with the end, or the draft if it still lacks a sign-in.

        Raises:
            TooLate: There is no such draft of this person's, or what they look at has changed.
        """
        wrong = await self._store.run(
            in_time(approve_until),
            decision_id,
            slack_user,
            end=end,
            reason=package_names.clean_lines(package_names.unescaped(reason)) or None,
        )
        if wrong is None:
            self._wake()
        return wrong

    async def approve_several(
        self, *, ask_ids: Sequence[str], slack_user: str, team: str | None, reason: str
    ) -> int:
        """
        Save the approvals of several requests; return how many.  Each is judged by itself, and answered if it does not count.

        Args:
            ask_ids: As the buttons of their cards carry them.

        Raises:
            TooLate: There is no such request.
            WrongFields: A reason is needed.
        """
        approvals = [
            Decision(
                id=chance.new_id(),
                request_id=request_id,
                verb=Verb.APPROVE,
                slack_user=slack_user,
                at=clock.now(),
                round=round_,
                stage=stage,
                team=team,
                reason=package_names.clean_lines(package_names.unescaped(reason)) or None,
            )
            for request_id, round_, stage in map(_read, dict.fromkeys(ask_ids))
        ]
        await self._store.run(in_time(approve_several), approvals)
        self._wake()
        return len(approvals)


def _read(ask_id: str) -> tuple[str, int, int]:
    try:
        return read_ask_id(ask_id)
    except ValueError:
        raise TooLate(N_("I do not know that request any more.")) from None
