"""Process decisions, the questions before them and the reviews of emergency access, and end or escalate what nobody has decided in time: the job *decisions*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.approvals.model import ApproverQuestion, Decision
from bot.approvals.processing import DecisionProcessor, GrantingPaused
from bot.approvals.questioning import QuestionProcessor
from bot.approvals.store import approver_questions, decisions
from bot.database import Store, Transaction
from bot.emergencies.processing import FindingProcessor
from bot.emergencies.store import findings
from bot.jobs import due
from bot.jobs.loop import JobLoop
from bot.notifications.approvals.click_answers import ClickAnswers
from bot.requests import state_machine
from bot.requests.model import Request
from bot.requests.retry import EXPECTED, pause_after
from bot.requests.store import current_stage, request_lists
from bot.timing import a_few_at_once

log = structlog.get_logger(__name__)

# Processing a click takes a few calls; the click of a replica that died is processed by another after this time.
CLICK_LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class DecisionJob:
    """Processes decisions, questions and deadlines."""

    store: Store
    decision_processor: DecisionProcessor
    question_processor: QuestionProcessor
    finding_processor: FindingProcessor
    click_answers: ClickAnswers
    loop: JobLoop

    async def run(self) -> None:
        """Process clicks and deadlines, until there is none."""
        while True:
            due_now = await self.store.read(_to_decide)
            clicks = due_now.clicks
            if clicks:
                clicks = await self.store.run(decisions.claim, clicks, lease=CLICK_LEASE)
            moved = sum(await a_few_at_once(self._process, clicks))
            if due_now.has_questions:
                questions = await self.store.run(
                    approver_questions.claim_unprocessed, lease=CLICK_LEASE
                )
                moved += sum(await a_few_at_once(self._process_question, questions))
            moved += await self._deadlines(due_now.lapsed, due_now.escalating)
            if due_now.has_findings:
                moved += await self.finding_processor.process_due()
            for request in due_now.pointless:
                moved += await self.store.run(_ask_anew, request)
            if not moved:
                return
            self.loop.trigger(due.LOOK_JOB)
            if self.loop.is_stopping:
                return

    async def _process(self, click: Decision) -> bool:
        """Process one click; False if it must be tried again later."""
        try:
            await self.decision_processor.process(click)
        except Exception as error:
            log.warning(
                "decision-postponed",
                decision=click.id,
                error=type(error).__name__,
                exc_info=not isinstance(error, EXPECTED),
            )
            if click.attempts == 0:
                is_paused = isinstance(error, GrantingPaused)
                await self.click_answers.say_decision_saved(click, is_paused=is_paused)
            until = clock.real() + pause_after(error, attempts=click.attempts)
            await self.store.run(decisions.postpone, click, until=until)
            return False
        return True

    async def _process_question(self, question: ApproverQuestion) -> bool:
        """Process one question; False if it must be tried again later."""
        try:
            await self.question_processor.process(question)
        except Exception as error:
            log.warning(
                "question-postponed",
                question=question.id,
                error=type(error).__name__,
                exc_info=not isinstance(error, EXPECTED),
            )
            until = clock.real() + pause_after(error, attempts=0)
            await self.store.run(approver_questions.schedule_news, question, news=until)
            return False
        return True

    async def _deadlines(self, lapsed: Sequence[Request], escalating: Sequence[Request]) -> int:
        """Return how many requests lapsed or were escalated."""
        moved = 0
        for request in lapsed:
            moved += await self.store.run(state_machine.lapse, request) is not None
        for request in escalating:
            moved += await self.store.run(current_stage.escalate, request)
        return moved


@dataclass(frozen=True, kw_only=True)
class _Due:
    """
    The work that the job has now.

    Attributes:
        clicks: Those that nobody has processed.
        lapsed, escalating: Requests whose time for a decision, or for this stage's, is over.
        pointless: Extensions of what has ended.
    """

    clicks: Sequence[Decision]
    has_questions: bool
    has_findings: bool
    lapsed: Sequence[Request]
    escalating: Sequence[Request]
    pointless: Sequence[Request]


def _to_decide(db: Transaction) -> _Due:
    lapsed, escalating = request_lists.overdue_decisions(db)
    return _Due(
        clicks=decisions.pending(db),
        has_questions=approver_questions.any_unprocessed(db),
        has_findings=findings.any_pending(db),
        lapsed=lapsed,
        escalating=escalating,
        pointless=request_lists.pointless(db),
    )


def _ask_anew(db: Transaction, request: Request) -> bool:
    return state_machine.ask_anew(db, request) is not None
