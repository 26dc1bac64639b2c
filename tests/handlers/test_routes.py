"""Nothing is listened to without the right it takes, and who lacks that right changes nothing."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

import handlers
from bot.approvals.store import approver_questions
from bot.assignments.store import assignment_lists
from bot.database import tables
from bot.paging import ListName, Place, write_place
from bot.people.model import Verb
from bot.requests.store import request_lists
from handlers.dispatch.app import SlackApp
from handlers.routes import RIGHTS, NoRightNeeded, Routes, UnregisteredAction
from tests.bot.samples import approver_question
from tests.handlers.no_services import no_services
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, EVE, GUS, eventually
from tests.proofs.authorization.authorization import ALLOWED

ROOT = Path(__file__).parents[2]
# What each of these people is to Ann's access, and to Ann's request for the finance reports.
ROLE_OF = {
    ANN: "the holder",
    BO: "an approver",
    CY: "somebody",
    DANA: "an admin who may decide this stage",
    GUS: "a guest named as approver",
    EVE: "a stranger named as admin",
}
TEAM_OF = {EVE: "T0OTHER"}
FORMS = {
    "latchkey_extension",
    "latchkey_delegation",
    "latchkey_emergency_finding",
    "latchkey_reason",
    "latchkey_question",
    "latchkey_answer",
    "latchkey_approve_until",
    "latchkey_approve_chosen",
    "latchkey_drift_until",
    "latchkey_console",
    "latchkey_remove_reason",
    "latchkey_remove_chosen",
    "latchkey_remove_listed",
}
CHANGING = sorted(
    route
    for route, rights in RIGHTS.items()
    if route.startswith("latchkey_")
    and not isinstance(rights, NoRightNeeded)
    and route not in FORMS
)
WITHOUT_RIGHT = [
    (route, user)
    for route in CHANGING
    for user in sorted(ROLE_OF)
    if not RIGHTS[route] & ALLOWED[ROLE_OF[user]]  # type: ignore[operator]
]


def app():
    return SlackApp(name="latchkey", signing_secret="none", token="xoxb-none")


async def listener(ack):
    """Do nothing."""


def test_every_listener_is_in_the_table():
    """The bot's own handlers, registered as at a start."""
    bolt = app()
    nothing: Any = None
    handlers.register(
        bolt,
        services=no_services(),
        homes=nothing,
        background=nothing,
        languages=nothing,
        pulse=nothing,
        publish=nothing,
    )

    # What the menu of packages offers, and what is chosen in it, have one name and two listeners.
    assert len(bolt.listeners) == len(RIGHTS) + 1


@pytest.mark.parametrize("on", ["action", "command", "event", "options", "shortcut", "view"])
def test_only_what_is_in_the_table_can_be_registered(on):
    """An id that is not in the table cannot be registered."""
    with pytest.raises(UnregisteredAction, match="latchkey_explode is not in the table"):
        getattr(Routes(app()), on)("latchkey_explode")


def test_a_second_listener_is_refused():
    """The second listener would never be reached."""
    routes = Routes(app())
    routes.action("latchkey_remove")(listener)

    with pytest.raises(UnregisteredAction, match="two listeners"):
        routes.action("latchkey_remove")


def test_a_row_without_a_listener_refuses_to_start():
    """A right that nobody uses is a mistake somewhere."""
    routes = Routes(app())
    for route in sorted(RIGHTS)[1:]:
        routes.action(route)(listener)

    with pytest.raises(UnregisteredAction, match=f"No listener for {sorted(RIGHTS)[0]}"):
        routes.check()


def test_a_listener_registered_directly_with_bolt_refuses_to_start():
    """Whoever asks Bolt directly is found by comparing."""
    bolt = app()
    routes = Routes(bolt)
    for route in sorted(RIGHTS):
        routes.action(route)(listener)
    routes.check()

    bolt.action("latchkey_explode")(listener)

    with pytest.raises(UnregisteredAction, match="without going through Routes"):
        routes.check()


