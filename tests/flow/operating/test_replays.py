"""A captured signed payload is sent once more: to another replica, or after a restart, which remember nothing of it."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from slack_bolt.request.async_request import AsyncBoltRequest

from bot import clock
from bot.database import Transaction
from bot.database.tables import metadata
from bot.paging import NAMED_LISTS, ListName, Place, write_place
from bot.people.store import delegations
from handlers.dispatch.deduplicate import READ_ONLY, only_reads
from tests.harness.accounts import SETTINGS, registered
from tests.harness.simulation import simulation
from tests.harness.world import BO, CY, GENERAL, begun

pytestmark = pytest.mark.usefixtures("simulated")

# Of the jobs, which go on meanwhile.
OF_JOBS = {"control", "sweep"}


WHERE: dict[str, Any] = {**SETTINGS}


def command(text: str, *, name: str = "/my-access") -> dict[str, Any]:
    return {
        "command": name,
        "text": text,
        "user_id": BO,
        "team_id": "T0LATCH",
        "api_app_id": "A0LATCH",
        "channel_id": GENERAL,
        "trigger_id": f"1.2.{text}",
        "response_url": "https://hooks.slack.com/commands/captured",
    }


def click(action_id: str, value: str = "") -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": BO, "team_id": "T0LATCH"},
        "team": {"id": "T0LATCH"},
        "api_app_id": "A0LATCH",
        "trigger_id": f"1.2.{action_id}",
        "response_url": "https://hooks.slack.com/actions/captured",
        "container": {"type": "message", "channel_id": GENERAL, "message_ts": "1.2"},
        "channel": {"id": GENERAL},
        "actions": [
            {
                "type": "button",
                "action_id": action_id,
                "block_id": "b",
                "value": value,
                "action_ts": "1.2",
            }
        ],
    }


def written(text: str) -> dict[str, Any]:
    event = {
        "type": "message",
        "channel_type": "im",
        "user": BO,
        "channel": f"D{BO}",
        "text": text,
        "ts": "1.2",
    }
    return {
        "type": "event_callback",
        "team_id": "T0LATCH",
        "api_app_id": "A0LATCH",
        "event_id": f"Ev{text}",
        "event": event,
    }


def _contents(db: Transaction) -> dict[str, list[str]]:
    tables = [each for each in metadata.sorted_tables if each.name not in OF_JOBS]
    return {each.name: sorted(map(str, db.execute(sa.select(each)))) for each in tables}


async def changed(bot: Any, body: dict[str, Any]) -> set[str]:
    """Send a payload, and return the tables that it has changed."""
    before = await bot.store.run(_contents)
    if await bot.bolt.answer(body) is None:
        # An event, which Bolt finds the listener of by itself.
        await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    # What it has started after the answer.
    await asyncio.sleep(1)
    after = await bot.store.run(_contents)
    return {name for name in before if before[name] != after[name]}


# What is typed after /my-access.
WRITES = [
    f"delegate <@{CY}> until 2027-02-01",
    f"Delegate <@{CY}> until 2027-02-01",
    "connect",
    "Connect",
    "disconnect",
    "delegate",
    "what is this",
]
READS = ["", " ", "help", "?", "list", "page 2", "list 2", "Hilfe", *NAMED_LISTS, "Past"]
CLICKS = {"latchkey_my_more": "", "latchkey_my_access": ""}


@pytest.fixture
async def around(database):
    async with simulation(database) as made:
        registered(made.outside)
        yield made


def answered(answer: Any) -> str:
    return answer.body if answer is not None else ""


async def own_delegations(bot: Any) -> list[str]:
    now = clock.now()
    return [each.id for each in await bot.store.read(delegations.in_force, at=now, limit=9)]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["another replica", "a restart"])
async def test_a_captured_command_makes_no_delegation_again(around, is_restarted):
    """Bo has canceled it since."""
    first = (await begun(around, **WHERE)).bot
    body = command(WRITES[0])
    await first.bolt.answer(dict(body))
    [made] = await own_delegations(first)
    await first.services.delegations.cancel(slack_user=BO, delegation_id=made)
    if is_restarted:
        await around.bots[0].stop()
    other = (await begun(around, **WHERE)).bot

    again = await other.bolt.answer(dict(body))

    assert answered(again) == ""
    assert await own_delegations(other) == []


@pytest.mark.parametrize("text", WRITES)
async def test_what_may_write_is_done_once_whoever_gets_it(around, text):
    """At the same replica, at another one, and after a restart; nothing is said either."""
    first = (await begun(around, **WHERE)).bot
    body = command(text)
    assert not only_reads(body)
    assert "inbox" in await changed(first, dict(body))
    other = (await begun(around, **WHERE)).bot
    for bot in (first, other):
        assert await changed(bot, dict(body)) == set()
    for each in list(around.bots):
        await each.stop()
    last = (await begun(around, **WHERE)).bot
    assert await changed(last, dict(body)) == set()


async def test_what_is_written_in_a_direct_message_is_answered_once(around):
    """What it says is kept for the button of the answer."""
    first = (await begun(around, **WHERE)).bot
    other = (await begun(around, **WHERE)).bot
    body = written("finance-reports because Q4")
    assert {"inbox", "form"} <= await changed(first, dict(body))
    said = len(around.outside.workspace.dm(BO).messages)
    for bot in (first, other):
        assert await changed(bot, dict(body)) == set()
    assert len(around.outside.workspace.dm(BO).messages) == said


async def test_what_only_reads_writes_nothing(around):
    """Every entry of the table, and every word of the command that only shows something."""
    world = await begun(around, **WHERE)
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.card(BO)
    assert set(CLICKS) == READ_ONLY
    pages = [Place(list=each) for each in (ListName.MINE, ListName.ASKED, ListName.TO_DECIDE)]
    values = [*CLICKS.values(), *(write_place(each) or "" for each in pages)]
    bodies = [command(text) for text in READS]
    bodies += [click(name, value) for name in CLICKS for value in dict.fromkeys(values)]
    # What is learned of somebody the first time is learned by then.
    for body in bodies:
        assert only_reads(body)
        assert await changed(world.bot, dict(body)) == set(), body
