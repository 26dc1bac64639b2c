"""Clicks: who may, who may not, and that neither a stranger nor a strange payload changes anything."""

import copy
import json

import pytest
import pytest_asyncio

from bot.assignments.store import assignment_lists
from bot.console.model import ConsolePage, Tab, write_console_page
from bot.paging import Count, ListName, Place
from bot.requests.model import Kind, State
from bot.requests.store import request_lists, requests
from bot.requests.transactions.remove_several import Removable
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, EVE, GUS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGE_VALUES = ["", "x", "0" * 36, "z" * 36, "0" * 2_000, "'; DROP TABLE request; --", "é" * 36]
BUTTONS = [
    "latchkey_approve",
    "latchkey_deny",
    "latchkey_extend",
    "latchkey_return",
    "latchkey_let_end",
    "latchkey_remind_again",
    "latchkey_cancel",
    "latchkey_remove",
    "latchkey_retry",
    "latchkey_give_up",
    "latchkey_ask",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def everybody_in_one_channel(world):
    """Let those see the cards who must not decide, so that they can be told why."""
    world.slack.channel(APPROVALS).members |= {ANN, CY, GUS, EVE}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pending(world):
    """Ann's request for the finance reports, which waits for Bo or an admin."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    waiting = (await world.bot.store.run(request_lists.pending)).rows
    return next(each for each in waiting if each.holder == ANN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(world):
    """Cy's access to the campaign."""
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    return (await world.bot.store.run(assignment_lists.own_page, CY)).rows[0]


async def state_of(world, request):
    return (await world.bot.store.run(requests.find, request.id)).state


REFUSED = {
    "somebody of another workspace": (EVE, "T0OTHER", "you are from another one"),
    "somebody of another workspace who hides it": (EVE, None, "a member of another workspace"),
    "a guest": (GUS, "T0LATCH", "a guest"),
    "the requester": (ANN, "T0LATCH", "You cannot decide your own request"),
    "somebody else": (CY, "T0LATCH", "not among those who may decide"),
}


@pytest.mark.parametrize("who", REFUSED)
async def test_whoever_may_not_decide_is_told_why(world, endpoint, pending, who):
    """The click is answered with 200, the reason is whispered, and the request still waits."""
    user, team, why = REFUSED[who]

    response = await endpoint.click("latchkey_approve", pending.ask_id, user=user, team=team)

    assert response.status_code == 200
    await world.whispered(user, APPROVALS, why)
    assert await state_of(world, pending) is State.PENDING


@pytest.mark.parametrize("who", REFUSED)
async def test_a_refused_click_is_on_record(world, endpoint, pending, who):
    """Who tried to decide and may not leaves an audit row with the reason."""
    user, team, why = REFUSED[who]
    await endpoint.click("latchkey_approve", pending.ask_id, user=user, team=team)

    async def recorded():
        deeds = await world.deeds()
        return any(
            (by, verb) == (user, "approve-refused") and why in said for by, verb, said in deeds
        )

    await eventually(recorded)


@pytest.mark.parametrize("who", REFUSED)
async def test_whoever_may_not_decide_is_not_asked_for_a_reason(world, endpoint, pending, who):
    """Deny by somebody who may not opens no form; they are told at once."""
    user, team, why = REFUSED[who]

    def told():
        return sum(why in each for each in world.whispers(user, APPROVALS))

    before = told()
    await endpoint.click("latchkey_deny", pending.ask_id, user=user, team=team)

    await eventually(lambda: told() > before)
    assert world.form(user) is None


async def test_a_click_by_somebody_slack_does_not_know_changes_nothing(world, endpoint, pending):
    """A user id that users.info refuses is nobody."""
    response = await endpoint.click("latchkey_approve", pending.ask_id, user="U0NOBODY")

    async def recorded():
        return ("U0NOBODY", "approve-refused") in [deed[:2] for deed in await world.deeds()]

    assert response.status_code == 200
    await eventually(recorded)
    assert await state_of(world, pending) is State.PENDING


async def test_a_click_in_another_workspace_is_not_even_recorded(world, endpoint, pending):
    """A payload of a team that we are not installed in is acknowledged and thrown away."""
    before = await world.deeds()
    payload = endpoint.click_payload("latchkey_approve", pending.ask_id, user=BO)

    response = await endpoint.interact(payload | {"team": {"id": "T0OTHER", "domain": "fabrikam"}})

    assert response.status_code == 200
    assert await world.deeds() == before
    assert await state_of(world, pending) is State.PENDING


async def test_a_button_of_an_earlier_round_decides_nothing(world, endpoint, pending):
    """The id on a card names the round and the stage; another one is too late or too early."""
    for suffix in ("0001", "0100", "0f0f"):
        await endpoint.click("latchkey_approve", pending.id + suffix, user=BO)

    await world.whispered(BO, APPROVALS, "card is out of date")
    assert await state_of(world, pending) is State.PENDING


@pytest.mark.parametrize("value", STRANGE_VALUES)
@pytest.mark.parametrize("action_id", BUTTONS)
async def test_a_button_with_a_strange_value_gets_a_sentence(world, endpoint, action_id, value):
    """Whatever id a button carries: 200, one whispered sentence, and no accident."""
    told = len(world.whispers(CY, APPROVALS))

    response = await endpoint.click(action_id, value, user=CY)

    assert response.status_code == 200
    await eventually(lambda: len(world.whispers(CY, APPROVALS)) > told, about="a whisper")
    assert "Something broke" not in world.whispers(CY, APPROVALS)[-1]


@pytest.mark.parametrize("action_id", ["latchkey_explode", "latchkey_approve_everything", ""])
async def test_an_unknown_action_is_no_server_error(world, endpoint, pending, action_id):
    """A button that is none of ours is not found, and does nothing."""
    before = await world.deeds()

    response = await endpoint.click(action_id, pending.ask_id, user=BO)

    assert response.status_code == 404
    assert await world.deeds() == before


@pytest.mark.parametrize("user", [ANN, DANA, GUS])
@pytest.mark.parametrize(
    "action_id", ["latchkey_extend", "latchkey_return", "latchkey_let_end", "latchkey_remind_again"]
)
async def test_only_the_holder_extends_or_returns_their_access(
    world, endpoint, held, action_id, user
):
    """Nobody else extends or returns somebody's access by its id, admins included."""
    told = len(world.whispers(user, APPROVALS))

    await endpoint.click(action_id, held.id, user=user)

    await eventually(lambda: len(world.whispers(user, APPROVALS)) > told, about="a whisper")
    assert "Only the person whose access or request it is" in world.whispers(user, APPROVALS)[-1]


async def test_only_the_requester_withdraws_a_request(world, endpoint, pending):
    """An approver cannot cancel what somebody else asked for."""
    await endpoint.click("latchkey_cancel", pending.id, user=BO)

    await world.whispered(BO, APPROVALS, "Only the person whose access or request it is")
    assert await state_of(world, pending) is State.PENDING


@pytest.mark.parametrize("user", [ANN, CY, BO, GUS, EVE])
async def test_only_admins_remove_access(world, endpoint, held, user):
    """A Remove button pressed by anybody else takes nothing away."""
    await endpoint.click("latchkey_remove", held.id, user=user)

    await world.whispered(user, APPROVALS, "Only Latchkey's admins can do that")
    assert not world.posts("adminRemove")


@pytest.mark.parametrize("user", [ANN, CY, BO, GUS, EVE])
@pytest.mark.parametrize("form", ["reason", "chosen", "listed"])
async def test_only_admins_send_the_forms_that_remove(world, endpoint, held, form, user):
    """Whoever makes up such a form, without ever having been shown one, takes nothing away."""
    place = Place(list=ListName.ASSIGNMENTS, entra_ids=(held.entra_id,))
    page = write_console_page(ConsolePage(tab=Tab.LEAVER, place=place))
    about = json.dumps([page, None, held.id, Removable(rows=[held], count=Count(1)).fingerprint])

    response = await endpoint.submit(f"latchkey_remove_{form}", about, "Because.", user=user)

    assert "Only Latchkey's admins" in response.text or form == "chosen"
    assert not world.posts("adminRemove")
    asked = await world.bot.store.run(request_lists.open_for_assignment, held.id)
    assert [each for each in asked if each.kind is Kind.REMOVE] == []


async def test_a_click_without_a_message_is_answered_in_a_direct_message(world, endpoint, held):
    """From App Home there is no channel to whisper in: the answer comes as a message."""
    payload = endpoint.click_payload("latchkey_extend", held.id, user=BO)
    del payload["channel"]
    payload["container"] = {"type": "view", "view_id": "V1"}

    assert (await endpoint.interact(payload)).status_code == 200
    await world.told(BO, "Only the person whose access or request it is")


@pytest.mark.parametrize(
    "missing",
    ["user", "team", "container", "channel", "trigger_id", "actions", "type", "response_url"],
)
async def test_a_payload_that_lacks_something_is_no_server_error(endpoint, pending, missing):
    """Signed, but not as Slack sends it: turned away or ignored, never a 500."""
    payload = endpoint.click_payload("latchkey_approve", pending.ask_id, user=CY)
    del payload[missing]

    assert (await endpoint.interact(payload)).status_code < 500


@pytest.mark.parametrize("strange", [None, 7, [], {}, [None], {"id": None}])
@pytest.mark.parametrize("where", ["user", "team", "container", "channel", "actions", "type"])
async def test_a_payload_with_something_strange_in_it_is_no_server_error(
    endpoint, pending, where, strange
):
    """Signed, with another kind of value in one place: never a 500."""
    payload = copy.deepcopy(endpoint.click_payload("latchkey_approve", pending.ask_id, user=CY))
    payload[where] = strange

    assert (await endpoint.interact(payload)).status_code < 500
