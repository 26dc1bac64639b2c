"""Test the order in which approvers are looked up in Slack, and that everybody's turn comes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approvals.lookup_order import MOST_SEARCHES, NEVER, find_turn, is_fresh
from bot.people.store.contacts import Contact
from graph.models import User
from tests.bot.samples import SOME_DAY

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def found(entra_id, slack_user, ago):
    return Contact(entra_id=entra_id, slack_user=slack_user, looked_up_at=SOME_DAY - ago)


def lookups(entra_ids, kept=(), *, bound=None, asked=()):
    users = [User(id=each) for each in entra_ids]
    by_id = {each.entra_id: each for each in kept}
    return find_turn(users, kept=by_id, bound=bound or {}, asked=asked, now=SOME_DAY).lookups


def order(*args, **kwargs):
    return "".join(each.user.id for each in lookups(*args, **kwargs))


@pytest.mark.parametrize(
    ("slack_user", "ago", "bound", "expected"),
    [
        # As whom they are known, whether that is fresh, and when they were searched for; None: no look at all.
        (None, None, None, (None, False, NEVER)),
        (None, None, "U2", ("U2", True, SOME_DAY)),
        ("U1", DAY, None, ("U1", True, SOME_DAY - DAY)),
        ("U1", DAY, "U2", ("U1", True, SOME_DAY - DAY)),
        ("U1", DAY + SECOND, None, ("U1", False, SOME_DAY - DAY - SECOND)),
        ("U1", DAY + SECOND, "U2", ("U2", True, SOME_DAY)),
        (None, HOUR, None, None),
        (None, HOUR, "U2", ("U2", True, SOME_DAY)),
        (None, HOUR + SECOND, None, (None, False, SOME_DAY - HOUR - SECOND)),
        (None, HOUR + SECOND, "U2", ("U2", True, SOME_DAY)),
    ],
)
def test_what_is_known_of_one(slack_user, ago, bound, expected):
    """Who has used Latchkey since a vain search is found; of two accounts the one that Slack said last counts."""
    kept = [] if ago is None else [found("a", slack_user, ago)]

    known = lookups("a", kept, bound={"a": bound} if bound else {})

    said = [(each.slack_user, each.contact is not None, each.looked_up_at) for each in known]
    assert said == ([expected] if expected else [])
    assert all(each.contact is None or each.contact.slack_user == bound or ago for each in known)


def test_what_slack_said_of_somebody_counts_for_ten_minutes():
    """No longer: they may have left."""
    assert is_fresh(SOME_DAY - 600 * SECOND, now=SOME_DAY)
    assert not is_fresh(SOME_DAY - 601 * SECOND, now=SOME_DAY)


def test_the_order():
    """Whom we ask keeps the card, known or not; then who is in Slack; then who has waited longest for a search."""
    kept = [
        found("a", None, 2 * HOUR),
        found("b", None, 3 * HOUR),
        found("d", "UD", 2 * DAY),
        found("e", "UE", HOUR),
        found("f", "UF", 2 * DAY),
        found("g", "UG", HOUR),
        found("h", None, HOUR / 2),
    ]

    assert order("abcdefgh", kept, asked={"UF", "UG"}) == "gfedcba"
    assert order("hgfedcba", kept, asked={"UF", "UG"}) == "gfedcba"


def test_equals_come_in_the_order_of_the_policy():
    """Whenever they were found: the first that it names are asked where there is room for a few."""
    kept = [found("a", "UA", HOUR), found("b", "UB", 2 * HOUR), found("c", "UC", SECOND)]
    old = [found(each, f"U{each}", (2 + at) * DAY) for at, each in enumerate("defgh")]

    assert order("hbdcafge", [*kept, *old]) == "bcahdfge"
    assert order("zyx") == "zyx"


KNOWLEDGE = st.none() | st.tuples(
    st.booleans(), st.sampled_from([HOUR / 2, 2 * HOUR, 2 * DAY, 3 * DAY])
)


@given(knowledge=st.lists(KNOWLEDGE, max_size=70), bound=st.sets(st.integers(0, 69)))
def test_a_look_searches_for_twenty_and_everybodys_turn_comes(knowledge, bound):
    """Where each look finds nobody, an hour apart: whoever is not known has been searched for when all could have been."""
    users = [User(id=f"{number:02}") for number in range(len(knowledge))]
    kept = {
        user.id: found(user.id, f"U{user.id}" if known[0] else None, known[1])
        for user, known in zip(users, knowledge, strict=True)
        if known
    }
    here = {user.id: f"U{user.id}" for number, user in enumerate(users) if number in bound}
    now, searched, known = SOME_DAY, set(), set()
    # One more for whom a search was in vain just before the first.
    for _ in range(len(users) // MOST_SEARCHES + 2):
        looked_at = find_turn(users, kept=kept, bound=here, asked=(), now=now).lookups
        known |= {each.user.id for each in looked_at if each.contact}
        to_search = {each.user.id for each in looked_at if not each.contact}
        assert len(to_search) <= MOST_SEARCHES
        searched |= to_search
        kept |= {
            each: Contact(entra_id=each, slack_user=None, looked_up_at=now) for each in to_search
        }
        now += HOUR + SECOND

    assert searched | known == {user.id for user in users}
    assert here.keys() & {user.id for user in users} <= known
