"""
What a handler does after its answer has gone out: a form, or a word that only one person sees.

Nothing durable depends on it.  The work is held on to, so that it can neither vanish half-way nor fail unheard.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot.slack.api import Slack, SlackError, SlackRefused

log = structlog.get_logger(__name__)


class After:
    """Runs small things after the ack."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._running: set[asyncio.Task[None]] = set()

    def open_form(
        self,
        *,
        trigger_id: str,
        view: Mapping[str, Any] | Callable[[], Awaitable[Mapping[str, Any]]],
        channel: str | None,
        user: str,
        unless: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """
        Open a modal for whoever clicked; tell them if Slack would not.

        Args:
            view: The form, or what makes it, and may take a while.
            unless: Asked first; True if there is nothing to ask them any more.
        """

        async def open_form() -> None:
            if unless is not None and await unless():
                return
            try:
                form = await view() if callable(view) else view
                await self._slack.open_view(trigger_id, form)
            except SlackError as error:
                log.warning("form-not-opened", slack=str(error))
                text = "Slack did not open the form in time. Please press the button again."
                await self._whisper(channel, user, {"text": text})

        self._start(open_form)

    def update_form(self, *, view_id: str, view: Mapping[str, Any]) -> None:
        """Show something else in an open modal; what was typed stays, and so does the old form if Slack would not."""

        async def update_form() -> None:
            try:
                await self._slack.update_view(view_id, view)
            except SlackError as error:
                # Whoever sends the old form is shown the right one then.
                log.warning("form-not-updated", slack=str(error))

        self._start(update_form)

    def whisper(self, *, channel: str | None, user: str, message: Mapping[str, Any]) -> None:
        """Tell one person, where they are, or in a direct message if that is nowhere."""
        self._start(lambda: self._whisper(channel, user, message))

    async def _whisper(self, channel: str | None, user: str, message: Mapping[str, Any]) -> None:
        try:
            await self._tell(channel, user, message)
        except SlackError as error:
            log.warning("not-whispered", slack=str(error))

    async def _tell(self, channel: str | None, user: str, message: Mapping[str, Any]) -> None:
        try:
            await self._slack.tell(channel=channel, user=user, message=message)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("whisper-misshapen", slack=str(refused))
            await self._slack.tell(channel=channel, user=user, message={"text": message["text"]})

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something that nobody waits for with an answer to Slack."""
        self._start(work)

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._heard(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @staticmethod
    async def _heard(work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception:
            # The answer is out already: nobody else would hear of it.
            log.exception("after-broke")

    async def finish(self) -> None:
        """Wait for what is still running; for the shutdown."""
        await asyncio.gather(*self._running, return_exceptions=True)
