"""
Look into many queues at once: whoever is woken mostly finds nothing, and a look is cheaper than a claim for each.

A queue is made of selects of what is due; each subject's store has its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction

NEXT: Final = "next_due_at"
# Nobody needs to know how many there are of more.
COUNTED: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Due:
    """
    The queues in which something is due.

    Attributes:
        next_at: When something will be due in the queue whose time is looked up (real time); None: nothing will, or no
            queue's time is.
    """

    queues: frozenset[str]
    next_at: datetime | None


def together(
    queues: Mapping[str, Sequence[sa.Select[Any]]], *, next_due: sa.Select[Any] | None = None
) -> sa.Select[Any]:
    """
    Make one statement of a question for each queue: does any of its selects find a row?

    Args:
        next_due: Finds when something will be due.
    """
    questions: list[sa.ColumnElement[Any]] = [
        sa.or_(*map(_finds_any, asked)).label(name) for name, asked in queues.items()
    ]
    if next_due is not None:
        questions.append(next_due.scalar_subquery().label(NEXT))
    return sa.select(*questions)


def look(db: Transaction, statement: sa.Select[Any], given: Mapping[str, Any]) -> Due:
    """Run what `together` has made."""
    row = dict(db.execute(statement, given).one()._mapping)
    next_at = row.pop(NEXT, None)
    return Due(queues=frozenset(name for name, is_due in row.items() if is_due), next_at=next_at)


def counting(queues: Mapping[str, Sequence[sa.Select[Any]]]) -> sa.Select[Any]:
    """Make one statement that counts what each queue has, up to COUNTED for each of its selects."""
    counts: list[sa.ColumnElement[Any]] = [
        sum((_count(select) for select in asked), start=sa.literal_column("0")).label(name)
        for name, asked in queues.items()
    ]
    return sa.select(*counts)


def count(db: Transaction, statement: sa.Select[Any], given: Mapping[str, Any]) -> dict[str, int]:
    """Run what `counting` has made."""
    row = db.execute(statement, given).one()._mapping
    return {name: int(found) for name, found in row.items()}


def _count(select: sa.Select[Any]) -> sa.ColumnElement[int]:
    bare: sa.Select[Any] = select.with_only_columns(
        sa.literal_column("1").label("n"), maintain_column_froms=True
    )
    some = bare.order_by(None).limit(COUNTED).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _finds_any(select: sa.Select[Any]) -> sa.ColumnElement[bool]:
    # Of one row, neither its columns nor its place are wanted.
    bare: sa.Select[Any] = select.with_only_columns(
        sa.literal_column("1"), maintain_column_froms=True
    )
    return bare.order_by(None).limit(None).exists()
