"""
Answer people where they pressed or typed: beside the message, in the place of a list, over a modal.

An answer goes to the interaction's response URL, which works wherever people are, also where the bot is not.  In App
Home, and in modals, it is a modal; what has changed is to be seen in the redrawn Home.  A direct message is the last
resort.  Nothing durable depends on an answer: what must be said is owed in the tables.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck

from bot.database import Busy
from bot.errors import LatchkeyError
from bot.messages.blocks.modals import CALLBACK, said_in_modal
from bot.messages.blocks.parts import in_plain_blocks, message, without_plainer
from bot.messages.blocks.placed_lists import below, place_in, with_place
from bot.messages.requests.acknowledging import ALONE
from bot.notifications.approvals.late_replies import LateReply
from bot.paging import Place
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused, SlackUnsure
from bot.slack.response_urls import ResponseUrl
from handlers.replying.background import Background
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.interaction import read_click

log = structlog.get_logger(__name__)

TITLE: Final = "Latchkey"
# Draws a page of a list for whoever pressed in it.
Draw = Callable[[str, Place], Awaitable[Mapping[str, Any]]]


class Where(StrEnum):
    """Tell where somebody has pressed or typed."""

    COMMAND = "command"
    MESSAGE = "message"
    # A message that only they see.
    EPHEMERAL = "ephemeral"
    HOME = "home"
    MODAL = "modal"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """
    Answer one interaction; every method returns at once, and sends after the answer to Slack.

    Attributes:
        value: What the pressed button carried; empty for a command.
        team: The presser's own workspace; not always ours.
        ts: Of the message that they pressed in.
        place: The page of the list that the pressed row is on.
        is_alone: The message is there for its buttons, and is over when one has done its work.
        url: Where Slack takes answers; None where it says of none.
        modal: The modal that they pressed in, as Slack has sent it.
        list_view: The id of that one, if it has a list.
    """

    background: Background
    where: Where
    user: str
    channel: str | None
    url: ResponseUrl | None = None
    trigger_id: str = ""
    value: str = ""
    team: str | None = None
    ts: str | None = None
    modal: Mapping[str, Any] | None = None
    list_view: str | None = None
    place: Place | None = None
    is_alone: bool = False
    draw: Draw | None = None

    async def say(self, message: Mapping[str, Any]) -> None:
        """Say something to this person alone, beside what they pressed; over it in Home and in a modal."""
        self.background.start(lambda: self._say(message))

    def say_made(self, make: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """Say what *make* makes, which may take a while; or why it cannot be made now."""

        async def work() -> None:
            async with explain_errors(self._say, busy=NOT_READ):
                await self._say(await make())

        self.background.start(work)

    async def say_keeping_trigger(self, message: Mapping[str, Any]) -> None:
        """Say something as `say` does, but by no modal, which would spend the trigger that a form still needs."""
        if self.url is None:
            self.background.start(lambda: self._tell(message))
        else:
            await self.say(message)

    async def turn(self, message: Mapping[str, Any]) -> None:
        """Show another page of a list: in its place if it is in a modal, else as `say` does."""
        self.background.start(
            lambda: self._update(message) if self.list_view else self._say(message)
        )

    async def done(self, message: Mapping[str, Any]) -> None:
        """Say that what was pressed has been done: by the redrawn list, by the redrawn Home, or else in words."""
        if self.where is Where.HOME:
            # Its rows change; it is published anew right after.
            return
        if self.is_alone:
            self.background.start(lambda: self._replace(message))
            return
        self.background.start(lambda: self._redraw(message))

    async def finish(
        self, ack: AsyncAck, view: Mapping[str, Any], message: Mapping[str, Any]
    ) -> None:
        """
        Acknowledge the form that this press has opened, and say that it has been done, as `done` does.

        Args:
            view: The form, as Slack has sent it.  Where it has taken the place of the modal that was pressed in, that
                comes back in its place: closed, it would show what lies below, where nobody has pressed.
        """
        if self.modal is None or self.modal.get("id") != view.get("id"):
            await ack()
            await self.done(message)
            return
        listed = await self._listed()
        said = dict(message) if listed is None else below(dict(message), listed)
        await ack(response_action="update", view=_modal(said))

    async def refuse(self, message: Mapping[str, Any]) -> None:
        """Say why not; a list is redrawn, because it may be out of date."""
        self.background.start(lambda: self._redraw(message))

    async def replace(self, message: Mapping[str, Any]) -> None:
        """Put a message in the place of the one that was pressed, if only they see that; else say it beside."""
        self.background.start(lambda: self._replace(message))

    def open_form(
        self,
        view: Mapping[str, Any] | Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        unless: Callable[[], Awaitable[bool]] | None = None,
        then: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
    ) -> None:
        """
        Open a modal for whoever pressed, over the one that they pressed in; say so if Slack does not open it.

        Args:
            view: The form, or a function that makes it, which may take a while.
            unless: Called first; True if the form is not needed any more.
            then: Makes what is put in its place once it is open; for what takes longer than Slack waits.
        """
        self.background.open_form(
            trigger_id=self.trigger_id,
            view=view,
            say=self.say,
            unless=unless,
            over=self.modal,
            then=then,
        )

    def open_checked(self, make: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """Open the modal that *make* makes, which may take a while; or say why there is none."""
        made: list[Mapping[str, Any]] = []

        async def is_refused() -> bool:
            async with explain_errors(self.refuse, busy=NOT_READ):
                made.append(await make())
            return not made

        async def view() -> Mapping[str, Any]:
            return made[0]

        self.open_form(view, unless=is_refused)

    @property
    def is_in_list(self) -> bool:
        """Tell whether they pressed in the row of a list that can be redrawn in its place."""
        can_be_redrawn = self.where is Where.EPHEMERAL or self.list_view is not None
        return can_be_redrawn and self.place is not None and self.draw is not None

    @property
    def later(self) -> LateReply:
        """Return how to answer this interaction when its answer has been worked out; in this process alone."""
        return LateReply(
            say=self._say_later,
            replace=self._replace_later,
            channel=self.channel,
            ts=self.ts if self.where is Where.MESSAGE else None,
        )

    async def _say_later(self, sentence: Mapping[str, Any]) -> bool:
        if self.url is None:
            return False
        listed = await self._listed()
        said = sentence if listed is None else below(dict(sentence), listed)
        return await self._respond(self.url, said, replaces=listed is not None)

    async def _replace_later(self, said: Mapping[str, Any]) -> bool:
        return self.url is not None and await self._respond(self.url, said, replaces=True)

    async def _redraw(self, sentence: Mapping[str, Any]) -> None:
        listed = await self._listed()
        if listed is None:
            await self._say(sentence)
        else:
            await self._replace(below(dict(sentence), listed))

    async def _listed(self) -> dict[str, Any] | None:
        """Draw the list that was pressed in, as it is now; None if that was no list, or it cannot be read."""
        if not self.is_in_list or self.place is None or self.draw is None:
            return None
        try:
            return with_place(dict(await self.draw(self.user, self.place)), self.place)
        except (Busy, LatchkeyError) as error:
            log.info("list-not-redrawn", error=type(error).__name__)
            return None

    async def _update(self, said: Mapping[str, Any]) -> None:
        """Put a page of a list in the place of the one that was pressed in, in its modal."""
        view = _modal(said)
        try:
            await self._slack.views.update(self.list_view or "", view)
        except SlackError as error:
            log.warning("reply-not-shown", slack=str(error))

    async def _replace(self, message: Mapping[str, Any]) -> None:
        if self.list_view is not None:
            await self._update(message)
            return
        is_theirs = self.where is Where.EPHEMERAL or (self.is_alone and self._is_direct)
        if not is_theirs or self.url is None:
            await self._say(message)
            return
        if not await self._respond(self.url, message, replaces=True):
            await self._tell(message)

    @property
    def _is_direct(self) -> bool:
        """They pressed in their direct messages with the bot, in a message of the bot's."""
        return self.where is Where.MESSAGE and str(self.channel or "").startswith("D")

    async def _say(self, message: Mapping[str, Any]) -> None:
        if self.url is not None:
            if not await self._respond(self.url, message, replaces=False):
                await self._tell(message)
        elif self.where in {Where.HOME, Where.MODAL} and self.trigger_id:
            await self._say_in_modal(message)
        else:
            await self._tell(message)

    async def _respond(self, url: ResponseUrl, said: Mapping[str, Any], *, replaces: bool) -> bool:
        """Answer at the response URL; False if Slack does not take it, and nothing was said."""
        newer, plainer = without_plainer(dict(said))
        instead = message(str(said["text"])) if plainer is None else plainer
        try:
            try:
                await self._slack.respond(url, newer, replaces=replaces)
            except SlackRefused as refused:
                if not refused.is_misshapen:
                    raise
                log.error("reply-misshapen", slack=str(refused))
                await self._slack.respond(url, instead, replaces=replaces)
        except SlackUnsure as error:
            # It may be there; a second one would be more than nothing less.
            log.warning("reply-unsure", slack=str(error))
        except SlackError as error:
            log.warning("reply-not-taken", slack=str(error))
            return False
        return True

    async def _say_in_modal(self, said: Mapping[str, Any]) -> None:
        view = _modal(said)
        try:
            await self.background.show_modal(self.trigger_id, view, over=self.modal)
        except SlackError as error:
            log.warning("reply-not-shown", slack=str(error))
            await self._tell(said)

    async def _tell(self, said: Mapping[str, Any]) -> None:
        await self.background.tell(self.channel, self.user, in_plain_blocks(dict(said)))

    @property
    def _slack(self) -> Slack:
        return self.background.slack


