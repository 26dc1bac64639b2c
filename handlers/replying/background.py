"""
Work that a handler starts after its answer: open a form, or send an ephemeral message.

Nothing durable depends on it.  The tasks are kept, so that they cannot be garbage-collected half-way, and log their errors.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from bot.messages.blocks.parts import message
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.words import N_, _

log = structlog.get_logger(__name__)

NOT_OPENED: Final = N_("Slack did not open the form in time. Please press the button again.")


class Background:
    """Run short tasks after the ack."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._running: set[asyncio.Task[None]] = set()
        # The last wish to replace each form that is being replaced.
        self._newest: dict[str, object] = {}

    @property
    def slack(self) -> Slack:
        return self._slack

    def open_form(
        self,
        *,
        trigger_id: str,
        view: Mapping[str, Any] | Callable[[], Awaitable[Mapping[str, Any]]],
        say: Callable[[Mapping[str, Any]], Awaitable[None]],
        unless: Callable[[], Awaitable[bool]] | None = None,
        over: Mapping[str, Any] | None = None,
        then: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
    ) -> None:
        """
        Open a modal for the person who clicked; tell them if Slack does not open it.

        Args:
            view: The form, or a function that makes it, which may take a while.
            say: Answers them where they clicked.
            unless: Called first; True if the form is not needed any more.
            over: The modal that they clicked in, over which it is laid.
            then: Makes what is put in its place once it is open; for what takes longer than Slack waits.
        """

        async def open_form() -> None:
            if unless is not None and await unless():
                return
            try:
                form = await view() if callable(view) else view
                view_id = await self.show_modal(trigger_id, form, over=over)
                if then is not None:
                    self.update_form(view_id=view_id, view=then)
            except SlackError as error:
                log.warning("form-not-opened", slack=str(error))
                await say(message(_(NOT_OPENED)))

        self.start(open_form)

    async def show_modal(
        self, trigger_id: str, view: Mapping[str, Any], *, over: Mapping[str, Any] | None
    ) -> str:
        """
        Open a modal, over the one that somebody clicked in; return its id.

        Args:
            over: That one, as Slack has sent it; None: they clicked somewhere else.
        """
        if over is None:
            return await self._slack.views.open(trigger_id, view)
        return await self._slack.views.lay_over(trigger_id, view, over=over)

    def update_form(
        self,
        *,
        view_id: str,
        view: Mapping[str, Any] | Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> None:
        """
        Replace the view of an open modal; typed text stays, and the old form stays if Slack refuses the new one.

        Args:
            view: The form, or a function that makes it, which may take a while; it is left out if the form is to be
                replaced by another meanwhile.
        """
        newest = self._newest[view_id] = object()

        async def update_form() -> None:
            try:
                form = await view() if callable(view) else view
                if self._newest.get(view_id) is newest:
                    await self._slack.views.update(view_id, form)
            except SlackError as error:
                # Submitting the old form shows the right one.
                log.warning("form-not-updated", slack=str(error))
            finally:
                if self._newest.get(view_id) is newest:
                    del self._newest[view_id]

        self.start(update_form)

    async def tell(self, channel: str | None, user: str, said: Mapping[str, Any]) -> None:
        """Say something to one person by the Web API: in *channel* if the bot may, else in a direct message."""
        try:
            await self._tell(channel, user, said)
        except SlackError as error:
            log.warning("ephemeral-not-sent", slack=str(error))

    async def _tell(self, channel: str | None, user: str, said: Mapping[str, Any]) -> None:
        try:
            await self._slack.tell(channel=channel, user=user, message=said)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("ephemeral-misshapen", slack=str(refused))
            await self._slack.tell(channel=channel, user=user, message={"text": said["text"]})

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Start *work*, which no answer to Slack waits for."""
        task = asyncio.create_task(self._supervised(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @staticmethod
    async def _supervised(work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception:
            # The answer has been sent: nothing else would report this.
            log.exception("background-work-failed")

    async def finish(self) -> None:
        """Wait for the tasks that still run, and those that they start; for the shutdown."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
