"""Test where links to what a package gives are shown, to whom, and how they read."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, can_be_opened
from bot.messages.assignments.opening import (
    IN_MESSAGE,
    IN_ROW,
    everything_to_open,
    open_buttons,
)
from bot.messages.overviews import my_access
from bot.messages.requests import on_behalf, outcomes
from bot.notifications import outcome_notices
from bot.packages.opening import Opening, OpeningKind
from bot.requests.model import Kind, Request, State
from tests.bot.messages.every_message import mrkdwn_in, request, texts_of
from tests.bot.samples import held, page
from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.plugin import CHECKER

NAMES = ["Ledger", "Marketing", "Finance", "Helpdesk Administrator"]
KINDS = [OpeningKind.APP, OpeningKind.TEAM, OpeningKind.SITE, OpeningKind.ENTRA_ROLE]
DAY = timedelta(days=1)


def openings(count: int, *, name: str | None = None) -> list[Opening]:
    """Return so many things to open, one of each kind and over again."""
    kinds = itertools.cycle(zip(KINDS, NAMES, strict=True))
    return [
        Opening(
            kind=kind,
            origin_id=str(number),
            name=name or (called if number < len(NAMES) else f"{called} {number}"),
            url=f"https://contoso.sharepoint.com/sites/{number}",
        )
        for number, (kind, called) in zip(range(count), kinds, strict=False)
    ]


def problems(message: Any) -> list[str]:
    return Limits(load_second(CHECKER)).of_message(message)


def buttons(message: Any) -> list[dict[str, Any]]:
    return [
        element
        for block in message["blocks"]
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if element.get("type") == "button"
    ]


def links(message: Any) -> list[str]:
    return [each["url"] for each in buttons(message) if "url" in each]


def row_of(row: Assignment, count: int = 1, *, asked: Request | None = None) -> Any:
    return my_access.my_access(
        page([row]),
        page([]),
        reader="U0ANN",
        asked={row.id: asked} if asked else {},
        held_under={},
        opens={row.package_id: openings(count)},
    )


def test_one_thing_is_one_button_that_says_open():
    """The package's name stands beside it; who cannot see that hears what opens."""
    (button, *_) = buttons(row_of(held()))

    assert button["text"]["text"] == "Open"
    assert button["accessibility_label"] == "Open: Ledger, Marketing Campaign"
    assert button["url"] == "https://contoso.sharepoint.com/sites/0"


@pytest.mark.parametrize("most", [IN_ROW, IN_MESSAGE])
@pytest.mark.parametrize("count", range(8))
def test_a_few_are_named_and_the_rest_is_one_press_away(most, count):
    """Every button by its own id and its own name."""
    made = open_buttons(openings(count), package_id="p", package="Campaign", most=most)

    shown = [each for each in made if "url" in each]
    assert len(shown) == min(count, most)
    assert len({each["action_id"] for each in made}) == len(made)
    assert len({each["accessibility_label"] for each in made}) == len(made)
    assert all("Campaign" in each["accessibility_label"] for each in made)
    if count > 1:
        assert [each["text"]["text"] for each in shown] == [
            f"Open {each}" for each in NAMES[:most]
        ][:count]
    rest = [each for each in made if "url" not in each]
    assert [each["text"]["text"] for each in rest] == (
        [f"and {count - most} more"] if count > most else []
    )
    assert [each["value"] for each in rest] == ["p"] * len(rest)


NOT_NOW: list[dict[str, Any]] = [
    *({"state": each} for each in AssignmentState if each is not AssignmentState.LIVE),
    *(
        {"progress": each}
        for each in DeliveryProgress
        if each not in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}
    ),
    {"ends_at": clock.now() - DAY},
    {"starts_at": clock.now() + 3_650 * DAY, "ends_at": None},
    {"gone_at": clock.now()},
]


@pytest.mark.parametrize("facts", NOT_NOW)
def test_what_is_not_there_is_not_offered_to_be_opened(facts):
    """Not delivered, only in part, ended, to come, being removed, or gone."""
    assert not can_be_opened(held(**facts))
    assert links(row_of(held(**facts), 7)) == []
    assert "more" not in json.dumps([each["text"] for each in buttons(row_of(held(**facts), 7))])


@pytest.mark.parametrize(
    "facts", [{}, {"progress": DeliveryProgress.REPROCESSING}, {"ends_at": None}]
)
def test_what_is_there_can_be_opened(facts):
    """Also while Entra goes through it once more."""
    assert len(links(row_of(held(**facts), 7))) == IN_ROW


