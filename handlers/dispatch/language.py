"""Answer people in their language, and learn which it is after the answer."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.people.languages import Languages
from bot.words import speak
from handlers.dispatch.app import SlackApp
from handlers.replying.background import Background


def register(app: SlackApp, *, languages: Languages, background: Background) -> None:
    """Have *app* speak the language of whoever does something, in everything that comes of it."""

    async def speak_theirs(body: Mapping[str, Any], ack: AsyncAck) -> BoltResponse | None:
        user = _user_of(body)
        speak(languages.default if user is None else await languages.find(user))
        if user is not None and not languages.is_fresh(user):
            background.start(partial(languages.learn, [user]))
        return None

    app.check_first(speak_theirs)


def _user_of(body: Mapping[str, Any]) -> str | None:
    """Return the Slack id of whoever does something; None if nobody does."""
    if "command" in body:
        return body.get("user_id") or None
    who = body.get("user") or (body.get("event") or {}).get("user")
    found = who.get("id") if isinstance(who, Mapping) else who
    return found if isinstance(found, str) and found else None
