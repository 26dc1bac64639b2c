"""Long lists in Slack: whole rows on every page, each row on one, and what is left out is counted."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages.approvals import approval_card
from bot.messages.blocks.pages import MESSAGE, Room, fitted, page_of, read_page, split_page
from bot.messages.blocks.parts import Block, context, divider, listed, section
from bot.messages.overviews.home import home
from bot.notifications.home_view import ROWS_IN_HOME
from bot.packages.model import Terms
from bot.paging import Count
from bot.requests.model import State
from sandbox.slack.content import checked_blocks
from tests.bot.samples import held, page, terms, wish


def row(number: int, length: int, blocks: int) -> list[Block]:
    """A line of so many characters, and what belongs to it."""
    line = section(f"row {number}. " + "x" * length, block_id=f"row{number}")
    return [line, *(context(f"of {number}") for _ in range(blocks - 1))]


ROWS = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 3)), max_size=60).map(
    lambda sizes: [row(number, *size) for number, size in enumerate(sizes)]
)


def numbers(blocks: Any) -> list[int]:
    """The rows that are there, by their first lines."""
    return [int(found) for found in re.findall(r"row (\d+)\.", str(blocks))]


@given(rows=ROWS)
@settings(max_examples=100, deadline=None)
def test_pages_lead_from_one_to_the_next(rows):
    """Following what each says shows every row once."""
    head = [section("All of them:")]
    seen, page = [], 1
    while True:
        shown = page_of(iter(rows), count=len(rows), page=page, head=head, command="/list", most=20)
        assert checked_blocks(shown)
        assert MESSAGE.has(shown)
        assert len(numbers(shown)) <= 20
        seen += numbers(shown)
        onwards = re.search(r"`/list page (\d+)`", str(shown))
        if onwards is None:
            break
        assert int(onwards[1]) == page + 1
        page += 1

    assert seen == list(range(len(rows)))


@given(rows=ROWS, blocks=st.integers(4, 50))
@settings(max_examples=100, deadline=None)
def test_what_does_not_fit_is_counted(rows, blocks):
    """To the last row."""
    room = Room(blocks=blocks, characters=9_000)
    shown = fitted(
        iter(rows), count=Count(len(rows)), room=room, rest=lambda left: f"and {left} more"
    )
    left = re.search(r"and (\d+) more", str(shown))

    assert len(numbers(shown)) + (int(left[1]) if left else 0) == len(rows)
    assert room.has(shown)


@given(
    lines=st.lists(st.text(alphabet="ab&<>é🦄 ", min_size=1, max_size=250), max_size=120),
    characters=st.integers(1_000, 12_000),
)
@settings(max_examples=100, deadline=None)
def test_a_list_says_how_much_of_it_is_not_there(lines, characters):
    """However little room there is."""
    blocks = listed("*They gain*", lines, characters=characters)
    left = re.search(r"and (\d+) more: see the package in Entra", str(blocks))
    points = sum(
        block["text"]["text"].count("• ") for block in blocks if block["type"] == "section"
    )

    assert points + (int(left[1]) if left else 0) == len(lines)
    assert Room(blocks=50, characters=characters + 200).has(blocks)


@given(
    contents=st.lists(
        st.text(alphabet="ab&<é🦄 ", min_size=1, max_size=250), min_size=1, max_size=80
    ),
    name=st.text(alphabet="ab&<>🦄", min_size=1, max_size=250),
    reason=st.text(alphabet="ab&<>🦄\n", max_size=1_000),
)
@settings(max_examples=100, deadline=None)
def test_a_card_arrives_with_its_buttons_whatever_is_in_it(contents, name, reason):
    """Sixty roles with long names; what is not shown is counted."""
    asked: Terms = terms(contents=tuple(contents), policy_name=name, catalog=name)
    one = wish(
        state=State.PENDING,
        terms=asked,
        package_name=name,
        holder_name=name,
        justification=reason,
        round=1,
    )
    card = approval_card.card(one, [])

    assert checked_blocks(card["blocks"])
    assert MESSAGE.has(card["blocks"])
    assert "latchkey_approve" in str(card["blocks"])
    assert "latchkey_deny" in str(card["blocks"])


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("", 1),
        ("list", 1),
        ("help", 1),
        ("?", 1),
        ("page 3", 3),
        ("Page 12", 12),
        ("list 2", 2),
        ("page", None),
        ("finance", None),
        ("page 1234567", None),
    ],
)
def test_a_page_can_be_asked_for(text, page):
    """By its number."""
    assert read_page(text) == page


@pytest.mark.parametrize(
    ("text", "rest", "page"),
    [
        ("finance-reports page 2", "finance-reports", 2),
        ("page 2", "", 2),
        ("<@U0ANN> page 10 ", "<@U0ANN>", 10),
        ("homepage 2", "homepage 2", 1),
        ("finance", "finance", 1),
    ],
)
def test_a_page_may_stand_behind_what_is_asked_for(text, rest, page):
    """And is no part of a name."""
    assert split_page(text) == (rest, page)


def test_a_page_beyond_the_last_is_the_last():
    """And none before the first."""
    rows = [row(number, 10, 1) for number in range(30)]
    shown = page_of(rows, count=30, page=99, head=[divider()], command="/list", most=20)

    assert numbers(shown) == list(range(20, 30))
    assert "21 to 30 of 30" in str(shown)
    assert numbers(page_of(rows, count=30, page=0, head=[], command="/list", most=20)) == list(
        range(20)
    )


@pytest.mark.parametrize("count", [15, 16, 29, 40])
def test_home_cuts_no_request_off_its_buttons(count):
    """However many wait, each that is shown can be reviewed, and each access returned."""
    waiting = [wish(id=f"r{number}", holder=f"U{number}") for number in range(count)]
    mine = [held(id=f"a{number}") for number in range(count)]
    view = home(
        reader="U0BO",
        held=page(mine, most=ROWS_IN_HOME),
        waiting=page([]),
        asked={},
        to_decide=page(waiting, most=ROWS_IN_HOME),
        offer=[],
        mine=(),
        held_under={},
    )
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    for start, buttons in (
        ("asks for", {"Review"}),
        ("*Marketing Campaign* until", {"Return"}),
    ):
        rows = [place for place, block in enumerate(blocks) if start in str(block.get("text"))]
        assert rows
        for place in rows:
            beside = blocks[place].get("accessory")
            follows = [beside] if beside else blocks[place + 1].get("elements", [])
            assert buttons <= {each.get("text", {}).get("text") for each in follows}, place
