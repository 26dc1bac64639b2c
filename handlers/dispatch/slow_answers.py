"""
Answer in Slack's time where the work takes longer: while every statement of the database hangs, say.

Slack waits three seconds, and then tells people that the app has failed, which is not so: what they wanted may be done a
moment later.  So they read that it takes longer, and the answer itself comes after that, where they pressed or typed.
A form is left to Slack: it keeps what was typed, says that sending it failed, and what was sent then comes too late.

Source: docs.slack.dev, "Handling user interaction", on the three seconds.
"""

import asyncio
import contextvars
import json
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.messages.blocks.parts import message
from bot.patience import told_to_wait
from bot.words import N_, _
from handlers.dispatch.app import Body, Kind, SlackApp
from handlers.replying.background import Background
from handlers.replying.replies import Replies, Reply

log = structlog.get_logger(__name__)

# Leaves the rest of the three seconds to the way there and back.
ANSWER_WITHIN: Final = timedelta(seconds=2.2)

COMES_LATER: Final = N_(
    "I need longer than usual for that. My answer comes here as soon as I have it. If none has come within a minute, "
    "please try again: nothing is done twice."
)
SHOWS_LATER: Final = N_(
    "I need longer than usual for that. If nothing has come of it within a minute, please press it again: nothing is "
    "done twice."
)

Responding = Coroutine[Any, Any, BoltResponse]


def register(app: SlackApp, *, replies: Replies, background: Background) -> None:
    """Have *app* answer commands, clicks and shortcuts in time, whatever they take."""

    async def in_time(kind: Kind, body: Body, responding: Responding) -> BoltResponse:
        # Read again afterwards: what is found out on the way, such as their language, is kept there.
        context = contextvars.copy_context()
        answering = asyncio.create_task(responding, context=context)
        try:
            await asyncio.wait({answering}, timeout=ANSWER_WITHIN.total_seconds())
        except asyncio.CancelledError:
            answering.cancel()
            raise
        if answering.done():
            return answering.result()
        log.warning("answer-is-slow", route=kind)
        # They do not read that it has failed, so it need not be left undone.
        context.run(told_to_wait)
        reply = _reply_to(kind, body, replies)
        if kind == "command":
            context.run(background.start, lambda: _answer_late(answering, reply))
            early = AsyncAck()  # type: ignore[no-untyped-call]
            return await early(**message(context.run(_, COMES_LATER)))
        await reply.say_keeping_trigger(message(context.run(_, SHOWS_LATER)))
        # Not forgotten half-way, and waited for at the end.
        context.run(background.start, lambda: _finish(answering))
        return BoltResponse(status=200)

    app.answer_in_time(in_time, kinds={"command", "action", "shortcut"})


def _reply_to(kind: Kind, body: Body, replies: Replies) -> Reply:
    if kind == "command":
        return replies.to_command(body)
    if kind == "action":
        return replies.to_click(body, body["actions"][0])
    return replies.to_shortcut(body)


async def _finish(answering: asyncio.Task[BoltResponse]) -> None:
    await answering


async def _answer_late(answering: asyncio.Task[BoltResponse], reply: Reply) -> None:
    """Say what the answer to a command would have said."""
    said = _said_in(await answering)
    if said is not None:
        await reply.say(said)


def _said_in(answer: BoltResponse) -> Mapping[str, Any] | None:
    """Return the message in an answer; None if there is none."""
    if not answer.body:
        return None
    if "application/json" in ";".join(answer.headers.get("content-type", ())):
        said: Mapping[str, Any] = json.loads(answer.body)
        return said
    return {"text": answer.body}
