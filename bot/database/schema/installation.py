"""Identify the installation that a database belongs to: an id of its own, and the Slack app of its requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import chance, clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.flags import ONLY
from bot.database.statements import for_each_database
from bot.database.tables import control

ROW: Final = control.c.id == ONLY
READ: Final = sa.select(
    control.c.installation, control.c.installed_at, control.c.slack_app, control.c.slack_team
).where(ROW)
# Guarded: of several replicas that start together one is first.
NAME: Final = control.update().where(ROW, control.c.installation.is_(None))
NAME_APP: Final = control.update().where(ROW, control.c.slack_app.is_(None))


@for_each_database
def _row(db: Transaction) -> Any:
    return insert(db, control).on_conflict_do_nothing(index_elements=["id"])


@dataclass(frozen=True, kw_only=True)
class Installation:
    """
    One database and what works with it.

    Attributes:
        since: When a Latchkey first worked with it (real time).
        slack_app: The Slack app, and
        slack_team: the workspace, that it did so for.
    """

    id: str
    since: datetime
    slack_app: str
    slack_team: str


def of_app(db: Transaction, *, app: str, team: str) -> Installation:
    """Return which installation this is; one that has none, or no Slack app, is given these."""
    db.execute(_row(db), {"id": ONLY})
    db.execute(NAME, {"installation": chance.new_id(), "installed_at": clock.real()})
    db.execute(NAME_APP, {"slack_app": app, "slack_team": team})
    return _read(db.execute(READ).one())


def find(db: Transaction) -> Installation | None:
    """Return which installation this is; None if none has begun, or it has no Slack app."""
    row = db.execute(READ).one_or_none()
    return _read(row) if row is not None and row.slack_app is not None else None


def _read(row: Any) -> Installation:
    return Installation(
        id=row.installation,
        since=row.installed_at,
        slack_app=row.slack_app,
        slack_team=row.slack_team,
    )


def forget_app(db: Transaction, *, actor: str, facts: Mapping[str, Any]) -> None:
    """Let the next start note its own Slack app."""
    db.execute(control.update().where(ROW).values(slack_app=None, slack_team=None))
    audit.record(db, at=clock.now(), actor=actor, verb="forget-slack-app", details=dict(facts))
