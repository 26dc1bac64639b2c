"""Store what those who decide ask about a request, and what is answered; each is in the audit log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.approvals.model import ApproverQuestion, OpenQuestion, OpenQuestions, Outcome
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.replicas import wakeups
from bot.database.statements import MOST, NOW, UNTIL, word
from bot.database.tables import IS_OPEN
from bot.database.tables import approver_questions as questions
from bot.database.tables import requests as requests_table
from bot.requests.model import Request, State
from bot.requests.store import request_rows

FIELDS: Final = tuple(ApproverQuestion.__dataclass_fields__)
COLUMNS: Final = [questions.c[name] for name in FIELDS]
# Of one person about one request; whoever needs more of them talks to the requester.
MOST_OF_ONE: Final = 10
# Of one request, on its card.
MOST_READ: Final = 50

SELECT: Final = sa.select(*COLUMNS)
INSERT: Final = questions.insert()
BY_ID: Final = SELECT.where(questions.c.id == sa.bindparam("question_id"))
OF_REQUEST: Final = SELECT.where(questions.c.request_id == sa.bindparam("request"))
BY_ONE: Final = (
    OF_REQUEST.where(questions.c.slack_user == sa.bindparam("by"))
    .order_by(questions.c.at)
    .limit(MOST)
)
ACCEPTED: Final = (
    OF_REQUEST.where(questions.c.outcome == Outcome.ACCEPTED)
    .order_by(questions.c.at.desc(), questions.c.id)
    .limit(MOST)
)
IS_UNPROCESSED: Final = sa.and_(questions.c.outcome.is_(None), questions.c.news_due_at <= NOW)
ANY_UNPROCESSED: Final = sa.select(questions.c.id).where(IS_UNPROCESSED)
ONE_UNPROCESSED: Final = ANY_UNPROCESSED.limit(1)
UNPROCESSED: Final = (
    ANY_UNPROCESSED.order_by(questions.c.news_due_at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("unprocessed")
)
CLAIM_UNPROCESSED: Final = (
    questions.update()
    .where(questions.c.id.in_(sa.select(UNPROCESSED.c.id)))
    .values(news_due_at=UNTIL)
    .returning(*COLUMNS)
)
OWES_NEWS: Final = sa.and_(questions.c.outcome.is_not(None), questions.c.news_due_at <= NOW)
ANY_OWING_NEWS: Final = sa.select(questions.c.id).where(OWES_NEWS)
OWING_NEWS: Final = SELECT.where(OWES_NEWS).order_by(questions.c.news_due_at).limit(MOST)
UPDATE: Final = questions.update().where(questions.c.id == sa.bindparam("question_id"))
SETTLE: Final = UPDATE.where(questions.c.outcome.is_(None)).returning(*COLUMNS)
# As somebody knew it: what has happened to it since is still to be told.
SCHEDULE: Final = UPDATE.where(
    questions.c.outcome.is_not_distinct_from(sa.bindparam("known_outcome")),
    questions.c.answered_at.is_not_distinct_from(
        sa.bindparam("known_answered_at", type_=questions.c.answered_at.type)
    ),
)
ANSWER: Final = UPDATE.where(
    questions.c.outcome == Outcome.ACCEPTED, questions.c.answered_at.is_(None)
).returning(*COLUMNS)

# Of one person; the others come when these are answered.
MOST_OPEN: Final = 5


def _open_of(*whose: sa.ColumnElement[bool] | sa.TextClause) -> sa.Select[Any]:
    """Select the questions without an answer about the pending requests of somebody."""
    return (
        sa.select(questions.c.id)
        .join(requests_table, requests_table.c.id == questions.c.request_id)
        .where(
            requests_table.c.state == word(State.PENDING),
            *whose,
            questions.c.outcome == Outcome.ACCEPTED,
            questions.c.answered_at.is_(None),
        )
    )


WHO: Final = sa.bindparam("who", type_=sa.String())
# Theirs, and what they have asked for somebody else; open is said for the sake of the index.
ALL_OPEN: Final = sa.union_all(
    _open_of(requests_table.c.holder == WHO, IS_OPEN),
    _open_of(
        requests_table.c.asked_by == WHO,
        requests_table.c.wanted_for.is_not(None),
        requests_table.c.holder.is_distinct_from(WHO),
    ),
).subquery("open")
OPEN_TO: Final = (
    sa.select(*COLUMNS, *request_rows.COLUMNS, sa.func.count().over())
    .join(ALL_OPEN, ALL_OPEN.c.id == questions.c.id)
    .join(requests_table, requests_table.c.id == questions.c.request_id)
    .order_by(questions.c.at, questions.c.id)
    .limit(MOST)
)


def _question(row: Sequence[Any]) -> ApproverQuestion:
    values = dict(zip(FIELDS, row, strict=True))
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    return ApproverQuestion(**values)


def add(db: Transaction, question: ApproverQuestion) -> None:
    """Insert a question, to be processed and told."""
    db.execute(INSERT, {**vars(question), "news_due_at": clock.real()})
    wakeups.due(db, wakeups.DECISIONS)


def find(db: Transaction, question_id: str) -> ApproverQuestion | None:
    """Return the question of that id, if there is one."""
    row = db.execute(BY_ID, {"question_id": question_id}).first()
    return _question(row) if row else None


def by_one(db: Transaction, request_id: str, slack_user: str) -> list[ApproverQuestion]:
    """Return what somebody has asked about a request, as many as one may at most."""
    given = {"request": request_id, "by": slack_user, "most": MOST_OF_ONE}
    return [_question(row) for row in db.execute(BY_ONE, given)]


def accepted_of(db: Transaction, request_id: str) -> list[ApproverQuestion]:
    """Return the questions that count about a request, the first asked first; of very many the last ones."""
    found = db.execute(ACCEPTED, {"request": request_id, "most": MOST_READ})
    return [_question(row) for row in found][::-1]


def open_to(db: Transaction, slack_user: str) -> OpenQuestions:
    """Return the questions that somebody may answer now, about their own requests and those they made for others."""
    found = db.execute(OPEN_TO, {"who": slack_user, "most": MOST_OPEN}).all()
    cut = len(COLUMNS)
    rows = [
        OpenQuestion(question=_question(row[:cut]), request=request_rows.from_row(row[cut:-1]))
        for row in found
    ]
    return OpenQuestions(reader=slack_user, rows=rows, count=found[0][-1] if found else 0)


def settle(
    db: Transaction,
    question: ApproverQuestion,
    request: Request,
    outcome: Outcome,
    *,
    why: str | None = None,
    entra_id: str | None = None,
) -> ApproverQuestion | None:
    """Record whether a question counts; None if somebody else has. Whoever it concerns is owed the news."""
    values = {"outcome": outcome, "why": why, "news_due_at": clock.real()}
    row = db.execute(SETTLE, {"question_id": question.id, **values}).first()
    if row is None:
        return None
    audit.record(
        db,
        at=clock.now(),
        actor=question.slack_user,
        actor_entra_id=entra_id,
        verb=f"ask-question-{outcome}",
        why=why or question.question,
        details={"question": question.id},
        **request_rows.audit_ids(request),
    )
    return _question(row)


def answer(
    db: Transaction, question: ApproverQuestion, request: Request, text: str, *, by: str
) -> ApproverQuestion | None:
    """Record the answer to a question that counts; None if it has one. Whoever asked is owed the news."""
    now = clock.now()
    values = {"answer": text, "answered_by": by, "answered_at": now, "news_due_at": clock.real()}
    row = db.execute(ANSWER, {"question_id": question.id, **values}).first()
    if row is None:
        return None
    audit.record(
        db,
        at=now,
        actor=by,
        verb="answer-question",
        why=text,
        details={"question": question.id},
        **request_rows.audit_ids(request),
    )
    return _question(row)


def any_unprocessed(db: Transaction) -> bool:
    """Tell whether questions are to be processed."""
    return db.execute(ONE_UNPROCESSED, {"now": clock.real()}).first() is not None


def claim_unprocessed(
    db: Transaction, *, lease: timedelta, limit: int = 50
) -> list[ApproverQuestion]:
    """Take questions that are to be processed; nobody else gets them for *lease*."""
    now = clock.real()
    taken = db.execute(CLAIM_UNPROCESSED, {"now": now, "until": now + lease, "most": limit})
    return [_question(row) for row in taken]


def owing_news(db: Transaction, *, limit: int = 50) -> list[ApproverQuestion]:
    """Return the questions that are processed, and of which somebody is still to be told."""
    due = db.execute(OWING_NEWS, {"now": clock.real(), "most": limit})
    return [_question(row) for row in due]


def schedule_news(db: Transaction, question: ApproverQuestion, *, news: datetime | None) -> None:
    """
    Say when to look again (real time) whether everybody was told; None: they were.

    Nothing changes if the question was settled or answered since *question* was read.
    """
    known = {"known_outcome": question.outcome, "known_answered_at": question.answered_at}
    db.execute(SCHEDULE, {"question_id": question.id, **known, "news_due_at": news})
