"""
Know which command, click or event of Slack's something is done for, so that logs and traces can say it.

A trigger id can open forms for three seconds, and is never written down: what stands for it is a digest, which whoever has the id
from elsewhere (Slack's support, a proxy's log) can compute.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

# Hexadecimal digits; enough to tell those of some days apart.
DIGEST_LENGTH: Final = 12


@dataclass(kw_only=True)
class SlackInteraction:
    """
    Something that somebody did in Slack, while it is answered.

    Attributes:
        kind: "command", "action", "view", "options", "shortcut" or "event".
        trigger: Stands for it in logs; None if Slack gave nothing to tell it by.
        requests: The requests of ours that it turned out to be about.
        created: Those of them that it has made.
    """

    kind: str
    trigger: str | None
    requests: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)


_current: ContextVar[SlackInteraction | None] = ContextVar("slack_interaction", default=None)


def current() -> SlackInteraction | None:
    """Return what is being answered here; None in a job."""
    return _current.get()


def current_trigger() -> str | None:
    """Return what stands in logs for what is being answered here; None in a job."""
    found = _current.get()
    return None if found is None else found.trigger


def about(request_id: str, *, created: bool = False) -> None:
    """Note that what is being answered here is about this request, or has made it."""
    found = _current.get()
    if found is not None:
        found.requests.add(request_id)
        if created:
            found.created.add(request_id)


@contextmanager
def answering(kind: str, body: Mapping[str, Any]) -> Iterator[SlackInteraction]:
    """Answer something of Slack's in this block."""
    found = SlackInteraction(kind=kind, trigger=_trigger_of(body))
    token = _current.set(found)
    try:
        yield found
    finally:
        _current.reset(token)


def digest(trigger_id: str) -> str:
    """Return what stands for a trigger id in logs: the beginning of its SHA-256."""
    return hashlib.sha256(trigger_id.encode()).hexdigest()[:DIGEST_LENGTH]


def _trigger_of(body: Mapping[str, Any]) -> str | None:
    trigger_id = body.get("trigger_id")
    if isinstance(trigger_id, str) and trigger_id:
        return digest(trigger_id)
    event_id = body.get("event_id")
    # It opens nothing.
    return event_id[:32] if isinstance(event_id, str) and event_id else None
