"""The switch that stops all granting."""

from bot.database import flags
from bot.requests.model import State
from bot.requests.store import requests
from tests.bot.requests.in_entra.test_submission import posts
from tests.harness.by_hand import BotHarness


async def test_nothing_is_granted_while_granting_is_paused(harness: BotHarness) -> None:
    """The request waits, approved, and nothing has left."""
    await harness.store.run(flags.pause, why="an account was taken over")
    request = await harness.ask("marketing-campaign")

    assert request.state is State.APPROVED
    assert (request.attempts, request.intent_at) == (0, None)
    assert posts(harness) == 0


async def test_what_waited_is_granted_afterwards(harness: BotHarness) -> None:
    """Resuming is enough: the row is still due."""
    await harness.store.run(flags.pause, why="an account was taken over")
    request = await harness.ask("marketing-campaign")
    await harness.store.run(flags.resume)
    ready = await harness.store.run(requests.find, request.id)
    assert ready is not None
    await harness.submitter.post(await harness.claimed(ready))

    assert posts(harness) == 1


async def test_why_is_told(store):
    """The reason is kept until granting goes on."""
    await store.run(flags.pause, why="drill")
    assert await store.run(flags.pause_reason) == "drill"
    await store.run(flags.resume)
    assert await store.run(flags.pause_reason) is None
