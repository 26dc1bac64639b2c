"""Tables, charts, cards, containers and alerts: where they may stand, and how big they may be."""

import pytest

from sandbox.slack.block_kit import problems_with_blocks
from tests.sandbox.slack.blocks import ask, button, buttons, plain, section
from tests.sandbox.slack.newer_blocks import (
    GOOD_CHARTS,
    GOOD_LAYOUTS,
    GOOD_TABLES,
    alert,
    card,
    cell,
    chart,
    container,
    data_table,
    mrkdwn,
    pie,
    press,
    rich,
    table,
)

WITH_BUTTONS = data_table(["Who", "Do"], ["Ann", press("remove_1")], ["Bo", press("remove_2")])
LONG = "x" * 5000


@pytest.mark.parametrize("block", [*GOOD_TABLES, *GOOD_CHARTS, *GOOD_LAYOUTS, WITH_BUTTONS])
def test_good_ones_pass_in_a_message(block):
    """Each alone."""
    assert problems_with_blocks([block], "message") == []


@pytest.mark.parametrize(
    ("block", "surfaces"),
    [
        (alert(), {"modal"}),
        (card(), {"message", "modal", "home"}),
        (container(section("One")), {"message"}),
        (table(["Who"], ["Ann"]), {"message"}),
        (data_table(["Who"], ["Ann"]), {"message"}),
        (pie(1), {"message"}),
        ({"type": "markdown", "text": "x"}, {"message"}),
    ],
)
def test_each_has_its_surfaces(block, surfaces):
    """Elsewhere its type is unknown."""
    for surface in ("message", "modal", "home"):
        problems = problems_with_blocks([block], surface)
        assert bool(problems) == (surface not in surfaces), surface
        assert all("unsupported type here" in each for each in problems)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (table(), "no fewer than 1 items allowed"),
        (table(["Who"], ["Ann", 3]), "same number of cells"),
        (table(*[["x"]] * 101), "no more than 100 items allowed"),
        (table(["x"] * 21), "no more than 20 items allowed"),
        (table([""]), "must be more than 0 characters"),
        (table(["x"], [press("a")]), "unsupported type: action_cell"),
        (table(["x"], column_settings=[None, None]), "more column settings than columns"),
        (table(["x"], column_settings=[{"align": "top"}]), "must be one of left, center, right"),
        (data_table(["Who"]), "no fewer than 2 items allowed"),
        (data_table(*[["x"]] * 102), "no more than 101 items allowed"),
        (data_table(["Who", "Days"], ["Ann"]), "same number of cells"),
        (data_table([rich("Who")], ["Ann"]), "unsupported type in a header: rich_text"),
        (data_table([press("a")], ["Ann"]), "unsupported type in a header: action_cell"),
        (data_table(["Who"], ["Ann"], page_size=0), "must be between 1 and 100"),
        (data_table(["Who"], ["Ann"], page_size=101), "must be between 1 and 100"),
        (data_table(["Who"], ["Ann"], row_header_column_index=1), "the index of a column"),
        (data_table(["Who"], ["Ann"], caption=""), "must be more than 0 characters"),
        (data_table(["Who"], ["Ann"], title="x"), "invalid additional property: title"),
        (
            data_table(["Do"], [press("a")], [press("a", value="two")]),
            "`action_id` a already exists",
        ),
        (
            data_table(["Do"], [{"type": "action_cell", "element": button("a")}]),
            "missing required field: fallback",
        ),
        (
            data_table(["Do"], [{**press("a"), "element": {"type": "overflow", "options": []}}]),
            "unsupported type here: overflow",
        ),
        (
            data_table(["N"], [{"type": "raw_number", "value": "3", "text": "3"}]),
            "must be a number",
        ),
        (data_table(["x"], [LONG], [LONG]), "must hold less than 10001 characters"),
        (pie(), "no fewer than 1 items allowed"),
        (pie(1, 0), "must be more than 0"),
        (pie(*[1] * 7), "no more than 6 items allowed"),
        (pie(1, title="x" * 51), "must be less than 51 characters"),
        (chart("donut", Given=(1, 2)), "unsupported type: donut"),
        (chart(Given=(1,)), "one data point for each category"),
        (chart(**{"x" * 21: (1, 2)}), "must be less than 21 characters"),
        (chart(**{f"s{n}": (1, 2) for n in range(7)}), "no more than 6 items allowed"),
        (chart(categories=["a", "a"], Given=(1, 2)), "categories must differ"),
        (
            chart(categories=[f"D{n}" for n in range(21)], Given=range(21)),
            "no more than 20 items allowed",
        ),
        ({"type": "card", "subtitle": mrkdwn("s")}, "at least one of hero_image, title"),
        (card(title=plain("x")), "must be one of mrkdwn"),
        (card(body=mrkdwn("x" * 201)), "must be less than 201 characters"),
        (card(actions=[button(each) for each in "abcd"]), "no more than 3 items allowed"),
        (card(actions=[button("a"), button("a")]), "`action_id` a already exists"),
        (container(), "no fewer than 1 items allowed"),
        (container(*[section("x")] * 11), "no more than 10 items allowed"),
        (container(ask()), "unsupported type here: input"),
        (container(container(section("x"))), "unsupported type"),
        (container(section("x"), title=None), "at least one of title, rich_text_title"),
        (container(section("x"), width="huge"), "must be one of narrow"),
    ],
)
def test_bad_ones_are_refused_with_the_reason(block, problem):
    """The first complaint names what is wrong."""
    problems = problems_with_blocks([block], "message")
    assert any(problem in each for each in problems), problems


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([table(["a"]), table(["b"])], "only_one_table_allowed"),
        ([pie(1), pie(1), pie(1)], "no more than 2 data_visualization"),
        ([data_table(["a"], [LONG]), table([LONG])], "must hold less than 10001 characters"),
        (
            [container({**section("x"), "block_id": "b"}), {**section("y"), "block_id": "b"}],
            "`block_id` b already exists",
        ),
    ],
)
def test_some_limits_are_of_the_whole_message(blocks, problem):
    """Each block alone would be fine."""
    assert all(problems_with_blocks([each], "message") == [] for each in blocks)
    assert any(problem in each for each in problems_with_blocks(blocks, "message"))


