"""The tables of connected Microsoft accounts and of their sealed tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.accounts.model import UNUSED_FOR, ConnectedAccount
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.replicas import wakeups
from bot.database.statements import BUSINESS_NOW, MOST, SINCE, for_each_database
from bot.database.tables import account_tokens, accounts, deciders, requests

FIELDS: Final = tuple(ConnectedAccount.__dataclass_fields__)
COLUMNS: Final = [accounts.c[name] for name in FIELDS]
PERSON: Final[sa.BindParameter[str]] = sa.bindparam("person")

SELECT: Final = sa.select(*COLUMNS)
BY_PERSON: Final = SELECT.where(accounts.c.slack_user == PERSON)
INSERT: Final = accounts.insert()
# Who disconnects and connects anew begins with the first version again.
THIS_VERSION: Final = sa.and_(
    accounts.c.slack_user == PERSON,
    accounts.c.connected_at == sa.bindparam("known_connected_at"),
    accounts.c.version == sa.bindparam("known_version"),
)
CHANGE: Final = (
    accounts.update()
    .where(THIS_VERSION)
    .values(version=accounts.c.version + 1)
    .returning(accounts.c.version)
)
SET_SEALED: Final = account_tokens.update().where(account_tokens.c.slack_user == PERSON)
DELETE: Final = accounts.delete().where(accounts.c.slack_user == PERSON).returning(*COLUMNS)
INSERT_TOKEN: Final = account_tokens.insert()
DELETE_TOKEN: Final = account_tokens.delete().where(account_tokens.c.slack_user == PERSON)
UNUSED: Final = SELECT.where(accounts.c.used_at < SINCE).order_by(accounts.c.used_at).limit(MOST)
DELETE_UNTOUCHED: Final = DELETE.where(
    accounts.c.connected_at == sa.bindparam("known_connected_at"),
    accounts.c.used_at == sa.bindparam("known_used_at"),
)
UNCHECKED: Final = (
    sa.select(accounts.c.slack_user)
    .where(accounts.c.checked_at < SINCE)
    .order_by(accounts.c.checked_at)
    .limit(MOST)
)
CLAIM_UNCHECKED: Final = (
    accounts.update()
    .where(
        accounts.c.slack_user.in_(
            sa.select(UNCHECKED.with_for_update(skip_locked=True).cte("due").c.slack_user)
        )
    )
    .values(checked_at=sa.bindparam("as_if_checked_at"))
    .returning(*COLUMNS)
)
BY_THEM: Final = accounts.update().where(accounts.c.slack_user == PERSON)
AFTER: Final = (
    sa.select(accounts.c.slack_user)
    .where(accounts.c.slack_user > sa.bindparam("after"))
    .order_by(accounts.c.slack_user)
    .limit(MOST)
)
OF_ENTRA_IDS: Final = SELECT.where(
    sa.func.lower(accounts.c.entra_id).in_(sa.bindparam("entra_ids", expanding=True))
).order_by(accounts.c.slack_user)

# What waits until they have connected, and what waits for their decision.
GO_ON: Final = (
    requests.update()
    .where(requests.c.asked_by == PERSON, requests.c.needs_account_at <= BUSINESS_NOW)
    .values(needs_account_at=None)
)
ASKED: Final = (
    sa.select(requests.c.terms)
    .select_from(deciders.join(requests, requests.c.id == deciders.c.request_id))
    .where(deciders.c.slack_user == PERSON)
    .order_by(deciders.c.asked_at.desc())
    .limit(MOST)
)


@for_each_database
def _sealed(db: Transaction) -> Any:
    """The bot's role on PostgreSQL may read no such column: a function gives what is one person's."""
    if db.dialect.name == "postgresql":
        return sa.select(sa.func.latchkey_sealed_token(PERSON))
    return sa.select(account_tokens.c.sealed).where(account_tokens.c.slack_user == PERSON)


def _account(row: Sequence[Any]) -> ConnectedAccount:
    given = dict(zip(FIELDS, row, strict=True))
    given["scopes"] = tuple(given["scopes"].split())
    return ConnectedAccount(**given)


def find(db: Transaction, slack_user: str) -> ConnectedAccount | None:
    """Return the account that somebody has connected, without its token."""
    row = db.execute(BY_PERSON, {"person": slack_user}).first()
    return _account(row) if row else None


def connected_among(db: Transaction, entra_ids: Collection[str]) -> list[ConnectedAccount]:
    """Return what some Entra users have connected, however their ids are spelled."""
    found = db.execute(OF_ENTRA_IDS, {"entra_ids": [each.lower() for each in entra_ids]})
    return [_account(row) for row in found]


def sealed_token(db: Transaction, slack_user: str) -> str | None:
    """Return the sealed refresh token of one person."""
    found = db.execute(_sealed(db), {"person": slack_user}).scalar()
    return str(found) if found is not None else None


def connect(db: Transaction, account: ConnectedAccount, sealed: str) -> None:
    """Keep an account that somebody has connected, in the place of the one before."""
    before = find(db, account.slack_user)
    version = before.version + 1 if before else 1
    db.execute(DELETE, {"person": account.slack_user})
    db.execute(
        INSERT,
        {
            **vars(account),
            "scopes": " ".join(account.scopes),
            "checked_at": account.connected_at,
            "version": version,
        },
    )
    # Not by an upsert, for which one must be allowed to read what is there.
    db.execute(DELETE_TOKEN, {"person": account.slack_user})
    db.execute(INSERT_TOKEN, {"slack_user": account.slack_user, "sealed": sealed})
    _record(db, account, by=account.slack_user, verb="connect")
    touch_homes(db, account.slack_user)


def go_on(db: Transaction, slack_user: str) -> None:
    """Have the requests go on that waited until somebody had connected their account."""
    given = {"person": slack_user, "business_now": clock.now(), "due_at": clock.real()}
    if db.execute(GO_ON, given).rowcount:
        wakeups.due(db, wakeups.REQUESTS)


def is_asked_to_decide(db: Transaction, slack_user: str) -> bool:
    """Tell whether something waits for somebody's decision that they would make in Entra."""
    found = db.execute(ASKED, {"person": slack_user, "most": 100}).scalars()
    return any(bool((terms or {}).get("entra_decides")) for terms in found)


