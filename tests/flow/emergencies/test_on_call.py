"""Emergency access for those on call: asked of the on-call service, and of nobody else."""

import asyncio
from http import HTTPStatus

import pytest
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.errors import ConfigurationError
from sandbox.on_call import PATH
from sandbox.tenant import seed
from tests.flow.deciding.test_changed_terms import AN_HOUR_AND_MORE, CHANGED
from tests.flow.deciding.test_nobody_left import approved_by
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, CY, MIA, begun, said

SETTINGS = """
packages:
  Finance Reports:
    break_glass: {minutes: 60, review_within: 4h, people: on_call}
"""
ASK = "/request-access finance-reports emergency: the books are on fire"
URL = f"https://on-call.test{PATH}"


@pytest.fixture
async def around(database):
    """Stand-ins, an on-call service among them."""
    async with simulation(database) as made:
        yield made


@pytest.fixture
def on_call(around):
    """The on-call service."""
    return around.on_call


@pytest.fixture
async def world(around, tmp_path):
    """A bot that asks it."""
    return await begun(
        around,
        LATCHKEY_PACKAGE_SETTINGS=settings_file(tmp_path),
        LATCHKEY_ON_CALL_URL=URL,
        LATCHKEY_ON_CALL_TOKEN=around.on_call.token,
    )


def settings_file(folder):
    file = folder / "latchkey.yml"
    file.write_text(SETTINGS)
    return str(file)


async def turned_down(world, user, why):
    """The emergency goes on as a request like any other, and nothing was granted."""
    await world.told(user, f"cannot give you \\*Finance Reports\\* as an emergency.*{why}")
    await world.card(BO, "Finance Reports")
    assert [each for each in world.posts("adminAdd") if each.status < HTTPStatus.BAD_REQUEST] == []


async def test_whoever_is_on_call_has_it_at_once(world, on_call):
    """And was asked about under their own name."""
    on_call.people.add(ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    assert {each["person"]["slack_user"] for each in on_call.asked} == {ANN}
    assert on_call.wrong == []


async def test_whoever_is_not_waits_for_an_approval(world, on_call):
    """Somebody else's duty is not theirs."""
    on_call.people.add(CY)
    await world.type(ANN, ASK)
    await turned_down(world, ANN, "not on call")


async def test_whose_duty_ends_before_the_grant_gets_nothing(world, on_call, around):
    """Graph is slow, and it is asked once more just before the grant."""
    on_call.people.add(ANN)

    async def ends(request, go_on):
        answer = await go_on()
        on_call.people.clear()
        return answer

    around.bots[0].to_on_call.on("POST", ends)
    around.outside.tenant.faults.set("throttle", on=True, only="^POST ")
    await world.type(ANN, ASK)
    await asyncio.sleep(120)
    around.outside.tenant.faults.set("throttle", on=False)
    await turned_down(world, ANN, "not on call")


@pytest.mark.parametrize(
    "answer",
    [
        {"question": "of before"},
        {"person": {"id": "somebody-else"}},
        {"package": {"id": "another-package"}},
        {"on_call": "true"},
        PlainTextResponse("on call"),
        RedirectResponse("https://elsewhere.test/on-call"),
        Response(status_code=500),
    ],
    ids=("question", "person", "package", "words", "text", "redirect", "error"),
)
async def test_what_is_no_clear_answer_gives_nothing(world, on_call, answer):
    """However often it is asked."""
    on_call.people.add(ANN)
    on_call.next_answers = [answer] * 100
    await world.type(ANN, ASK)
    await turned_down(world, ANN, "could not find out whether you are on call")


async def test_one_failure_is_tried_again(world, on_call):
    """A service that was restarted costs seconds, and no approval."""
    on_call.people.add(ANN)
    on_call.next_answers = [Response(status_code=503)]
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")


async def test_a_late_answer_gives_nothing(world, on_call):
    """A yes that comes after the time is not waited for."""
    on_call.people.add(ANN)
    on_call.keeps_waiting = 60
    await world.type(ANN, ASK)
    await turned_down(world, ANN, "could not find out whether you are on call")


async def test_nobody_else_is_kept_waiting(world, on_call):
    """The answer to the command waits for nothing remote."""
    on_call.keeps_waiting = 4
    began = asyncio.get_running_loop().time()
    await world.type(ANN, ASK)
    assert asyncio.get_running_loop().time() - began < 3


async def test_a_start_without_an_address_to_ask_is_refused(around, tmp_path):
    """A package for those on call, and nobody who knows who they are."""
    with pytest.raises(ConfigurationError) as refused:
        await begun(around, LATCHKEY_PACKAGE_SETTINGS=settings_file(tmp_path))
    [problem] = refused.value.problems
    assert problem.startswith("LATCHKEY_PACKAGE_SETTINGS: ")
    assert "latchkey.yml, line 4" in problem
    assert "LATCHKEY_ON_CALL_URL" in problem


async def test_what_is_no_emergency_is_said_once(world):
    """Also where its policy names somebody else by then: the new card says that."""
    await world.type(ANN, ASK)
    assert "Asked for as an emergency" in said(await world.card(BO))
    approved_by(world, seed.MIA)
    await asyncio.sleep(AN_HOUR_AND_MORE)

    assert CHANGED in said(await world.card(MIA))
    told = [each for each in world.direct(ANN) if "as an emergency" in said(each)]
    assert len(told) == 1
