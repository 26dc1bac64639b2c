"""Store requests that people have made in Microsoft Entra themselves, each once: by Graph's id of it."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.replicas import wakeups
from bot.database.statements import columns, for_each_database
from bot.database.tables import requests
from bot.requests.model import Request
from bot.requests.store.request_rows import audit_ids, decided_there_row, evidence_row
from bot.requests.store.requests import find

KNOWN: Final = sa.select(requests.c.graph_request_id).where(
    requests.c.graph_request_id.in_(sa.bindparam("asked", expanding=True))
)
# As many ids as are asked about in one statement.
AT_ONCE: Final = 500


@for_each_database
def _insert_new(db: Transaction) -> Any:
    return insert(db, requests).on_conflict_do_nothing().returning(requests.c.id)


def unknown(db: Transaction, graph_ids: Collection[str]) -> list[str]:
    """Return those of Graph's ids under which no request of ours is, in their order."""
    wanted = list(dict.fromkeys(graph_ids))
    known: set[str] = set()
    for first in range(0, len(wanted), AT_ONCE):
        part = wanted[first : first + AT_ONCE]
        known.update(db.execute(KNOWN, {"asked": part}).scalars())
    return [each for each in wanted if each not in known]


def add(db: Transaction, request: Request, changes: Mapping[str, Any]) -> Request | None:
    """
    Insert a request that waits in Entra already; None if it is known, or the same is open.

    The primary key comes of Graph's id, so that two replicas make one row of it.

    Args:
        changes: Of the row, as `bot.requests.evaluation.stages.stage_changes` makes them for its stage.
    """
    if unknown(db, [request.graph_request_id or ""]) == []:
        return None
    row = {
        **vars(request),
        "answers": {key: list(given) for key, given in request.answers.items()},
        "terms": asdict(request.terms) if request.terms else None,
        "evidence": evidence_row(request.evidence),
        "decided_there": decided_there_row(request.decided_there),
        **changes,
        # Its card, and who decides it, are looked for at once.
        "cards_due_at": clock.real(),
        "recipients_due_at": clock.real(),
    }
    if db.execute(_insert_new(db), columns(requests, row)).first() is None:
        return None
    audit.record(
        db,
        at=clock.now(),
        actor=request.asked_by,
        actor_entra_id=request.entra_id,
        verb=f"ask-{request.kind}",
        after=request.state,
        why=request.justification,
        details={
            "graph_request_id": request.graph_request_id,
            # Who has made it is not known where it has a Latchkey's words.
            "found_in" if request.was_sent_before else "made_in": "entra",
        },
        context={"kind": request.kind, "trigger": None},
        **audit_ids(request),
    )
    wakeups.due(db, wakeups.REQUESTS)
    touch_homes(db, request.holder, deciders=())
    return find(db, request.id)
