"""Store where messages about access go: whom to look for in Slack, and which accounts were found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.store.assignments import IS_NOT_ENDED
from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.statements import MOST
from bot.database.tables import assignments, notices, people

# Why a reminder was dropped that would have reached them; the words are stored.
NEEDLESS: Final = ("superseded", "overtaken")
# Never looked for, of those whose holder nobody knows: they come first.
UNKNOWN: Final = sa.and_(assignments.c.holder.is_(None), assignments.c.looked_up_at.is_(None))
TO_LINK: Final = (
    sa.select(assignments.c.entra_id)
    .where(
        IS_NOT_ENDED,
        sa.or_(
            assignments.c.looked_up_at.is_(None),
            assignments.c.looked_up_at < sa.bindparam("looked_up_before"),
        ),
    )
    .group_by(assignments.c.entra_id)
    .order_by(
        sa.func.min(sa.case((UNKNOWN, 0), else_=1)),
        sa.func.min(sa.func.coalesce(assignments.c.looked_up_at, assignments.c.seen_at)),
        assignments.c.entra_id,
    )
    .limit(MOST)
)
# Those who hold something about which nobody has looked for them.
NEVER_SOUGHT: Final = (
    sa.select(assignments.c.entra_id)
    .where(IS_NOT_ENDED, UNKNOWN)
    .distinct()
    .order_by(assignments.c.entra_id)
    .limit(MOST)
)
SOME_PEOPLE: Final[sa.BindParameter[Any]] = sa.bindparam("entra_ids", expanding=True)
BOUND: Final = sa.select(people.c.entra_id).where(people.c.entra_id.in_(SOME_PEOPLE))
ACCOUNTS: Final = sa.select(people.c.slack_user, people.c.entra_id).where(
    people.c.slack_user.in_(sa.bindparam("slack_users", expanding=True))
)
ACCOUNTS_OF: Final = sa.select(people.c.slack_user, people.c.entra_id).where(
    people.c.entra_id.in_(SOME_PEOPLE)
)
LINKS_OF: Final = (
    sa.select(assignments.c.entra_id, assignments.c.holder, assignments.c.looked_up_at)
    .where(IS_NOT_ENDED, assignments.c.entra_id.in_(SOME_PEOPLE))
    .distinct()
)
LINKED_SOMEHOW: Final = sa.select(assignments.c.entra_id).where(
    IS_NOT_ENDED, assignments.c.entra_id.in_(SOME_PEOPLE), assignments.c.holder.is_not(None)
)
THEIRS: Final = assignments.update().where(
    assignments.c.entra_id == sa.bindparam("entra"), IS_NOT_ENDED
)
# What goes to somebody else.
WRONG: Final = THEIRS.where(
    assignments.c.holder.is_not(None),
    assignments.c.holder.not_in(sa.bindparam("accounts", expanding=True)),
)
WRONG_IDS: Final = sa.select(assignments.c.id).where(
    assignments.c.entra_id == sa.bindparam("entra"),
    IS_NOT_ENDED,
    assignments.c.holder.is_not(None),
    assignments.c.holder.not_in(sa.bindparam("accounts", expanding=True)),
)
# Reminders that Slack takes for an account no more, such as one that is deactivated: another account of the same person is owed them.
# What a later reminder made needless is owed to nobody.
FORGET_UNREACHED: Final = notices.delete().where(
    notices.c.assignment_id.in_(sa.bindparam("ids", expanding=True)),
    notices.c.kind == "reminder",
    notices.c.sent_at.is_(None),
    notices.c.dropped_why.not_in(NEEDLESS),
)
# Also what has ended: whoever is found late is told of it.
NOBODYS: Final = assignments.update().where(
    assignments.c.entra_id == sa.bindparam("entra"), assignments.c.holder.is_(None)
)
LOOKED_AT: Final = assignments.update().where(IS_NOT_ENDED, assignments.c.entra_id.in_(SOME_PEOPLE))
LINKED: Final = (
    sa.select(assignments.c.holder)
    .where(
        assignments.c.entra_id == sa.bindparam("entra"),
        IS_NOT_ENDED,
        assignments.c.holder.is_not(None),
    )
    .distinct()
)


def holders_to_look_up(db: Transaction, *, looked_up_before: datetime, limit: int) -> list[str]:
    """
    Return Entra ids of holders to look for in Slack, one each however much they hold.

    Those never looked for come first, so that nobody waits behind those who are looked for again; then whose
    last look (real time) is the oldest.
    """
    given = {"looked_up_before": looked_up_before, "most": limit}
    return list(db.execute(TO_LINK, given).scalars())


def unknown(db: Transaction, *, limit: int) -> list[str]:
    """
    Return Entra ids of holders of whom nothing is known in Slack, and who have not been looked for: of the first *limit*
    who hold something about which nobody has.
    """
    sought = list(db.execute(NEVER_SOUGHT, {"most": limit}).scalars())
    known = _known(db, sought)
    return [each for each in sought if each not in known]


def _known(db: Transaction, entra_ids: Sequence[str]) -> set[str]:
    """Return those of *entra_ids* to whom a Slack account is bound, or messages about access go."""
    given = {"entra_ids": list(entra_ids)}
    return {
        *db.execute(BOUND, given).scalars(),
        *db.execute(LINKED_SOMEHOW, given).scalars(),
    }


def link_each(db: Transaction, holders: Mapping[str, Sequence[str]]) -> None:
    """The same as `link` for several, by Entra id."""
    for entra_id, theirs in holders.items():
        link(db, entra_id, holders=theirs)


def mark_not_found(db: Transaction, entra_ids: Sequence[str]) -> None:
    """Slack has none of these; of whom something has become known meanwhile, nothing is changed."""
    known = _known(db, entra_ids)
    values = {"looked_up_at": clock.real()}
    db.execute(LOOKED_AT, {"entra_ids": [each for each in entra_ids if each not in known]} | values)


def slack_users_of(db: Transaction, entra_id: str) -> list[str]:
    """Return the Slack users to whom messages about an Entra user's access go."""
    return sorted(db.execute(LINKED, {"entra": entra_id}).scalars())


