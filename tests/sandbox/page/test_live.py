"""Open pages hear of every change."""

import asyncio
from datetime import timedelta

from sandbox.page.live import Live
from tests.sandbox.page.conftest import Sandbox


async def test_a_page_hears_at_once_and_then_of_each_change(sandbox: Sandbox) -> None:
    """The first event brings a page up to date after a break; changes of all three follow."""
    live = Live(sandbox.workspace, sandbox.tenant, sandbox.clock)
    events = live.events()
    assert (await anext(events)).event == "changed"
    for change in (
        lambda: sandbox.clock.shift(timedelta(days=1)),
        lambda: sandbox.workspace.post_as_slackbot(user="U0ANN", channel="C0GENERAL", text="x"),
        lambda: sandbox.tenant.disable_user(next(iter(sandbox.tenant.world.users))),
    ):
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        change()
        assert (await waiting).event == "changed"
    await events.aclose()
    live.close()


async def test_changes_that_come_together_are_told_once(sandbox: Sandbox) -> None:
    """A burst of messages is one event."""
    live = Live(sandbox.workspace, sandbox.tenant, sandbox.clock)
    events = live.events()
    await anext(events)
    for _ in range(20):
        live.changed()
    told = await anext(events)
    assert told.data == str(live.version)
    await events.aclose()
    live.close()


async def test_time_passes_for_the_tenant_while_somebody_looks(sandbox: Sandbox) -> None:
    """Without any call of the bot, what is due in the tenant happens and is told."""
    world, seen = sandbox.tenant.world, []
    live = Live(sandbox.workspace, sandbox.tenant, sandbox.clock)
    events = live.events()
    await anext(events)

    def work(moment: object) -> None:
        seen.append(moment)
        world.touch()

    world.at(world.now(), work)
    await anext(events)
    assert seen
    await events.aclose()
    live.close()


async def test_closing_ends_the_streams_of_open_pages(sandbox: Sandbox) -> None:
    """A server that stops need not wait for browsers."""
    live = Live(sandbox.workspace, sandbox.tenant, sandbox.clock)
    events = live.events()
    await anext(events)
    rest = asyncio.ensure_future(anext(events, None))
    await asyncio.sleep(0)
    live.close()
    assert await rest is None


async def test_a_closed_source_listens_no_more(sandbox: Sandbox) -> None:
    """Nothing is kept of a page that is gone."""
    live = Live(sandbox.workspace, sandbox.tenant, sandbox.clock)
    live.close()
    before = live.version
    sandbox.clock.shift(timedelta(days=1))
    assert live.version == before
