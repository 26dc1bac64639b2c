"""Move a request to a stage of its approval, or to approved when there are no more."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.packages import policy_terms
from bot.requests.model import Request
from bot.requests.store.request_rows import evidence_row
from graph.values import moment_after

# How often Entra is asked about what waits for a decision there.
FOLLOW_EVERY: Final = timedelta(seconds=30)


def stage_changes(request: Request, *, stage: int, since: datetime | None = None) -> dict[str, Any]:
    """
    Return the columns of a request that enters *stage*; without "deciders" if nobody need decide any more.

    Whom to ask is found afterwards, by `bot.approvals.recipients`: the move waits for nobody.

    Args:
        since: When the stage began that is seen only now: who decides it after some time, does so that much earlier.
    """
    terms = request.terms
    if terms is None:
        raise ValueError("a request without terms has no stages")
    changes: dict[str, Any] = {
        "holder": request.holder,
        "entra_id": request.entra_id,
        "holder_name": request.holder_name,
        "terms": asdict(terms),
        "terms_hash": policy_terms.hash_of(terms),
        "evidence": evidence_row(request.evidence),
        "ends_at": request.ends_at,
        "stage": stage,
        "approvals": 0,
        "escalated": False,
    }
    if stage >= len(terms.stages):
        return changes
    current = terms.stages[stage]
    escalates = bool(current.escalation or current.fallback_escalation)
    if terms.entra_decides:
        # Entra's own clock denies; nobody need hear of it from us first.
        denies = None
        changes["due_at"] = clock.real() + FOLLOW_EVERY
    else:
        denies = _after(current.deny_after_seconds)
    changes |= {
        "deciders": (),
        "unnamed": False,
        "nobody_left": False,
        "lapses_at": denies,
        "escalates_at": _after(current.escalate_after_seconds, since) if escalates else None,
        "waits_since": clock.now(),
        "nudge_at": clock.now(),
        "reminded_at": None,
    }
    return changes


def _after(seconds: int | None, since: datetime | None = None) -> datetime | None:
    if seconds is None:
        return None
    return moment_after(since or clock.now(), timedelta(seconds=seconds))
