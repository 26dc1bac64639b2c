"""Order whom to look up in Slack, where only some may be searched for at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.people.store.contacts import Contact
from graph.models import User

# Of people who must be searched for; the others' turn comes with the next look, which is not far away then.
MOST_SEARCHES: Final = 20
NEXT_TURN: Final = timedelta(minutes=1)
FOUND_FOR: Final = timedelta(days=1)
NOT_FOUND_FOR: Final = timedelta(hours=1)
# As long as users.info may be kept: users.lookupByEmail takes 50 calls a minute, users.info 100.
VERIFIED_FOR: Final = timedelta(minutes=10)
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """
    An Entra user who is to be looked up in Slack, and what is known of them there.

    Attributes:
        slack_user: Who they are in Slack as far as is known, which may be long ago; None: unknown, or nobody.
        contact: The same, where it is fresh; None: they must be searched for.
        looked_up_at: When they were last searched for (real time).
    """

    user: User
    slack_user: str | None
    contact: Contact | None
    looked_up_at: datetime


@dataclass(frozen=True, kw_only=True)
class LookupTurn:
    """
    Hold whom one look is at, in which order.

    Attributes:
        is_last: Nobody is left who must be searched for.
    """

    lookups: Sequence[Lookup]
    is_last: bool


def find_turn(
    users: Sequence[User],
    *,
    kept: Mapping[str, Contact],
    bound: Mapping[str, str],
    asked: Collection[str],
    now: datetime,
) -> LookupTurn:
    """
    Return at whom of *users* to look now, in which order.

    Whoever is asked already comes first, so that no card wanders to somebody else; then whoever is known in Slack; then those
    for whom nobody has looked for the longest time, so that everybody's turn comes.  Who was not found a short while ago
    needs no look.

    Args:
        kept: What is known of them in Slack, by Entra id, however old.
        bound: Who has used Latchkey as one of them, by Entra id.
        asked: Whom we ask already, as Slack names them.
    """
    lookups = [_lookup(user, kept.get(user.id), bound.get(user.id), now) for user in users]

    def place(lookup: Lookup) -> tuple[bool, bool, bool, datetime]:
        is_nobody = lookup.slack_user is None
        waits_since = lookup.looked_up_at if is_nobody else NEVER
        return lookup.slack_user not in asked, lookup.contact is None, is_nobody, waits_since

    chosen: list[Lookup] = []
    searches = 0
    for lookup in sorted(lookups, key=place):
        if lookup.contact is None:
            searches += 1
            if searches > MOST_SEARCHES:
                continue
        elif lookup.slack_user is None:
            continue
        chosen.append(lookup)
    return LookupTurn(lookups=chosen, is_last=searches <= MOST_SEARCHES)


def is_fresh(verified_at: datetime, *, now: datetime) -> bool:
    """Tell whether what Slack said of somebody at *verified_at* still counts."""
    return now - verified_at <= VERIFIED_FOR


def _lookup(user: User, kept: Contact | None, bound: str | None, now: datetime) -> Lookup:
    good_for = FOUND_FOR if kept is not None and kept.slack_user else NOT_FOUND_FOR
    fresh = kept if kept is not None and now - kept.looked_up_at <= good_for else None
    if bound is not None and (fresh is None or fresh.slack_user is None):
        # Also who was not found a moment ago, and has used Latchkey since.
        fresh = Contact(entra_id=user.id, slack_user=bound, looked_up_at=now)
    latest = fresh or kept
    return Lookup(
        user=user,
        slack_user=latest.slack_user if latest else None,
        contact=fresh,
        looked_up_at=latest.looked_up_at if latest else NEVER,
    )
