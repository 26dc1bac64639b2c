"""Whoever sits before the rehearsal, at a terminal: reads what to do, and answers, while Slack and browsers are heard."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import click

Answer = TypeVar("Answer")
ANSWERS = click.Choice(["y", "n", "skip"])


class Terminal:
    """The tester at the terminal."""

    async def show(self, text: str) -> None:
        """Show something to read or to do."""
        click.echo(f"→ {text}", err=True)

    async def answer(self, question: str) -> str:
        """Ask something; returns "y", "n" or "skip"."""
        return await in_a_thread(
            lambda: str(click.prompt(f"→ {question}", type=ANSWERS, default="skip", err=True))
        )


async def in_a_thread(ask: Callable[[], Answer]) -> Answer:
    """
    Ask at the terminal without keeping Slack and browsers waiting.

    The thread is none that Python waits for at the end: after Ctrl-C nobody answers any more.

    Raises:
        asyncio.CancelledError: Ctrl-C, or the end of what can be read.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Answer] = loop.create_future()

    def finish(found: Answer | None, error: BaseException | None) -> None:
        if answered.done():
            return
        if error is None and found is not None:
            answered.set_result(found)
        else:
            answered.cancel()

    def run() -> None:
        found: Answer | None = None
        problem: BaseException | None = None
        try:
            found = ask()
        except (click.Abort, EOFError, KeyboardInterrupt) as error:
            problem = error
        loop.call_soon_threadsafe(finish, found, problem)

    threading.Thread(target=run, daemon=True, name="terminal").start()
    return await answered
