"""Lists page by page: nothing is shown twice, nothing is passed over, whatever comes and goes between two pages."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.approvals.store import deciders
from bot.assignments.model import AssignmentState
from bot.assignments.store import assignment_lists
from bot.database.tables import assignments as assignment_table
from bot.database.tables import requests as request_table
from bot.paging import (
    COUNTED,
    Count,
    ListName,
    Mark,
    Place,
    Start,
    page_number,
    read_place,
    write_place,
)
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import State
from bot.requests.store import request_lists, requests
from tests.bot.samples import ANN, SOME_DAY, held, wish

HOUR = timedelta(hours=1)
# So few different ends that many are alike.
ENDS = [None, *(SOME_DAY + HOUR * number for number in range(6))]


def luck(seed):
    return random.Random(seed)  # noqa: S311 (repeatable, and guards nothing)


def row_of(number, chance, **facts):
    return {
        **vars(held(id=f"{chance.randrange(10_000):04}-{number}", seen_at=SOME_DAY)),
        "ends_at": chance.choice(ENDS),
        "package_id": f"p{number % 2}",
        "holder_name": f"Person {number}",
        **facts,
    }


def change_something(db, chance, number, untouched):
    """Rows come, end, and end at another time."""
    db.execute(assignment_table.insert(), [row_of(1_000 + number, chance)])
    others = [
        each
        for each in db.execute(sa.select(assignment_table.c.id)).scalars()
        if each not in untouched
    ]
    row = assignment_table.update().where(assignment_table.c.id == chance.choice(sorted(others)))
    db.execute(row.values(state=AssignmentState.ENDED))
    row = assignment_table.update().where(assignment_table.c.id == chance.choice(sorted(others)))
    db.execute(row.values(ends_at=chance.choice(ENDS)))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("package", [None, "p1"])
async def test_pages_lead_to_the_end_whatever_changes_between_them(store, seed, package):
    """What was there all the time, and did not change, is shown once, in order."""
    chance = luck(seed)
    made = [row_of(number, chance) for number in range(40)]
    untouched = {each["id"] for each in chance.sample(made, 25)}

    def begin(db):
        db.execute(assignment_table.insert(), made)

    await store.run(begin)
    expected = [
        each["id"]
        for each in sorted(
            made, key=lambda row: (row["ends_at"] is None, row["ends_at"] or SOME_DAY, row["id"])
        )
        if each["id"] in untouched and package in (None, each["package_id"])
    ]

    seen, start, number = [], Start(), 0
    while True:
        page = await store.run(assignment_lists.page, package_id=package, start=start, rows=3)
        seen += [row.id for row in page.rows]
        if not page.marks or page.count.less(len(page.rows)).is_nothing:
            break
        await store.run(change_something, chance, number, untouched)
        start, number = Start(after=page.marks[-1]), number + 1

    assert [each for each in seen if each in untouched] == expected


async def test_a_page_counts_what_there_is_from_it_on(store):
    """And by its number it begins where the pages before it end."""
    chance = luck(1)

    def begin(db):
        db.execute(assignment_table.insert(), [row_of(number, chance) for number in range(25)])

    await store.run(begin)
    first = await store.run(assignment_lists.page)
    third = await store.run(assignment_lists.page, start=page_number(3))
    after = await store.run(assignment_lists.page, start=Start(after=first.marks[-1]))
    second = await store.run(assignment_lists.page, start=page_number(2))
    beyond = await store.run(assignment_lists.page, start=page_number(4))

    assert (len(first.rows), first.count, first.skipped) == (10, Count(25), 0)
    assert (len(third.rows), third.count, third.skipped) == (5, Count(5), 20)
    assert (after.rows, after.count, after.skipped) == (second.rows, Count(15), None)
    assert beyond.is_beyond
    assert not after.is_beyond


def test_a_long_list_is_not_counted_to_its_end():
    """Only that there is more."""
    assert str(Count.of(COUNTED)) == "1,000"
    assert str(Count.of(COUNTED + 1)) == "more than 1,000"
    assert str(Count.of(COUNTED + 1).less(10)) == "more than 990"
    assert not Count(0, is_exact=False).is_nothing


async def test_counting_goes_no_further_than_it_must(store, monkeypatch):
    """However many rows there are."""
    monkeypatch.setattr("bot.database.keyset.COUNTED", 12)
    monkeypatch.setattr("bot.paging.COUNTED", 12)
    chance = luck(2)

    def begin(db):
        db.execute(assignment_table.insert(), [row_of(number, chance) for number in range(30)])

    await store.run(begin)

    assert (await store.run(assignment_lists.page)).count == Count(12, is_exact=False)


async def test_names_are_found_by_how_they_begin(store):
    """In any capitals, of those who hold something; one more than are shown."""

    def begin(db):
        chance = luck(3)
        names = ["Ann Abara", "ann lee", "ANNA", "Bo", "Émile Zola", "An%n", "An_x", "Cy"]
        rows = [
            row_of(number, chance, holder_name=name, entra_id=f"e{number}")
            for number, name in enumerate(names)
        ]
        rows.append(
            row_of(99, chance, holder_name="Annie", entra_id="over", state=AssignmentState.ENDED)
        )
        db.execute(
            assignment_table.insert(),
            [*rows, row_of(98, chance, holder_name=None, entra_id="nobody")],
        )

    await store.run(begin)

    assert list((await store.run(assignment_lists.names_starting_with, "ann")).values()) == [
        "Ann Abara",
        "ann lee",
        "ANNA",
    ]
    assert list((await store.run(assignment_lists.names_starting_with, "émile")).values()) == [
        "Émile Zola"
    ]
    assert list((await store.run(assignment_lists.names_starting_with, "an%")).values()) == ["An%n"]
    assert await store.run(assignment_lists.names_starting_with, "nobody") == {}
    assert await store.run(assignment_lists.find_by_name, "ANN LEE") == ["e1"]
    assert await store.run(assignment_lists.find_by_name, "ÉMILE ZOLA") == ["e4"]


async def test_only_some_of_the_names_are_read(store):
    """Whoever means somebody else, writes more of it."""

    def begin(db):
        chance = luck(4)
        rows = [row_of(number, chance, entra_id=f"e{number}") for number in range(30)]
        db.execute(assignment_table.insert(), rows)

    await store.run(begin)

    found = await store.run(assignment_lists.names_starting_with, "person")
    assert len(found) == assignment_lists.MOST_NAMES + 1


async def test_what_waits_for_somebody_is_found_behind_what_waits_for_others(store):
    """Three hundred requests are older, and somebody else's to decide."""

    def begin(db):
        rows = [
            {
                **vars(
                    wish(
                        id=f"{number:03}",
                        holder=f"U{number}",
                        state=State.PENDING,
                        asked_at=SOME_DAY + HOUR * number,
                    )
                ),
                "deciders": ["U0CY"],
            }
            for number in range(300)
        ]
        rows[-1]["deciders"] = ["U0BO", "U0CY"]
        db.execute(request_table.insert(), rows)

    await store.run(begin)
    assert (await store.run(deciders.waiting_for, "U0BO", rows=30)).rows == []

    while await store.run(deciders.fill_in):
        """Until all of them are written down."""

    bos = await store.run(deciders.waiting_for, "U0BO", rows=30)
    cys = await store.run(deciders.waiting_for, "U0CY", rows=30)
    assert [each.id for each in bos.rows] == ["299"]
    assert ([each.id for each in cys.rows[:2]], cys.count) == (["000", "001"], Count(300))

    await store.run(requests.move, bos.rows[0], State.CANCELED)

    assert (await store.run(deciders.waiting_for, "U0BO", rows=30)).rows == []


