"""
Handle the same click, command or event once: Slack delivers some twice, and a captured signed request can be
replayed for five minutes.

The key is saved before the payload is handled, or in the same transaction.  If the process dies in between, nothing was answered: the person sees Slack's
error and tries again, with another key; only an opened Home is not repeated, and the next one comes soon.
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
from handlers.background import Background
from handlers.errors import BUSY
from handlers.interaction import read_click

log = structlog.get_logger(__name__)

# Commands whose handler saves the key itself, in the transaction that does the work.
DEDUPLICATED_BY_ITS_HANDLER: Final = frozenset({"/request-access"})


def register(app: SlackApp, *, desk: Desk, background: Background, pulse: Pulse) -> None:
    async def refuse_repeated(body: Body, ack: AsyncAck) -> BoltResponse | None:
        pulse.hear()
        if body.get("command") in DEDUPLICATED_BY_ITS_HANDLER:
            return None
        key = key_of(body)
        try:
            is_new = key is None or await desk.is_new(key)
        except Busy:
            # The handler would wait as long once more, and Slack does not.
            return await _say_busy(body, ack, background)
        if is_new:
            return None
        log.info("seen-before")
        return await ack()

    app.check_first(refuse_repeated)


async def _say_busy(body: Mapping[str, Any], ack: AsyncAck, background: Background) -> BoltResponse:
    if "command" in body:
        return await ack(**message(BUSY))
    if body.get("type") == "view_submission":
        return await ack(response_action="errors", errors={"reason": BUSY})
    if body.get("type") == "block_actions":
        click = read_click(body, body["actions"][0])
        background.send_ephemeral(channel=click.channel, user=click.user, message=message(BUSY))
    return await ack()


def key_of(body: Mapping[str, Any]) -> str | None:
    """
    Return the key that identifies one delivery; None if it has none.

    Two clicks of one person have two keys; the state machine settles what the second one does.
    """
    if "event_id" in body:
        return f"event:{body['event_id']}"
    if body.get("type") == "block_actions":
        action = body["actions"][0]
        return f"click:{body['user']['id']}:{action['action_id']}:{action.get('action_ts')}:{body.get('trigger_id')}"
    return f"trigger:{body['trigger_id']}" if body.get("trigger_id") else None
