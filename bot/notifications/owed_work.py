"""Find what is owed to people at one moment, by what finds it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import clock
from bot.accounts.model import SignIn
from bot.accounts.store import sign_ins
from bot.approvals.model import ApproverQuestion
from bot.approvals.store import approver_questions, decisions
from bot.assignments.model import Trouble
from bot.assignments.store import troubles
from bot.database import Transaction
from bot.database.replicas import queues
from bot.drift.model import Mismatch
from bot.drift.store import mismatches
from bot.emergencies.model import Emergency, ReviewFinding
from bot.emergencies.store import emergencies as emergency_store
from bot.emergencies.store import findings
from bot.messages.admins import alarms, repairing
from bot.notifications import outcome_notices
from bot.notifications.accounts import account_requests
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.people.model import Delegation, Person
from bot.people.store import delegations, people
from bot.requests.model import Request
from bot.requests.store import request_lists

STUCK_AFTER_ATTEMPTS: Final = 12
# What is owed, by what finds it.
PARTS: Final = {
    "answers": (decisions.ANY_UNANSWERED,),
    "left over": (notices.ANY_LEFT_OVER,),
    "cards": (request_lists.OWING_CARDS,),
    "ended": (request_lists.OWING_NEWS,),
    "nudges": (request_lists.NUDGING,),
    "delegations": (delegations.OWING_NEWS,),
    "accounts": (sign_ins.OWING_NEWS,),
    "needing account": (request_lists.NEEDING_ACCOUNT,),
    "not canceled": (request_lists.NOT_CANCELED,),
    "questions": (approver_questions.ANY_OWING_NEWS,),
    "second accounts": (people.OWING_NEWS,),
    "alarms": (request_lists.STUCK, notices.UNTOLD_HOLDS),
    "troubles": (troubles.OWING_NEWS,),
    "drift": (mismatches.OWING_NEWS,),
    "emergencies": (emergency_store.OWING_NEWS,),
    "review reminders": (emergency_store.REMINDING,),
    "findings": (findings.ANY_UNTOLD,),
}
LOOK: Final = queues.together(PARTS)


@dataclass(frozen=True, kw_only=True)
class OwedWork:
    """List everything that is owed at one moment; answers and left-over cards must be claimed first."""

    has_answers: bool
    has_left_over: bool
    has_nudges: bool
    has_review_reminders: bool
    emergencies: Sequence[Emergency]
    findings: Sequence[ReviewFinding]
    delegations: Sequence[Delegation]
    questions: Sequence[ApproverQuestion]
    cards: Sequence[Request]
    ended: Sequence[Request]
    second_accounts: Sequence[tuple[Person, Person]]
    sign_ins: Sequence[SignIn]
    alarms: Sequence[outcome_notices.OwedNotice]
    acting_in_entra: Sequence[Request]
    troubles: Sequence[Trouble]
    drift: Sequence[Mismatch]


def parts_owed(db: Transaction, *, since: datetime) -> frozenset[str]:
    """Find the parts of what is owed that have something in them: mostly none or one."""
    given = {
        "now": clock.real(),
        "business_now": clock.now(),
        "since": since,
        "attempts": STUCK_AFTER_ATTEMPTS,
    }
    return queues.look(db, LOOK, given).queues


def find_owed(db: Transaction, admin_channel: str, *, since: datetime) -> OwedWork:
    """Find all of it at one moment; rows are read of those parts only that have some."""
    parts = parts_owed(db, since=since)
    return OwedWork(
        has_answers="answers" in parts,
        has_left_over="left over" in parts,
        has_nudges="nudges" in parts,
        has_review_reminders="review reminders" in parts,
        emergencies=emergency_store.owing_news(db) if "emergencies" in parts else (),
        findings=findings.owing_answer(db) if "findings" in parts else (),
        delegations=delegations.owing_news(db) if "delegations" in parts else (),
        questions=approver_questions.owing_news(db) if "questions" in parts else (),
        cards=request_lists.owing_cards(db) if "cards" in parts else (),
        ended=request_lists.owing_news(db, since=since) if "ended" in parts else (),
        sign_ins=sign_ins.owing_news(db) if "accounts" in parts else (),
        second_accounts=people.second_accounts_due(db) if "second accounts" in parts else (),
        alarms=_alarms(db, admin_channel, since=since) if "alarms" in parts else (),
        acting_in_entra=_acting_in_entra(db, parts),
        troubles=troubles.notices_due(db, since=since) if "troubles" in parts else (),
        drift=mismatches.notices_due(db, since=since) if "drift" in parts else (),
    )


def _alarms(
    db: Transaction, admin_channel: str, *, since: datetime
) -> list[outcome_notices.OwedNotice]:
    """Tell the admins, once, what is waited for unusually long, and what failed too often."""
    waiting = [
        (outcome_notices.alarm("stuck", request, to=admin_channel), request)
        for request in request_lists.stuck(db, attempts=STUCK_AFTER_ATTEMPTS, since=since)
    ]
    told = notices.settled_keys(db, [notice.key for notice, _ in waiting])
    owed = [(notice, alarms.slow(request)) for notice, request in waiting if notice.key not in told]
    for hold, request in notices.untold_holds(db, since=since):
        key = f"{notices.ON_HOLD}:{hold.id}"
        notice = Notice(key=key, kind=notices.ON_HOLD, to=admin_channel, request_id=request.id)
        owed.append((notice, repairing.card(hold, request)))
    return owed


def _acting_in_entra(db: Transaction, parts: Collection[str]) -> list[Request]:
    """Find requests of which whoever asked is to be told: that their account is needed, or that Entra does not cancel it."""
    found = request_lists.needing_account(db) if "needing account" in parts else []
    found += request_lists.not_canceled(db) if "not canceled" in parts else []
    owed = {
        notice.key: request
        for request in found
        for notice, _ in account_requests.notices_for(request)
    }
    told = notices.settled_keys(db, list(owed))
    return list({request.id: request for key, request in owed.items() if key not in told}.values())
