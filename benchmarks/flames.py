"""
Draw where the time goes of a command's answer, and of a request until it is delivered: `python -m benchmarks.flames ack flames.svg`.

py-spy looks a few hundred times a second at what each thread of the bot does.  The wider a bar, the more of the looks met that
function, at work or waiting for the disk; what it called stands on it.
"""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
import matplotlib.pyplot as plt

from benchmarks.load import load
from benchmarks.worlds import World, asking, world

LOOKS_A_SECOND: Final = 200
COMMANDS: Final = 6_000
CONNECTIONS: Final = 32
# Of whoever asks and is waited for until they have access.
REQUESTS: Final = 400
DELIVERED_WITHIN: Final = 300
DELIVERED: Final = "SELECT count(*) FROM request WHERE state = 'delivered'"
# What is narrower is left out of the picture, with all that stands on it.
LEAST_SHARE: Final = 0.006
# Where a label would not fit.
NO_LABEL_BELOW: Final = 0.02
LETTERS_A_SHARE: Final = 170
DEEPEST: Final = 46
# Functions in which a thread waits for something to do, and those that call what is to be done.
WAITING: Final = ("_worker", "EpollSelector.select", "BaseEventLoop._run_once")
BEGINS: Final = ("Handle._run", "_WorkItem.run")
OURS: Final = "#2e7d4f"
DATABASE: Final = "#3f6fa8"
OTHERS: Final = "#b9a26a"


@dataclass
class Frame:
    """A function, how many looks met it, and what it called."""

    looks: int = 0
    called: dict[str, "Frame"] = field(default_factory=dict)


@click.command(help=__doc__)
@click.argument("what", type=click.Choice(["ack", "delivery"]))
@click.argument("picture", type=click.Path(path_type=Path))
def main(what: str, picture: Path) -> None:
    looks = asyncio.run(_looked_at(what))
    draw(_tree(looks), picture)


async def _looked_at(what: str) -> str:
    """Return the stacks that were met, as py-spy writes them: a line for each, with its count."""
    count = COMMANDS if what == "ack" else REQUESTS
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bot = await stack.enter_async_context(world("sqlite", folder, people=2 * count))
        # What is loaded once is no part of it.
        await _until_done(bot, what, 0, count // 10)
        async with _py_spy(bot, folder / "looks"):
            await _until_done(bot, what, count, count)
        return (folder / "looks").read_text()


async def _until_done(bot: World, what: str, first: int, count: int) -> None:
    done = bot.count(DELIVERED)
    await load(bot.address, bot.app, asking(bot, first, count), connections=CONNECTIONS)
    if what == "ack":
        return
    async with asyncio.timeout(DELIVERED_WITHIN):
        while bot.count(DELIVERED) < done + count:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _py_spy(bot: World, file: Path) -> AsyncIterator[None]:
    """Let py-spy look at the bot while the block runs."""
    program = Path(sys.executable).parent / "py-spy"
    spying = await asyncio.create_subprocess_exec(
        program,
        *("record", "--pid", str(bot.bot.pid), "--rate", str(LOOKS_A_SECOND)),
        *("--function", "--format", "raw", "--duration", "600", "--output", file),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        # It writes what it has seen.
        spying.send_signal(signal.SIGINT)
        await spying.wait()


def _tree(looks: str) -> Frame:
    root = Frame()
    for line in looks.splitlines():
        stack, _, count = line.rpartition(" ")
        names = stack.split(";")
        if names[-1].startswith(WAITING):
            continue
        # What leads to every callback of the loop, and to every piece of work of a thread, says nothing.
        trunk = next((place for place, name in enumerate(names) if name.startswith(BEGINS)), -1)
        frame = root
        frame.looks += int(count)
        for name in names[trunk + 1 :]:
            frame = frame.called.setdefault(name, Frame())
            frame.looks += int(count)
    return root


def draw(root: Frame, picture: Path) -> None:
    """Draw the frames, those that were called above those that called them."""
    bars = list(_bars(root, root.looks, depth=0, left=0.0))
    deepest = max(depth for _, _, _, depth in bars)
    plt.rcParams.update({"svg.hashsalt": "latchkey", "svg.fonttype": "none", "font.size": 6})
    figure, axes = plt.subplots(figsize=(12, 0.17 * deepest + 0.6), layout="constrained")
    for name, left, width, depth in bars:
        axes.barh(
            depth, width, left=left, height=0.94, color=_color(name), edgecolor="white", lw=0.3
        )
        if width >= NO_LABEL_BELOW:
            label = _short(name)[: int(width * LETTERS_A_SHARE)]
            axes.text(left + 0.002, depth, label, va="center", color="white", clip_on=True)
    axes.set_xlim(0, 1)
    axes.set_xlabel(
        f"share of {root.looks:,} looks; green: Latchkey, blue: the database's libraries"
    )
    axes.yaxis.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(picture, metadata={"Date": None})


def _bars(
    frame: Frame, whole: int, *, depth: int, left: float
) -> Iterator[tuple[str, float, float, int]]:
    """Each function with where its bar begins, how wide and how high it is; the widest first."""
    for name, called in sorted(frame.called.items(), key=lambda each: -each[1].looks):
        width = called.looks / whole
        if width < LEAST_SHARE or depth > DEEPEST:
            continue
        yield name, left, width, depth
        yield from _bars(called, whole, depth=depth + 1, left=left)
        left += width


def _color(name: str) -> str:
    place = name.partition("(")[2]
    if place.startswith(("bot/", "handlers/", "graph/")):
        return OURS
    return DATABASE if "sqlalchemy" in place else OTHERS


def _short(name: str) -> str:
    function, _, place = name.partition(" (")
    return f"{function} {place.partition('.py')[0]}"


if __name__ == "__main__":
    main()
