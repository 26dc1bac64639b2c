"""The whole life of access end to end over real sockets, by this machine's own time."""

from tests.flow.access.test_life import (
    extends_both,
    gets_access_with_approval,
    gets_access_without_approval,
    is_reminded_of_both,
    loses_the_other,
    returns_one,
)
from tests.harness.camera import empty_postgresql
from tests.harness.real import living_on_sockets
from tests.harness.world import World


async def live(world: World) -> None:
    """All of it, as `tests/flow/access/test_life.py` has it in simulated time."""
    await gets_access_without_approval(world)
    await gets_access_with_approval(world)
    await is_reminded_of_both(world)
    await extends_both(world)
    await returns_one(world)
    await loses_the_other(world)


async def test_access_lives_over_http_with_tokens_by_msal(tmp_path, certificate):
    """On SQLite: Slack posts to the bot, and the bot calls Graph over TLS."""
    async with living_on_sockets(tmp_path, certificate) as world:
        await live(world)
        assert {each.transport for each in world.slack.deliveries} == {"http"}


async def test_access_lives_over_a_connection_to_slack(tmp_path, certificate, postgresql):
    """On PostgreSQL, in Socket Mode."""
    database = next(empty_postgresql(postgresql))
    async with living_on_sockets(
        tmp_path, certificate, socket_mode=True, DATABASE_URL=database
    ) as world:
        await live(world)
        assert {each.transport for each in world.slack.deliveries} == {"socket"}
