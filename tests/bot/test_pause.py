"""The switch that stops all granting."""

from bot.models import State
from bot.store import control, requests
from tests.bot.conftest import Office
from tests.bot.test_effects import posts


async def test_nothing_is_granted_while_granting_is_paused(office: Office) -> None:
    """The request waits, approved, and nothing has left."""
    await office.store.run(control.pause, why="an account was taken over")
    request = await office.ask("marketing-campaign")

    assert request.state is State.APPROVED
    assert (request.attempts, request.intent_at) == (0, None)
    assert posts(office) == 0


async def test_what_waited_is_granted_afterwards(office: Office) -> None:
    """Resuming is enough: the row is still due."""
    await office.store.run(control.pause, why="an account was taken over")
    request = await office.ask("marketing-campaign")
    await office.store.run(control.resume)
    ready = await office.store.run(requests.get, request.id)
    assert ready is not None
    await office.effects.post(await office.claimed(ready))

    assert posts(office) == 1


async def test_why_is_told(store):
    """The reason is kept until granting goes on."""
    await store.run(control.pause, why="drill")
    assert await store.run(control.paused_why) == "drill"
    await store.run(control.resume)
    assert await store.run(control.paused_why) is None
