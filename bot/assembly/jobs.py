"""Make the jobs, and what they work with."""

from contextlib import AsyncExitStack

from bot.configuration.settings import Settings
from bot.database import Store
from bot.machine import Machine
from bot.webhooks.delivery import Webhooks


async def begin_webhooks(
    settings: Settings, store: Store, machine: Machine, stack: AsyncExitStack
) -> Webhooks | None:
    """Return what tells others of events; None where the settings name nobody."""
    endpoints = settings.webhook_endpoints
    if not endpoints:
        return None
    client = machine.webhook_client()
    stack.push_async_callback(client.aclose)
    made = Webhooks(store=store, client=client, endpoints=endpoints)
    await made.begin()
    return made
