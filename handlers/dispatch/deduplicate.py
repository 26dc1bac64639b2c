"""
Handle the same click, command or event once: Slack delivers some twice, and a captured signed request can be
replayed for five minutes.

The key is saved before the payload is handled, or in the same transaction.  If the process dies in between, nothing
was answered: the person sees Slack's error and tries again, with another key; only an opened Home is not repeated,
and the next one comes soon.

Commands and clicks that only show people their own access write nothing.  Their keys are remembered in memory, by each replica, while the
signature is valid: Slack does not repeat them, and a replay at another replica changes nothing.  A command is told by its words: what does
not surely ask for a list or for help counts as one that writes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot import clock
from bot.database import Busy
from bot.messages.blocks.pages import read_page
from bot.messages.blocks.parts import message
from bot.messages.overviews.helping import HELP
from bot.paging import NAMED_LISTS
from bot.patience import Pulse
from bot.people.guard import Guard
from bot.words import _
from handlers.dispatch.app import Body, SlackApp
from handlers.dispatch.signature import GOOD_FOR
from handlers.replying.errors import CHANGE_NOT_SAVED
from handlers.replying.replies import Replies

log = structlog.get_logger(__name__)

# Commands and buttons whose handler saves the key itself, in the transaction that does the work.
DEDUPLICATED_BY_ITS_HANDLER: Final = frozenset(
    {"/request-access", "/access-admin", "latchkey_more"}
)
# Those that only read the caller's own access.
READ_ONLY: Final = frozenset({"latchkey_my_more", "latchkey_my_access"})
# That only reads as well, where its words ask for no more.
READS_BY_ITS_WORDS: Final = "/my-access"
# Slack tells of each message of our own as well, and of each redrawn card: its handler saves the keys of those that a person has written.
WRITTEN: Final = "message"
# A timestamp may be ahead of our clock as far as behind it.
REMEMBERED: Final = 2 * GOOD_FOR


class RecentKeys:
    """Remember the keys that this process has seen recently."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def is_new(self, key: str) -> bool:
        """Remember *key*; False if it is remembered already."""
        now = clock.real()
        # The oldest comes first.
        while self._until and (oldest := next(iter(self._until.items())))[1] <= now:
            del self._until[oldest[0]]
        return self._until.setdefault(key, until := now + REMEMBERED) is until


def register(app: SlackApp, *, guard: Guard, replies: Replies, pulse: Pulse) -> None:
    recent = RecentKeys()

    async def is_new(body: Body) -> bool:
        key = key_of(body)
        if key is None:
            return True
        if _name_of(body) == WRITTEN or only_reads(body):
            return recent.is_new(key)
        return await guard.is_new(key)

    async def refuse_repeated(body: Body, ack: AsyncAck) -> BoltResponse | None:
        pulse.hear()
        if _name_of(body) in DEDUPLICATED_BY_ITS_HANDLER:
            return None
        try:
            known = not await is_new(body)
        except Busy:
            # The handler would wait as long once more, and Slack does not.
            return await _say_busy(body, ack, replies)
        if not known:
            return None
        log.info("seen-before")
        return await ack()

    app.check_first(refuse_repeated)


async def _say_busy(body: Mapping[str, Any], ack: AsyncAck, replies: Replies) -> BoltResponse:
    if "command" in body:
        return await ack(**message(_(CHANGE_NOT_SAVED)))
    if body.get("type") == "view_submission":
        return await ack(response_action="errors", errors={"reason": _(CHANGE_NOT_SAVED)})
    if body.get("type") == "block_actions":
        await replies.to_click(body, body["actions"][0]).say(message(_(CHANGE_NOT_SAVED)))
    return await ack()


def only_reads(body: Mapping[str, Any]) -> bool:
    """Return True for what surely writes nothing, whoever sends it."""
    name = _name_of(body)
    if name != READS_BY_ITS_WORDS:
        return name in READ_ONLY
    text = str(body.get("text") or "").strip()
    is_named = text.casefold() in NAMED_LISTS
    return is_named or text.lower() in HELP or read_page(text) is not None


def _name_of(body: Mapping[str, Any]) -> Any:
    """Return the command, else the button's action id or the event's type: the order in which the app finds a handler."""
    if "command" not in body and body.get("type") == "block_actions":
        return body["actions"][0].get("action_id")
    if "command" not in body and body.get("type") == "event_callback":
        return body["event"].get("type")
    return body.get("command")


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
