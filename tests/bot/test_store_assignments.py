"""Assignments in the database: what a sweep writes, and what it leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.models import AssignmentState, Ended, Person
from bot.store import assignments, audit, links, people, unsure
from bot.store.schema import assignments as table
from tests.bot.samples import ANN, held

PERSON = Person(slack_user="U0ANN", slack_name="ann", entra_id=ANN, entra_name="Ann Abara")
MINUTE = timedelta(minutes=1)


def seen_a_minute_ago(db):
    db.execute(table.update().values(seen_at=clock.real() - MINUTE))


async def test_what_graph_says_again_is_only_marked_as_seen(store):
    """Nothing is new, nothing is audited, and the sweep does not ask after it."""
    mine, hers = held(), held(id="hers", holder="U0CY", entra_id="cy")
    for row in (mine, hers):
        await store.run(assignments.save_live, row)
    await store.run(seen_a_minute_ago)
    started = clock.real()

    assert await store.run(assignments.news_of, [mine, hers]) == []
    assert await store.run(unsure.live_ids, not_seen_since=started) == []
    assert len(await store.run(audit.rows)) == 2


async def test_what_graph_says_anew_is_news(store):
    """Whatever it is; the rest is marked as seen beside it."""
    news: list[dict[str, Any]] = [
        {"ends_at": datetime(2026, 5, 31, tzinfo=UTC)},
        {"ends_at": None},
        {"starts_at": datetime(2026, 5, 1, tzinfo=UTC)},
        {"package_name": "Another name"},
        {"policy_id": "another"},
        {"holder_name": "Ann Baker"},
    ]
    before = [held(id=str(number)) for number in range(len(news))]
    after = [replace(row, **change) for row, change in zip(before, news, strict=True)]
    hers = held(id="hers", holder="U0CY", entra_id="cy")
    for row in (*before, hers):
        await store.run(assignments.save_live, row)
    await store.run(seen_a_minute_ago)
    started = clock.real()

    assert await store.run(assignments.news_of, [*after, hers]) == after
    unseen = await store.run(unsure.live_ids, not_seen_since=started)
    assert sorted(unseen) == [row.id for row in after]
    for row in after:
        await store.run(assignments.save_live, row)
    assert await store.run(assignments.news_of, [*after, hers]) == []


async def test_what_graph_does_not_say_is_no_news(store):
    """Who holds it in Slack we found out ourselves."""
    row = held()
    await store.run(assignments.save_live, row)

    silent = replace(row, holder=None, policy_id=None, holder_name=None)

    assert await store.run(assignments.news_of, [silent]) == []


async def test_what_had_ended_is_news(store):
    """Whether it lives again is for `save_live` to judge, by when Graph was read."""
    row = held()
    await store.run(assignments.save_live, row)
    await store.run(assignments.end, row.id, why=Ended.OUTSIDE, at=clock.now())

    assert await store.run(assignments.news_of, [row]) == [row]
    ended = await store.run(assignments.get, row.id)
    assert ended.state is AssignmentState.ENDED


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_row_that_somebody_is_at_work_on_holds_up_nobody(store):
    """It counts as news, and waits by itself; SQLite has one writer at a time and no locks of rows."""
    rows = [held(), held(id="hers", holder="U0CY", entra_id="cy")]
    for row in rows:
        await store.run(assignments.save_live, row)
    with store.engine.begin() as other:
        other.execute(sa.select(table.c.id).where(table.c.id == "hers").with_for_update())

        assert await store.run(assignments.news_of, rows) == rows[1:]


async def holders(store):
    return {row.id: row.holder for row in await store.run(assignments.live)}


@pytest.mark.parametrize(
    ("certain", "after"),
    [
        (["U0ANN"], {"first": "U0ANN", "second": "U0ANN", "nobody's": "U0ANN"}),
        (["U0TWIN", "U0ANN"], {"first": "U0ANN", "second": "U0TWIN", "nobody's": "U0TWIN"}),
        (["U0NEW"], {"first": "U0NEW", "second": "U0NEW", "nobody's": "U0NEW"}),
        ([], {"first": None, "second": None, "nobody's": None}),
    ],
)
async def test_messages_go_to_those_accounts_that_are_certain(store, certain, after):
    """What goes to one of them stays so, what went elsewhere does not, and nobody else's rows are touched."""
    for name, holder in {"first": "U0ANN", "second": "U0TWIN", "nobody's": None}.items():
        await store.run(assignments.save_live, held(id=name, holder=holder))
    await store.run(assignments.save_live, held(id="hers", holder="U0CY", entra_id="cy"))
    await store.run(assignments.save_live, held(id="over", holder="U0OLD"))
    await store.run(assignments.end, "over", why=Ended.RAN_OUT, at=clock.now())

    await store.run(links.link, ANN, holders=certain)

    assert await holders(store) == {**after, "hers": "U0CY"}
    assert (await store.run(assignments.get, "over")).holder == "U0OLD"
    assert await store.run(links.linked, ANN) == sorted({*after.values()} - {None})


async def test_what_somebody_holds_goes_by_their_binding(store):
    """Not by where its messages go; and not before a second account has been told of."""
    await store.run(assignments.save_live, held(id="mine", holder=None))
    await store.run(assignments.save_live, held(id="hers", holder="U0ANN", entra_id="cy"))
    assert await store.run(assignments.held_by, "U0ANN") == []

    await store.run(people.bind, PERSON)
    second = await store.run(people.bind, replace(PERSON, slack_user="U0TWIN"))

    assert [row.id for row in await store.run(assignments.held_by, "U0ANN")] == ["mine"]
    assert (second.is_told, await store.run(assignments.held_by, "U0TWIN")) == (False, [])
    ((news, first),) = await store.run(people.owing_news)
    assert (news.slack_user, first.slack_user) == ("U0TWIN", "U0ANN")
    await store.run(people.look_again, news, news=None)
    assert [row.id for row in await store.run(assignments.held_by, "U0TWIN")] == ["mine"]
    assert (await store.run(people.bind, replace(PERSON, slack_user="U0TWIN"))).is_told
    assert await store.run(people.owing_news) == []


async def test_another_id_of_the_same_account_is_no_second_account(store):
    """As on Enterprise Grid."""
    await store.run(people.bind, PERSON)

    same = {"U0ANN", "W0ANN"}
    bound = await store.run(people.bind, replace(PERSON, slack_user="W0ANN"), same=same)

    assert bound.is_told
    assert await store.run(people.owing_news) == []
