"""Find what our own tables know about a person and a package, for those who decide."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from bot.assignments.model import AssignmentState
from bot.assignments.store.assignments import IS_NOT_ENDED
from bot.database.connections.engine import Transaction
from bot.database.statements import MOST, word
from bot.database.tables import assignments, requests
from bot.requests.model import MOST_COUNTED, Evidence, State

HOLDERS: Final = (
    sa.select(assignments.c.entra_id)
    .where(IS_NOT_ENDED, assignments.c.package_id == sa.bindparam("package"))
    .limit(MOST)
)
COLLEAGUES: Final = (
    sa.select(assignments.c.entra_id)
    .where(
        IS_NOT_ENDED,
        assignments.c.package_id == sa.bindparam("package"),
        assignments.c.entra_id.in_(sa.bindparam("people", expanding=True)),
    )
    .distinct()
)
HAD: Final = (
    sa.select(assignments.c.starts_at, assignments.c.ended_at)
    .where(
        assignments.c.state == word(AssignmentState.ENDED),
        assignments.c.entra_id == sa.bindparam("user"),
        assignments.c.package_id == sa.bindparam("package"),
    )
    .order_by(assignments.c.ended_at.desc())
    .limit(1)
)
DENIED: Final = (
    sa.select(requests.c.ended_at)
    .where(
        requests.c.state == word(State.DENIED),
        requests.c.entra_id == sa.bindparam("user"),
        requests.c.package_id == sa.bindparam("package"),
    )
    .order_by(requests.c.ended_at.desc())
    .limit(1)
)


def add_history(
    db: Transaction,
    evidence: Evidence,
    *,
    entra_id: str,
    package_id: str,
    department: Collection[str] | None,
) -> Evidence:
    """
    Add to *evidence* who else has the package, and what somebody had or was denied of it before.

    Args:
        department: Entra ids of everybody in their department; None where that is not known.
    """
    about = {"user": entra_id, "package": package_id}
    others = set(db.execute(HOLDERS, {**about, "most": MOST_COUNTED}).scalars()) - {entra_id}
    had = db.execute(HAD, about).first()
    colleagues = None
    if department is not None:
        of_package = {"package": package_id, "people": sorted({*department} - {entra_id})}
        colleagues = len(db.execute(COLLEAGUES, of_package).all())
    return replace(
        evidence,
        holders=len(others),
        colleagues=colleagues,
        had_from=had.starts_at if had else None,
        had_until=had.ended_at if had else None,
        denied_at=db.execute(DENIED, about).scalar(),
    )