class Replies:
    """Make the replies to interactions."""

    def __init__(self, background: Background, *, draw: Draw | None = None) -> None:
        """
        Args:
            draw: Draws the lists whose rows people press in.
        """
        self._background: Final = background
        self._draw: Final = draw

    def to_click(self, body: Mapping[str, Any], action: Mapping[str, Any]) -> Reply:
        """Return the reply to a press on a button or a choice in a menu."""
        click = read_click(body, action)
        return Reply(
            background=self._background,
            where=_where(body),
            user=click.user,
            channel=click.channel,
            url=self._background.slack.response_url(body.get("response_url")),
            trigger_id=click.trigger_id,
            value=click.value,
            team=click.team,
            ts=(body.get("container") or {}).get("message_ts"),
            modal=body.get("view") if _where(body) is Where.MODAL else None,
            list_view=_list_view(body),
            place=place_in(action.get("block_id")),
            is_alone=str(action.get("block_id") or "").startswith(ALONE),
            draw=self._draw,
        )

    def update_view(self, view_id: object, view: Mapping[str, Any]) -> None:
        """Put *view* in the place of a modal that is open; nothing happens if there is none."""
        if isinstance(view_id, str) and view_id:
            self._background.update_form(view_id=view_id, view=view)

    def to_command(self, command: Mapping[str, Any]) -> Reply:
        """Return the reply to a command, for what is said after its first answer."""
        return Reply(
            background=self._background,
            where=Where.COMMAND,
            user=command["user_id"],
            channel=command.get("channel_id"),
            url=self._background.slack.response_url(command.get("response_url")),
            trigger_id=str(command.get("trigger_id") or ""),
        )

    def to_shortcut(self, body: Mapping[str, Any]) -> Reply:
        """Return the reply to a global shortcut, or to one on a message, which need not be where the bot is."""
        return Reply(
            background=self._background,
            where=Where.COMMAND,
            user=body["user"]["id"],
            channel=None,
            url=self._background.slack.response_url(body.get("response_url")),
            trigger_id=str(body.get("trigger_id") or ""),
        )


def _modal(said: Mapping[str, Any]) -> dict[str, Any]:
    return said_in_modal(in_plain_blocks(dict(said)), title=TITLE)


def _list_view(body: Mapping[str, Any]) -> str | None:
    """Return the id of the modal that was pressed in, if it is one of ours with a list."""
    view = body.get("view") or {}
    return str(view.get("id")) if view.get("callback_id") == CALLBACK else None


def _where(body: Mapping[str, Any]) -> Where:
    container = body.get("container") or {}
    view = body.get("view") or {}
    if view.get("type") == "home":
        return Where.HOME
    if view or container.get("type") == "view":
        return Where.MODAL
    return Where.EPHEMERAL if container.get("is_ephemeral") else Where.MESSAGE
