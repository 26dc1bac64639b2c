"""
The same click, command or event is worked on once: Slack delivers some twice, and whoever has caught a signed
request can send it again for five minutes.

The key is noted before the deed is done, or in the very transaction that does it.  Whoever dies in between has not answered: the person sees Slack's error
and repeats the deed, under another key; only the event of an opened Home is not repeated, and the next one is near.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.database import Busy
from bot.desk import Desk
from bot.messages.parts import message
from bot.patience import Pulse
from handlers.app import Body, SlackApp
from handlers.background import After
from handlers.errors import BUSY
from handlers.interaction import read_click

log = structlog.get_logger(__name__)

# Commands whose listener notes the key itself, in the transaction that does what it asks.
NOTED_WITH_THE_DEED: Final = frozenset({"/request-access"})


def register(app: SlackApp, *, desk: Desk, after: After, pulse: Pulse) -> None:
    async def once(body: Body, ack: AsyncAck) -> BoltResponse | None:
        pulse.hear()
        if body.get("command") in NOTED_WITH_THE_DEED:
            return None
        key = key_of(body)
        try:
            is_new = key is None or await desk.is_new(key)
        except Busy:
            # The deed would wait as long once more, and Slack does not.
            return await _say_busy(body, ack, after)
        if is_new:
            return None
        log.info("seen-before")
        return await ack()

    app.check_first(once)


async def _say_busy(body: Mapping[str, Any], ack: AsyncAck, after: After) -> BoltResponse:
    if "command" in body:
        return await ack(**message(BUSY))
    if body.get("type") == "view_submission":
        return await ack(response_action="errors", errors={"reason": BUSY})
    if body.get("type") == "block_actions":
        click = read_click(body, body["actions"][0])
        after.whisper(channel=click.channel, user=click.user, message=message(BUSY))
    return await ack()


def key_of(body: Mapping[str, Any]) -> str | None:
    """
    What tells one deed from the next; None if nothing does.

    Two clicks of one person are two deeds; what happens then is the state machine's business.
    """
    if "event_id" in body:
        return f"event:{body['event_id']}"
    if body.get("type") == "block_actions":
        action = body["actions"][0]
        return f"click:{body['user']['id']}:{action['action_id']}:{action.get('action_ts')}:{body.get('trigger_id')}"
    return f"trigger:{body['trigger_id']}" if body.get("trigger_id") else None
