"""Keep what people said in a command, until they open the form that the package wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from bot import chance, clock
from bot.database.connections.engine import Transaction
from bot.database.statements import UNTIL
from bot.database.tables import forms

# As long as the answer to a command can be seen in Slack, and somewhat longer.
KEPT: Final = timedelta(days=2)

BY_ID: Final = sa.select(forms.c.id, forms.c.package_id, forms.c.reason).where(
    forms.c.id == sa.bindparam("form"), forms.c.slack_user == sa.bindparam("user")
)
FORGET_OLD: Final = forms.delete().where(forms.c.made_at < UNTIL)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A reason that somebody gave for a package before its form was open."""

    id: str
    package_id: str
    reason: str | None


def keep(db: Transaction, slack_user: str, package_id: str, reason: str | None) -> str:
    """Keep what was said; return the id under which the form finds it."""
    form_id = chance.new_id()
    values = {
        "id": form_id,
        "slack_user": slack_user,
        "package_id": package_id,
        "reason": reason,
        "made_at": clock.real(),
    }
    db.execute(forms.insert().values(**values))
    return form_id


def keep_for_each(
    db: Transaction, slack_user: str, package_ids: Sequence[str], reason: str
) -> dict[str, str]:
    """Keep what was said for each of several packages; return the ids under which it is found, by package."""
    return {each: keep(db, slack_user, each, reason) for each in package_ids}


def find(db: Transaction, form_id: str, slack_user: str) -> Said | None:
    """Return what *slack_user* said, and nobody else."""
    row = db.execute(BY_ID, {"form": form_id, "user": slack_user}).mappings().first()
    return Said(**row) if row else None


def forget_old(db: Transaction) -> None:
    db.execute(FORGET_OLD, {"until": clock.real() - KEPT})