@pytest.mark.parametrize("state", [each for each in State if request(state=each).is_open])
def test_what_is_being_returned_is_not_offered_to_be_opened(state):
    """Whoever gave it back is done with it."""
    removal = request(kind=Kind.REMOVE, state=state, asked_by="U0ANN", assignment_id="assignment")
    assert links(row_of(held(), 3, asked=removal)) == []
    extension = request(kind=Kind.EXTEND, state=state, assignment_id="assignment")
    assert len(links(row_of(held(), 3, asked=extension))) == IN_ROW


def test_nothing_of_another_package_is_offered():
    """By the package's id, not by its name."""
    shown = my_access.my_access(
        page([held(package_id="one")]),
        page([]),
        reader="U0ANN",
        asked={},
        held_under={},
        opens={"other": openings(2)},
    )
    assert links(shown) == []


@pytest.mark.parametrize("count", [0, 1, 3, 4, 50])
def test_a_delivery_ends_with_what_it_opens(count):
    """Below what it gives and the package's own sentence."""
    one = request(state=State.DELIVERED)
    said = outcomes.delivered(
        one, by="Bo Berg", will_remind=True, note="Welcome.", openings=openings(count)
    )

    assert len(links(said)) == min(count, IN_MESSAGE)
    if count > IN_MESSAGE:
        assert [each["value"] for each in buttons(said)][-1] == one.package_id
    if count:
        kinds = [block["type"] for block in said["blocks"]]
        assert kinds[-2:] == ["actions", "context"]
    assert problems(said) == []


ENDS = [(kind, state) for kind in Kind for state in State if not request(state=state).is_open]


@pytest.mark.parametrize(("kind", "state"), ENDS)
def test_only_the_news_that_somebody_has_got_access_opens_anything(kind, state):
    """And only to whoever has got it: not to who asked for them, nor to the admins."""
    for asked_by in ("U0ANN", "U0MIA"):
        one = request(kind=kind, state=state, holder="U0ANN", asked_by=asked_by)
        owed = outcome_notices.notices_for_request(
            one,
            decided=[],
            admin_channel="C0ADMIN",
            will_remind=True,
            openings=openings(2),
        )
        opening = [notice.to for notice, said in owed if links(said)]
        expected = ["U0ANN"] if (kind, state) == (Kind.ADD, State.DELIVERED) else []
        assert opening == expected


def test_whoever_asked_for_somebody_is_not_offered_their_access():
    """It is the other's."""
    one = request(state=State.DELIVERED, holder="U0ANN", asked_by="U0MIA")
    assert links(on_behalf.outcome_for_asker(one, by=None)) == []


@pytest.mark.parametrize("count", [1, 7, 100, 1_000])
@pytest.mark.parametrize(
    "name", [None, "*bold* <!channel> & `code`", "פרויקט", "x" * 200, "🦄" * 100]
)
def test_the_list_of_everything_stays_within_slacks_limits(count, name):
    """Whatever it is called; what does not fit is counted."""
    said = everything_to_open("Campaign <b>", openings(count, name=name))

    assert problems(said) == []
    shown = len(links(said))
    assert (
        shown == count
        or f"and {count - shown:,} more" in texts_of(said)
        or (f"and {count - shown} more" in texts_of(said))
    )
    assert "<!channel>" not in " ".join(mrkdwn_in(said))
    assert problems(row_of(held(package_name=name or "Campaign"), count)) == []


def test_each_thing_says_what_it_is():
    """By its kind, in the reader's language."""
    said = "\n".join(mrkdwn_in(everything_to_open("Campaign", openings(4))))

    for words in (
        "What you can open with *Campaign*:",
        "*Ledger*\nApp",
        "*Marketing*\nTeam in Microsoft Teams",
        "*Finance*\nSharePoint site",
        "*Helpdesk Administrator*\nEntra role, in the Microsoft Entra admin center",
    ):
        assert words in said


def test_an_address_of_the_package_settings_says_open_alone():
    """It stands for all of the package."""
    own = Opening(kind=OpeningKind.OWN, origin_id="", name="Campaign", url="https://a.example/")
    (button,) = open_buttons([own], package_id="p", package="Campaign", most=IN_ROW)

    assert button["text"]["text"] == "Open"
    assert button["accessibility_label"] == "Open: Campaign"
    assert "\n" not in everything_to_open("Campaign", [own])["blocks"][1]["text"]["text"]
