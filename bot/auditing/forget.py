"""Forget somebody: what has to end first, then the audit log some rows at a time, then one table after the other."""

from dataclasses import dataclass, replace
from typing import Final

from bot import chance, clock
from bot.auditing import whom
from bot.auditing.store import forgetting
from bot.auditing.store.forgetting import Forgotten
from bot.auditing.whom import KnownPerson
from bot.database import Store, Transaction
from bot.database.audit_log import audit, audit_guard
from bot.errors import LatchkeyError

# The head of the log is locked for so many rows at a time: people wait for less than that.
ROWS_A_TURN: Final = 200
PSEUDONYM: Final = "forgotten-"


class CannotForget(LatchkeyError):
    """Somebody who still has or wants something, or a role that may not change the log."""


@dataclass(frozen=True, kw_only=True)
class ForgetResult:
    """
    The result of forgetting somebody.

    Attributes:
        pseudonym: What stands in their place now.
        audit_rows: How many rows of the audit log say nothing of them any more.
        rows: How many rows of other tables.
        old_rows: Rows of the audit log that were written before they could be forgotten; they stay as they are.
    """

    pseudonym: str
    audit_rows: int
    rows: int
    old_rows: int


def find(db: Transaction, text: str) -> KnownPerson:
    """
    Return who is meant, if they can be forgotten.

    Raises:
        NotOne: Nobody, or several people.
        CannotForget: They have something open, or this role may not.
    """
    if not audit_guard.may_change(db):
        raise CannotForget(
            "This role may not change the audit log: run it as the owner of the tables, as `latchkey migrate` is."
        )
    person = whom.person(db, text)
    concerned = forgetting.still_concerned(db, (*person.slack_users, *person.entra_ids))
    if concerned:
        left = ", ".join(f"{what}: {number}" for what, number in concerned.items())
        raise CannotForget(f"{person.name} cannot be forgotten yet: {left}.  End that first.")
    return person


def other_accounts(db: Transaction, person: KnownPerson) -> list[str]:
    """Return the ids of accounts in Entra that were theirs before, as far as the tables show it: each is forgotten by itself."""
    return forgetting.other_entra_ids(db, person.slack_users, person.entra_ids)


def forget(store: Store, key: bytes, person: KnownPerson, *, by: str) -> ForgetResult:
    """
    Forget somebody; after a crash in the middle, do it again: the person is known until the last step.

    Args:
        key: The audit key.
        by: The actor for the audit log.
    """
    ids = frozenset((*person.slack_users, *person.entra_ids))

    def about(db: Transaction) -> Forgotten:
        return Forgotten(
            ids=ids,
            names=frozenset(forgetting.known_names(db, ids)),
            pseudonym=f"{PSEUDONYM}{chance.new_salt()[:12]}",
            request_ids=frozenset(forgetting.request_ids(db, ids)),
        )

    forgotten = store.read_here(about)
    positions, old = store.read_here(forgetting.audit_positions, forgotten)
    for first in range(0, len(positions), ROWS_A_TURN):
        some = positions[first : first + ROWS_A_TURN]
        store.run_patiently(forgetting.forget_in_audit, key, forgotten, some)
    store.run_patiently(forgetting.drop_unsent, forgotten)
    rows = sum(
        store.run_patiently(forgetting.forget_in_table, table, forgotten)
        for table in forgetting.tables()
    )
    result = ForgetResult(
        pseudonym=forgotten.pseudonym, audit_rows=len(positions), rows=rows, old_rows=old
    )
    return store.run_patiently(_finish, forgotten, result, by)


def _finish(db: Transaction, forgotten: Forgotten, result: ForgetResult, by: str) -> ForgetResult:
    rows = result.rows + forgetting.delete_rows_about(db, forgotten)
    audit.record(
        db,
        at=clock.now(),
        actor=by,
        verb="forget",
        details={"as": result.pseudonym, "audit_rows": result.audit_rows, "rows": rows},
    )
    return replace(result, rows=rows)