async def test_one_decides_nothing_of_ones_own(store):
    """Nor is it listed for an admin on their own page."""
    own = wish(state=State.PENDING, deciders=("U0ANN",))
    await store.run(requests.add, own)
    while await store.run(deciders.fill_in):
        """Until all of them are written down."""

    assert (await store.run(deciders.waiting_for, "U0ANN", rows=9)).rows == []
    assert (await store.run(request_lists.pending_of_others, "U0ANN", rows=9)).rows == []
    assert (await store.run(request_lists.pending_of_others, "U0BO", rows=9)).rows == [own]


async def test_people_are_found_by_their_names_in_any_capitals(store):
    """By an index, and not by looking at each."""
    await store.run(
        people.bind, Person(slack_user="U0E", slack_name="e", entra_id=ANN, entra_name="Émile Zola")
    )

    for typed in ("émile zola", "ÉMILE ZOLA", "Émile Zola"):
        assert [each.entra_id for each in await store.run(people.find_by_name, typed)] == [ANN]
    assert await store.run(people.find_by_name, "Émile") == []


PLACES = st.builds(
    Place,
    list=st.sampled_from(ListName),
    after=st.one_of(
        st.none(),
        st.builds(
            Mark,
            st.one_of(st.none(), st.integers(0, 10**9).map(lambda n: SOME_DAY + n * HOUR / 3_600)),
            st.uuids().map(str),
        ),
    ),
    package_id=st.one_of(st.none(), st.uuids().map(str)),
    entra_ids=st.lists(st.uuids().map(str), max_size=3).map(tuple),
)


@given(
    place=PLACES.filter(
        lambda place: place.after is None or place.after.at is None or place.after.at.year < 3_000
    )
)
def test_a_button_carries_where_a_list_goes_on(place):
    """And nothing gets lost on the way."""
    written = write_place(place)
    assert written is not None
    assert read_place(written) == place


@given(st.one_of(st.text(), st.from_regex(r'\["pending",(null|"a"),\[.{0,5}\],.{0,20}\]')))
def test_what_was_never_a_place_is_none(text):
    """Buttons come from outside."""
    with suppress(ValueError):
        assert write_place(read_place(text)) is not None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "null",
        "a0000000-0000-4000-8000-000000000001",
        '["everything",null,[],null]',
        '["pending",null,[],[99999999999999999999,"x"]]',
        '["pending",null,[],["1","x"]]',
        '["pending",null,[],[1,""]]',
        f'["pending","{"x" * 65}",[],null]',
        '["assignments",null,[' + ",".join(['"x"'] * 1_000) + "],null]",
    ],
)
def test_forged_places_are_refused(forged):
    """One sentence, and no search."""
    with pytest.raises(ValueError, match="place"):
        read_place(forged)


def test_a_place_that_is_too_long_for_a_button_has_none():
    """Fifty people of one name."""
    many = Place(list=ListName.ASSIGNMENTS, entra_ids=tuple(f"{ANN}{n}" for n in range(60)))

    assert write_place(many) is None
    assert write_place(replace(many, entra_ids=many.entra_ids[:40])) is not None
