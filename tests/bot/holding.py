"""How requests get held in tests, and how admins repair them."""

from bot.models import Hold, Request, Verb
from bot.store import holds
from bot.trouble import HELD_AFTER
from sandbox.slack.model import Message
from tests.harness.by_hand import BotHarness
from tests.harness.faults import silence_before
from tests.harness.wires import Fault

POST = "POST .*/assignmentRequests"
ALWAYS = 10_000


async def try_often(harness: BotHarness, times: int = HELD_AFTER) -> None:
    """As many steps as it takes."""
    for _ in range(times):
        await harness.expire_all_waits(settled=True)
        await harness.work()


def heal(harness: BotHarness) -> None:
    """Nothing goes wrong on the line any more."""
    harness.line._faults.clear()


def cards(harness: BotHarness) -> list[Message]:
    """What the admins were told of held requests."""
    return [
        each
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if "failed too often in a row" in each.text
    ]


async def held(
    harness: BotHarness,
    where: str = POST,
    fault: Fault = silence_before,
    text: str = "marketing-campaign",
) -> tuple[Hold, Request]:
    """A request that has failed too often."""
    harness.line.on(where, fault, times=ALWAYS)
    await harness.ask(text)
    await try_often(harness)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    return hold, request


async def repair(harness: BotHarness, hold: Hold, verb: Verb, user: str = "U0DANA") -> None:
    await harness.desk.repair(slack_user=user, hold_id=hold.id, verb=verb)
    await harness.work()
    await harness.talk()