def renewed(db: Transaction, account: ConnectedAccount, sealed: str | None) -> bool:
    """
    Keep the token that has come in the place of another; False if the account has changed meanwhile.

    Args:
        sealed: None: Microsoft gave no new one, and the old one stays.
    """
    if not _change(db, account, {"challenge": None}):
        return False
    if sealed is not None:
        db.execute(SET_SEALED, {"person": account.slack_user, "sealed": sealed})
    return True


def resealed(db: Transaction, account: ConnectedAccount, sealed: str) -> bool:
    """Keep the same token sealed with another key; False if the account has changed meanwhile."""
    if not _change(db, account, {}):
        return False
    db.execute(SET_SEALED, {"person": account.slack_user, "sealed": sealed})
    return True


def challenged(db: Transaction, account: ConnectedAccount, challenge: str | None) -> bool:
    """Note what the next sign-in must ask for."""
    is_noted = _change(db, account, {"challenge": challenge})
    if is_noted and challenge != account.challenge:
        touch_homes(db, account.slack_user)
    return is_noted


def _change(db: Transaction, account: ConnectedAccount, values: dict[str, Any]) -> bool:
    given = {
        "person": account.slack_user,
        "known_connected_at": account.connected_at,
        "known_version": account.version,
        **values,
    }
    return db.execute(CHANGE, given).first() is not None


def disconnect(
    db: Transaction, slack_user: str, *, by: str, why: str | None = None
) -> ConnectedAccount | None:
    """Delete what is kept of an account; None if somebody has connected none."""
    row = db.execute(DELETE, {"person": slack_user}).first()
    db.execute(DELETE_TOKEN, {"person": slack_user})
    return _disconnected(db, row, by=by, why=why)


def disconnect_untouched(
    db: Transaction, known: ConnectedAccount, *, by: str, why: str
) -> ConnectedAccount | None:
    """The same of an account that nobody has used or connected anew since *known* was read; None if somebody has."""
    given = {"known_connected_at": known.connected_at, "known_used_at": known.used_at}
    row = db.execute(DELETE_UNTOUCHED, {"person": known.slack_user, **given}).first()
    if row is not None:
        db.execute(DELETE_TOKEN, {"person": known.slack_user})
    return _disconnected(db, row, by=by, why=why)


def _disconnected(
    db: Transaction, row: Sequence[Any] | None, *, by: str, why: str | None
) -> ConnectedAccount | None:
    if row is None:
        return None
    account = _account(row)
    _record(db, account, by=by, verb="disconnect", why=why)
    touch_homes(db, account.slack_user)
    return account


def unused(db: Transaction, *, limit: int = 100) -> list[ConnectedAccount]:
    """Return accounts whose tokens nobody has used for too long."""
    found = db.execute(UNUSED, {"since": clock.now() - UNUSED_FOR, "most": limit})
    return [_account(row) for row in found]


def any_unchecked(db: Transaction, *, since: datetime) -> bool:
    """Tell whether `claim_unchecked` would take any."""
    return db.execute(UNCHECKED, {"since": since, "most": 1}).first() is not None


def claim_unchecked(
    db: Transaction, *, since: datetime, lease: timedelta, limit: int
) -> list[ConnectedAccount]:
    """Take accounts of people of whom nobody has looked since then whether they are still members; nobody else gets them for *lease*."""
    given = {"since": since, "as_if_checked_at": since + lease, "most": limit}
    return [_account(row) for row in db.execute(CLAIM_UNCHECKED, given)]


def checked(db: Transaction, slack_user: str) -> None:
    """Note that they are still members, as Slack has just said."""
    db.execute(BY_THEM, {"person": slack_user, "checked_at": clock.now()})


def used(db: Transaction, slack_user: str) -> None:
    """Note that somebody has just done something with their account."""
    db.execute(BY_THEM, {"person": slack_user, "used_at": clock.now()})


def some_after(db: Transaction, slack_user: str, *, limit: int = 100) -> list[str]:
    """Return some of those who have connected an account, in the order of their ids."""
    return list(db.execute(AFTER, {"after": slack_user, "most": limit}).scalars())


def _record(
    db: Transaction, account: ConnectedAccount, *, by: str, verb: str, why: str | None = None
) -> None:
    audit.record(
        db,
        at=clock.now(),
        actor=by,
        verb=verb,
        why=why,
        subject_entra_id=account.entra_id,
        details={"person": account.slack_user, "scopes": list(account.scopes)},
    )