def link(
    db: Transaction, entra_id: str, *, holders: Sequence[str], holder_name: str | None = None
) -> None:
    """
    Remember whose Slack accounts are certainly an Entra user's; none, if nobody's is.

    What goes to one of them stays so, what went to somebody else does no more, and what went nowhere goes to
    the first.
    """
    lost = [each for each in slack_users_of(db, entra_id) if each not in holders]
    mark_looked_up(db, entra_id)
    if lost:
        wrong = db.execute(WRONG_IDS, {"entra": entra_id, "accounts": list(holders)})
        db.execute(FORGET_UNREACHED, {"ids": list(wrong.scalars())})
    db.execute(WRONG, {"entra": entra_id, "accounts": list(holders), "holder": None})
    if holders:
        found: dict[str, Any] = {"holder": holders[0]}
        if holder_name is not None:
            found["holder_name"] = holder_name
        db.execute(NOBODYS, {"entra": entra_id, **found})
    for each in (*holders, *lost):
        touch_homes(db, each)


def mark_looked_up(db: Transaction, entra_id: str) -> None:
    """Nobody could tell just now who an Entra user is in Slack: the others come first next time."""
    db.execute(THEIRS, {"entra": entra_id, "looked_up_at": clock.real()})


def to_confirm(
    db: Transaction, slack_users: Sequence[str], *, looked_up_before: datetime
) -> dict[str, str]:
    """
    Return those of *slack_users* who hold access, are to be looked for again, and have no other account: whose they were.

    Args:
        looked_up_before: A look before then (real time) does not count any more.
    """
    bound = db.execute(ACCOUNTS, {"slack_users": list(slack_users)}).all()
    given = {"entra_ids": [row.entra_id for row in bound]}
    accounts = Counter(row.entra_id for row in db.execute(ACCOUNTS_OF, given))
    due: set[str] = set()
    for row in db.execute(LINKS_OF, given):
        if row.looked_up_at is None or row.looked_up_at < looked_up_before:
            due.add(row.entra_id)
        if row.holder is not None and (row.holder, row.entra_id) not in bound:
            accounts[row.entra_id] += 1
    return {
        row.slack_user: row.entra_id
        for row in bound
        if row.entra_id in due and accounts[row.entra_id] == 1
    }


def confirm(db: Transaction, holders: Mapping[str, str]) -> None:
    """
    Remember that people are still who they were.

    Args:
        holders: Their only Slack accounts, by Entra id.
    """
    found = db.execute(LINKS_OF, {"entra_ids": list(holders)}).all()
    new = {row.entra_id for row in found if row.holder != holders[row.entra_id]}
    same = {"entra_ids": [each for each in holders if each not in new]}
    db.execute(LOOKED_AT, same | {"looked_up_at": clock.real()})
    for entra_id in sorted(new):
        link(db, entra_id, holders=[holders[entra_id]])
