"""
`latchkey run` for the chaos proof: the product itself, with every wait about ten times shorter.

Nothing of this can be reached in the product: its waits are constants.  Here they are shortened openly, in one
place and all by about the same factor, so that what must outlast what stays so.  ``--no-look`` and
``--no-settle`` switch a protection off, to show that the proof can fail.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import aiohttp
import click
import httpx

from bot import app, machine
from bot import timing as pacing
from bot.configuration.problems import read_settings_for_running
from bot.configuration.settings import Settings
from bot.errors import ConfigurationError
from bot.logs import configure_logs
from bot.messages.assignments import extending
from bot.notifications import home, redrawing
from bot.notifications import outbox as sending
from bot.notifications import owed as notices
from bot.requests.in_entra import confirmation as delivery
from bot.requests.in_entra import submission
from bot.serving import web
from bot.timing import Waits

CLAIM_LEASE: Final = timedelta(seconds=8)
# What the stand-in does late, it does within a POST's time; how far its lists lag is the plan's.
WAITS: Final = Waits(
    post=timedelta(seconds=3),
    late=timedelta(seconds=3),
    lag=timedelta(seconds=4),
    margin=timedelta(seconds=2),
    lease=timedelta(seconds=8),
)
NO_SETTLE: Final = replace(WAITS, late=timedelta(0), lag=timedelta(0), margin=timedelta(0))
LEASE: Final = WAITS.lease
SLACK_SECONDS: Final = 2
LONGEST_BACKOFF: Final = timedelta(seconds=8)
POLL_PAUSES: Final = (1, 1, 2, 3)


@click.command()
@click.option("--no-look", is_flag=True, help="Post again without looking for the earlier try.")
@click.option("--no-settle", is_flag=True, help="Believe the first look that finds nothing.")
@click.option("--lag", type=float, required=True, help="Seconds that Graph's lists are behind.")
def replica(*, no_look: bool, no_settle: bool, lag: float) -> None:
    """Run one replica, configured by the environment as the product is."""
    _shorten()
    if no_look:
        _do_not_look()
    configure_logs()
    waits = NO_SETTLE if no_settle else replace(WAITS, lag=timedelta(seconds=lag))
    try:
        asyncio.run(_serve(read_settings_for_running(), waits))
    except ConfigurationError as error:
        raise click.ClickException("; ".join(error.problems)) from None


def shorter() -> list[tuple[Any, str, Any]]:
    """Return what is shorter here than in the product: the module, the name in it, and the value."""
    return [
        (notices, "CLAIM_LEASE", CLAIM_LEASE),
        (redrawing, "CLAIM_LEASE", CLAIM_LEASE),
        (sending, "CLAIM_LEASE", CLAIM_LEASE),
        (sending, "CALL_TIMEOUT", timedelta(seconds=SLACK_SECONDS)),
        (home, "PUBLISH_LEASE", CLAIM_LEASE),
        (machine, "GRAPH_TIMEOUT", httpx.Timeout(WAITS.post.total_seconds())),
        (machine, "SLACK_TIMEOUT", aiohttp.ClientTimeout(total=SLACK_SECONDS)),
        (pacing, "LONGEST_BACKOFF", LONGEST_BACKOFF),
        # People extend minutes after they got access, which brings minutes.
        (extending, "WORTH", timedelta(0)),
        (delivery, "poll_pause", lambda attempts: pacing.poll_pause(attempts, POLL_PAUSES)),
    ]


def _shorten() -> None:
    for module, name, value in shorter():
        # A constant that was renamed must not leave the proof running with the long one.
        if not hasattr(module, name):
            raise AttributeError(f"{module.__name__} has no {name} any more")
        setattr(module, name, value)


def _do_not_look() -> None:
    async def nothing(self: Any, request: Any, **where: Any) -> None:
        return None

    async def all_of_them(self: Any, claimed: Any, close: Any, **where: Any) -> Any:
        return claimed

    submission.Submitter._look = nothing  # type: ignore[method-assign]
    sending.Sending._not_there = all_of_them  # type: ignore[method-assign]


async def _serve(settings: Settings, waits: Waits) -> None:
    with web.listening(settings.host, settings.port) as listener:
        async with app.running(settings, waits=waits) as latchkey:
            await web.serve(latchkey.asgi, listener)


if __name__ == "__main__":
    replica()
