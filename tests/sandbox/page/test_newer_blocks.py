"""Tables, charts, cards, containers and alerts as a person sees them."""

from collections.abc import Iterable

import pytest

from sandbox.page.charts import chart as drawn
from sandbox.page.charts import ticks
from sandbox.slack.model import Json
from tests.sandbox.page.conftest import Sandbox
from tests.sandbox.slack.blocks import button, buttons, section
from tests.sandbox.slack.newer_blocks import (
    alert,
    card,
    chart,
    container,
    data_table,
    mrkdwn,
    pie,
    press,
    rich,
    table,
)


async def shown(sandbox: Sandbox, *blocks: Json) -> str:
    """The HTML of a message with these blocks."""
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=list(blocks))
    return await sandbox.see("U0BO", "C0APPROVALS")


async def test_a_data_table_shows_its_first_page(sandbox: Sandbox) -> None:
    """Header buttons sort, the rest of the rows waits hidden, the named column heads the rows."""
    rows = [[f"P{number}", number] for number in range(7)]
    html = await shown(sandbox, data_table(["Who <x>", "Days"], *rows, page_size=3))
    assert html.count("<tr hidden>") == 4
    assert "1–3 of 7" in html
    assert "Who &lt;x&gt;" in html
    assert html.count('scope="row"') == 7
    assert html.count("data-numeric") == 1
    assert 'data-key="6"' in html


async def test_a_button_in_a_cell_is_a_button(sandbox: Sandbox) -> None:
    """It posts like any other of the message."""
    html = await shown(sandbox, data_table(["Who", "Do"], ["Ann", press("remove_1")]))
    assert 'data-testid="action-remove_1"' in html


async def test_the_same_table_is_kept_and_another_is_not(sandbox: Sandbox) -> None:
    """Sorting survives a redraw of the page, and not a redraw by the app."""

    async def key() -> str:
        html = await sandbox.see("U0BO", "C0APPROVALS")
        return html.split('class="data-table" id="')[1].split('"')[0]

    block = data_table(["Who"], ["Ann"]) | {"block_id": "t"}
    posted = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=[block])
    before = await key()
    assert await key() == before
    other = data_table(["Who"], ["Bo"]) | {"block_id": "t"}
    await sandbox.api("chat.update", channel="C0APPROVALS", ts=posted["ts"], blocks=[other])
    assert await key() != before


async def test_a_table_aligns_its_columns(sandbox: Sandbox) -> None:
    """Rich text in cells is formatted."""
    html = await shown(
        sandbox,
        table(["Who", "Days"], [rich("Ann"), 3], column_settings=[None, {"align": "right"}]),
    )
    assert '<td class="left  "><span><strong>Ann</strong></span></td>' in html
    assert '<td class="right  number">3</td>' in html


async def test_cards_and_containers_hold_their_parts(sandbox: Sandbox) -> None:
    """Texts, and buttons that work."""
    html = await shown(
        sandbox,
        card(subtitle=mrkdwn("_for_ Bo"), body=mrkdwn("Read <it>"), actions=[button("ask")]),
        container(section("Inside"), buttons(button("go")), is_collapsible=True),
        container(section("Folded"), is_collapsible=True, default_collapsed=True),
    )
    for part in ("<em>for</em> Bo", "action-ask", "Inside", "action-go", "Folded"):
        assert part in html
    assert html.count('<details class="container') == 2
    assert html.count(" open>\n    <summary>") == 1


async def test_an_alert_says_its_level(sandbox: Sandbox) -> None:
    """By a word as well as by a color."""
    trigger = sandbox.workspace.triggers.issue(user="U0BO")
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Sure?"},
        "blocks": [alert("Nothing comes back", level="warning")],
    }
    await sandbox.api("views.open", trigger_id=trigger, view=view)
    html = await sandbox.see("U0BO")
    assert 'alert-warning" role="note"' in html
    assert ">warning: </span>Nothing comes back" in html


def values(html: str, tag: str) -> int:
    """Count the marks of one kind in a drawing."""
    return html.split("</svg>")[0].count(f"<{tag} ")


def test_a_pie_has_a_slice_for_each_segment() -> None:
    """Shares are of the sum; a single segment is a whole circle."""
    html = drawn(pie(1, 3, title="A & B"))
    assert values(html, "path") == 2
    assert "S1: 3 (75 %)" in html
    assert 'aria-label="Pie chart: A &amp; B"' in html
    assert values(drawn(pie(5)), "circle") == 1


def test_points_are_drawn_in_the_order_of_the_categories() -> None:
    """However the app sends them; the numbers are there for screen readers, too."""
    block = chart("line", Given=(1, 2))
    block["chart"]["series"][0]["data"].reverse()
    html = drawn(block)
    assert html.index("Mon, Given: 1") < html.index("Tue, Given: 2")
    assert "<tr><th>Mon</th><td>1</td></tr>" in html


@pytest.mark.parametrize(
    ("kind", "tag", "count"), [("bar", "rect", 4), ("line", "path", 2), ("area", "path", 4)]
)
def test_every_series_is_drawn(kind: str, tag: str, count: int) -> None:
    """Bars beside each other, lines and areas over each other."""
    assert values(drawn(chart(kind, Given=(1, 2), Taken=(3, -4))), tag) == count


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (3, 22, [0, 5, 10, 15, 20, 25]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-4, 3, [-4, -2, 0, 2, 4]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_axes_have_round_numbers(least: float, most: float, expected: Iterable[float]) -> None:
    """Zero is always one of them."""
    assert [round(each, 6) for each in ticks(least, most)] == expected


def test_a_chart_of_nothing_but_zeros_is_drawn() -> None:
    """A quiet week is no error."""
    assert values(drawn(chart(Given=(0, 0))), "rect") == 2