@pytest.mark.parametrize("level", ["default", "info", "warning", "error", "success"])
def test_alerts_have_levels(level):
    """Five of them, and no others."""
    assert problems_with_blocks([alert(level=level)], "modal") == []
    assert problems_with_blocks([alert(level=f"{level}!")], "modal") != []
    assert problems_with_blocks([alert("x" * 201)], "modal") != []


@pytest.mark.parametrize(
    "block",
    [
        card(actions=[button("go", value="v")]),
        container(buttons(button("go", value="v"))),
        data_table(["Do"], [press("go", value="v")]),
    ],
)
async def test_buttons_inside_are_pressed_like_others(workspace, listening, client, block):
    """The click names the block that the button stands in directly."""
    seen = []

    @listening.action("go")
    async def go(ack, body):
        seen.append(body["actions"][0])
        await ack()

    posted = await client.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[block])
    here = {"user": "U0BO", "channel": "C0APPROVALS", "ts": posted["ts"]}
    outcome = await workspace.click(**here, action_id="go")
    assert outcome.ok
    assert (seen[0]["type"], seen[0]["value"]) == ("button", "v")
    shown = posted["message"]["blocks"][0]
    inner = shown.get("child_blocks", [shown])[0]
    assert seen[0]["block_id"] == inner["block_id"]


def test_a_cell_without_words_is_none():
    """Spaces would do; nothing does not."""
    assert problems_with_blocks([data_table(["a"], [cell(" ")])], "message") == []
