"""How requests get held in tests, and how admins repair them."""

from bot.models import Hold, Request, Verb
from bot.store import holds
from bot.trouble import HELD_AFTER
from sandbox.slack.model import Message
from tests.bot.conftest import (
    Mishap,
    Office,
    silence_before,
)

POST = "POST .*/assignmentRequests"
ALWAYS = 10_000


async def try_often(office: Office, times: int = HELD_AFTER) -> None:
    """As many steps as it takes."""
    for _ in range(times):
        await office.hurry(settled=True)
        await office.work()


def heal(office: Office) -> None:
    """Nothing goes wrong on the line any more."""
    office.line._mishaps.clear()


def cards(office: Office) -> list[Message]:
    """What the admins were told of held requests."""
    return [
        each
        for each in office.workspace.channels["C0APPROVALS"].messages
        if "failed too often in a row" in each.text
    ]


async def held(
    office: Office,
    where: str = POST,
    mishap: Mishap = silence_before,
    text: str = "marketing-campaign",
) -> tuple[Hold, Request]:
    """A request that has failed too often."""
    office.line.on(where, mishap, times=ALWAYS)
    await office.ask(text)
    await try_often(office)
    ((hold, request),) = await office.store.run(holds.open_ones)
    return hold, request


async def repair(office: Office, hold: Hold, verb: Verb, user: str = "U0DANA") -> None:
    await office.desk.repair(slack_user=user, hold_id=hold.id, verb=verb)
    await office.work()
    await office.talk()
