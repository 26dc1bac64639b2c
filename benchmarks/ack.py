"""
How long people wait for an answer: slash commands through the real bot, with Graph well and with Graph down.

Run it with `make bench`.  Both kinds alternate within one run, so that their ratio holds on a noisy machine.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import click

from bot.logs import configure_logs
from sandbox.run import StandIns, serving_bot, stand_ins

ROUNDS = 20
COMMANDS_A_ROUND = 25


async def answers(world: StandIns) -> list[float]:
    """Seconds until the answer, for some commands one after the other."""
    waited = []
    for number in range(COMMANDS_A_ROUND):
        command, text = ("/my-access", "") if number % 2 else ("/request-access", "no-such-package")
        started = time.perf_counter()
        outcome = await world.workspace.command(
            user="U0ANN", channel="C0GENERAL", command=command, text=text
        )
        waited.append(time.perf_counter() - started)
        if not outcome.ok:
            raise click.ClickException(f"{command} was not answered: {outcome.error}")
    return waited


def describe(name: str, seconds: list[float]) -> None:
    cuts = statistics.quantiles(seconds, n=100)
    click.echo(
        f"{name:12} median {cuts[49] * 1e3:6.1f} ms   p95 {cuts[94] * 1e3:6.1f} ms   "
        f"p99 {cuts[98] * 1e3:6.1f} ms   max {max(seconds) * 1e3:6.1f} ms"
    )


async def measure() -> None:
    well: list[float] = []
    down: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            stand_ins(Path(folder), socket_mode=False) as world,
            serving_bot(world) as latchkey,
        ):
            while latchkey.jobs.ticks["sync"].last_success is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            for _ in range(ROUNDS):
                world.tenant.faults.set("unavailable", False)
                well += await answers(world)
                world.tenant.faults.set("unavailable", True)
                down += await answers(world)
    describe("Graph well", well)
    describe("Graph down", down)
    ratio = statistics.median(down) / statistics.median(well)
    click.echo(f"ratio of the medians, down to well: {ratio:.2f}   ({len(well)} commands each)")


if __name__ == "__main__":
    configure_logs(level=50)
    asyncio.run(measure())