def test_the_buttons_are_those_with_a_listener():
    """A button that nobody listens to would fail, and an id that no button carries is a forgotten one."""
    drawn = {
        "latchkey_" + str(node.args[1].value)
        for file in (ROOT / "bot" / "messages").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "button"
        and isinstance(node.args[1], ast.Constant)
    }

    assert drawn == {route for route in RIGHTS if route.startswith("latchkey_")} - {
        "latchkey_delegation",
        # Of further buttons and links beside the first one.
        "latchkey_approve_all_2",
        "latchkey_approve_all_3",
        "latchkey_approve_all_4",
        "latchkey_approve_all_5",
        "latchkey_open_2",
        "latchkey_open_3",
        "latchkey_emergency_finding",
        "latchkey_extension",
        "latchkey_request",
        "latchkey_reason",
        "latchkey_question",
        "latchkey_answer",
        "latchkey_approve_until",
        "latchkey_approve_chosen",
        "latchkey_drift_until",
        "latchkey_console",
        "latchkey_remove_reason",
        "latchkey_remove_chosen",
        "latchkey_remove_listed",
        # Menus and fields.
        "latchkey_policy",
        "latchkey_package",
        "latchkey_for_whom",
        "latchkey_console_person",
        "latchkey_console_search",
        # Shortcuts, which Slack draws.
        "latchkey_request_shortcut",
        "latchkey_request_message",
    }


def test_every_verb_is_needed_by_a_route():
    """And by none that says it takes no right."""
    verbs = {
        verb
        for rights in RIGHTS.values()
        if not isinstance(rights, NoRightNeeded)
        for verb in rights
    }

    # Whether somebody may ask for somebody else is judged with the request, whatever the form.
    assert verbs == set(Verb) - {Verb.ASK_FOR}


def test_no_listener_takes_what_answers_to_an_address_in_the_payload():
    """Bolt's `respond` posts to whatever the payload names; `bot.slack.response_urls` takes Slack's own addresses only."""
    bolt = app()
    nothing: Any = None
    handlers.register(
        bolt,
        services=no_services(),
        homes=nothing,
        background=nothing,
        languages=nothing,
        pulse=nothing,
        publish=nothing,
    )
    taken = {name for listener in bolt.listeners for name in inspect.signature(listener).parameters}

    assert taken <= {"ack", "body", "action", "command", "view", "event"}
    for package in ("bot", "handlers"):
        for file in (ROOT / package).rglob("*.py"):
            if file.is_relative_to(ROOT / "bot" / "cli" / "rehearsal"):
                # It finds out what such addresses do, in a test workspace; no listener of the bot's.
                continue
            is_named = re.search(r"""["']response_url["']""", file.read_text())
            assert not is_named or file.name == "replies.py", file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def targets(world):
    """Return what of Ann's each button is about: her request that waits, or the access that she has."""
    world.slack.channel(APPROVALS).members |= set(ROLE_OF)
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    (held,) = (await world.bot.store.run(assignment_lists.own_page, ANN)).rows
    (waiting,) = (await world.bot.store.run(request_lists.pending)).rows
    question = approver_question(waiting)
    await world.bot.store.run(approver_questions.add, question)
    await eventually(lambda: _is_judged(world, question.id))
    about = dict.fromkeys(CHANGING, held.id)
    return about | {
        "latchkey_approve": waiting.ask_id,
        "latchkey_approve_for_less": waiting.ask_id,
        "latchkey_deny": waiting.ask_id,
        "latchkey_ask_question": waiting.ask_id,
        "latchkey_answer_question": question.id,
        "latchkey_cancel": waiting.id,
        "latchkey_more": write_place(Place(list=ListName.PENDING)),
    }


async def _is_judged(world, question_id):
    found = await world.bot.store.read(approver_questions.find, question_id)
    return found.outcome is not None


def state_of_things(db):
    """Every request and access as it stands, every decision that counts, and what is asked and answered."""
    accepted = tables.decisions.c.outcome == "accepted"
    kept = (
        sa.select(tables.requests.c.id, tables.requests.c.state, tables.requests.c.round),
        sa.select(
            tables.assignments.c.id, tables.assignments.c.state, tables.assignments.c.let_end
        ),
        sa.select(tables.decisions.c.id).where(accepted),
        sa.select(tables.approver_questions.c.id, tables.approver_questions.c.answer),
    )
    return [sorted(map(str, db.execute(query))) for query in kept]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("route", "user"), WITHOUT_RIGHT)
async def test_without_the_right_nothing_changes(world, endpoint, targets, route, user):
    """By the same table as docs/reference/authorization.md: the click is answered, and all stands as before."""
    before = await world.bot.store.run(state_of_things)
    posted = len(world.posts())
    told = len(world.whispers(user, APPROVALS))

    answer = await endpoint.click(
        route, targets[route], user=user, team=TEAM_OF.get(user, "T0LATCH")
    )

    assert answer.status_code == 200
    await eventually(lambda: len(world.whispers(user, APPROVALS)) > told, about="an answer")
    assert await world.bot.store.run(state_of_things) == before
    assert len(world.posts()) == posted
