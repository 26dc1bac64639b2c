"""Requests as rows: how each is written and read, and how a statement names the one that somebody knew."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.database.statements import word
from bot.database.tables import requests
from bot.packages.model import Terms
from bot.requests.model import SENDING, DecidedThere, Evidence, Kind, Request, State

# JSON has no tuples and no classes: this brings them back.
TERMS: Final = TypeAdapter(Terms)

EVIDENCE: Final = TypeAdapter(Evidence)

DECIDED_THERE: Final = TypeAdapter(tuple[DecidedThere, ...])

FIELDS: Final = tuple(Request.__dataclass_fields__)

COLUMNS: Final = [requests.c[name] for name in FIELDS]

# As `Request.shown_state`, in SQL.
SHOWN_STATE: Final = sa.case(
    (
        sa.and_(
            requests.c.state == word(State.APPROVED),
            requests.c.terms["entra_decides"].as_boolean(),
        ),
        word(SENDING),
    ),
    else_=requests.c.state,
)

SELECT: Final = sa.select(*COLUMNS)

# It matches a row only as somebody knew it.
UPDATE_KNOWN: Final = requests.update().where(
    requests.c.id == sa.bindparam("known_id"),
    requests.c.version == sa.bindparam("known_version"),
)

# Whoever read the row before it moved, or before an intent was written, knows too little to move or cancel it.
UPDATE_UNMOVED: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state"),
    requests.c.intent_at.is_not_distinct_from(sa.bindparam("known_intent_at")),
)


def from_row(row: Sequence[Any]) -> Request:
    """Make a request of a row of COLUMNS."""
    values = dict(zip(FIELDS, row, strict=True))
    values["kind"] = Kind(values["kind"])
    values["state"] = State(values["state"])
    values["answers"] = {key: tuple(given) for key, given in values["answers"].items()}
    values["deciders"] = tuple(values["deciders"])
    values["decided_there"] = DECIDED_THERE.validate_python(values["decided_there"])
    if values["terms"] is not None:
        values["terms"] = TERMS.validate_python(values["terms"])
    if values["evidence"] is not None:
        values["evidence"] = EVIDENCE.validate_python(values["evidence"])
    return Request(**values)


def evidence_row(evidence: Evidence | None) -> dict[str, Any] | None:
    """Return what the column has."""
    if evidence is None:
        return None
    row: dict[str, Any] = EVIDENCE.dump_python(evidence, mode="json")
    return row


def decided_there_row(decided: Sequence[DecidedThere]) -> list[Any]:
    """Return what the column has."""
    row: list[Any] = DECIDED_THERE.dump_python(tuple(decided), mode="json")
    return row


def as_known(request: Request) -> dict[str, Any]:
    """Give the parameters of the statements that match a row only as somebody knew it."""
    return {
        "known_id": request.id,
        "known_version": request.version,
        "known_state": request.state,
        "known_intent_at": request.intent_at,
        "known_generation": request.generation,
    }


def audit_ids(request: Request) -> dict[str, Any]:
    """Return what an audit row about a request says that it is about."""
    return {
        "request_id": request.id,
        "assignment_id": request.assignment_id,
        "package_id": request.package_id,
        "subject_entra_id": request.entra_id,
    }
