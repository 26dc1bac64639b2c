"""What takes longer than Slack waits is answered in time all the same, and then once more."""

import asyncio
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.configuration.settings import read_settings
from bot.patience import BEAT
from bot.requests.store import request_lists
from bot.timing import WAITS
from tests.handlers.locking import LockableBot
from tests.harness.loop import simulated
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, CY, GENERAL, World, eventually, labels, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLACK_WAITS = 3.0
# Longer than Slack waits, and not so long that whoever has pressed has been told that it failed.
HANGS = 3.5
# What has waited meanwhile is done by then.
WORKED_OFF = 120.0
LONGER = "I need longer than usual for that"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(database):
    """One whose database can hang."""
    async with simulation(database, beat=BEAT) as around:
        around.outside.tenant.world.delivery = timedelta(0)
        around.outside.workspace.person(CY).locale = "de-DE"
        made = LockableBot(around, number=0)
        await made.start(read_settings(around.outside.environment), waits=WAITS, works=True)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(bot):
    """The stand-ins around it."""
    made = World(bot.simulation.outside, bot.latchkey)
    await made.looked_at_everything()
    for person in (ANN, BO, CY):
        # Their languages are known then.
        await made.type(person, "/my-access")
    await asyncio.sleep(WORKED_OFF)
    return made


@asynccontextmanager
async def hanging(bot, seconds=HANGS):
    """What somebody waits for takes so long; then what has waited is done."""
    with bot.hanging(seconds=seconds):
        yield
    await asyncio.sleep(WORKED_OFF)


@contextmanager
def in_time():
    """Insist that what happens here takes less time than Slack waits."""
    clock = simulated()
    started = clock.time()
    yield
    assert clock.time() - started < SLACK_WAITS


async def test_a_command_is_answered_twice(world, bot):
    """First that it takes longer, then by what came of it: once."""
    async with hanging(bot):
        with in_time():
            told = await world.type(ANN, "/request-access finance-reports because Q4")
        assert told.ok
        assert LONGER in world.whispers(ANN, GENERAL)[-1]
        assert await world.whispered(ANN, GENERAL, "Bo Berg approves")

    await world.card(APPROVALS)
    assert await world.states() == ["add pending"]


async def test_pressing_again_does_nothing_twice(world, bot):
    """As the first answer asks them to."""
    async with hanging(bot):
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.whispered(ANN, GENERAL, "You already have|already asked")

    assert await world.states() == ["add pending"]


async def test_a_click_is_answered_where_it_was_pressed(world, bot):
    """And counts, although the first answer came before it was saved."""
    card = await world.card(APPROVALS)
    async with hanging(bot):
        with in_time():
            pressed = await world.press(BO, card, "Approve")
        assert pressed.ok
        assert await world.whispered(BO, APPROVALS, LONGER)

    await world.told(ANN, "You now have access")
    assert len(world.posts("adminAdd")) == 1


async def test_what_fails_in_the_end_is_said(world, bot):
    """The database stays locked: the second answer is the true one."""
    before = len(world.whispers(BO, GENERAL))
    async with hanging(bot):
        with bot.locked():
            with in_time():
                await world.type(BO, "/request-access marketing-campaign")
            await eventually(lambda: len(world.whispers(BO, GENERAL)) >= before + 2)
    first, second = world.whispers(BO, GENERAL)[before:]

    assert LONGER in first
    assert "Nothing has changed; please try again in a minute" in second
    assert not (await world.bot.store.run(request_lists.open_for, BO)).rows


async def test_it_is_said_in_their_language(world, bot):
    """By then it is known who they are."""
    async with hanging(bot):
        await world.type(CY, "/request-access finance-reports because Q4")
        assert "länger" in world.whispers(CY, GENERAL)[-1]


async def test_it_is_not_done_long_after_it_was_said(world, bot):
    """A minute has passed, and the bot stood still: she may have done it again, and given it back since."""
    before = await world.states()
    async with hanging(bot):
        told = await world.type(ANN, "/request-access marketing-campaign")
        bot.process.freeze(timedelta(minutes=3))
        # Whether it waited for its turn, or was at work.
        assert await world.whispered(ANN, GENERAL, "so I left it undone|Nothing has changed")

    assert told.ok
    assert await world.states() == before


async def test_a_form_is_left_to_slack(world, bot):
    """Slack keeps what was typed, and says that sending it failed: so it is left undone."""
    await world.press(BO, await world.card(APPROVALS), "Deny")
    form = await eventually(lambda: world.form(BO))
    async with hanging(bot, 2 * HANGS):
        sent = await world.slack.submit(
            user=BO, view_id=form.id, values={"reason": {"reason": "Not now"}}
        )

    assert sent.error == "operation_timeout"
    assert world.form(BO) is not None
    assert "add pending" in await world.states()


async def test_nothing_is_said_of_an_answer_in_time(world, bot):
    before = world.whispers(ANN, GENERAL)
    await world.type(ANN, "/my-access")

    assert LONGER not in "\n".join(world.whispers(ANN, GENERAL)[len(before) :])


async def test_a_form_still_opens_from_home(world, bot):
    """Saying that it takes longer in a modal would spend the trigger that the form needs."""
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.slack.open_home(user=BO)
    await eventually(lambda: "Review" in labels(world.home(BO)))
    world.slack.person(BO).modals.clear()
    async with hanging(bot, 2.4):
        await world.press_home(BO, "Review")
        await world.told(BO, LONGER)
        await asyncio.sleep(SLACK_WAITS)

    assert ["Finance Reports" in said(each) for each in world.slack.person(BO).modals] == [True]
