"""
Looks for secrets and people in all that a running bot writes.

The canaries are the very values that the bot runs with; each is looked for as it is, in base64 at any alignment, and
URL-encoded.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, quote_plus

from sandbox.slack import Workspace

SECRET, EMAIL, NAME, REASON, CAPABILITY = "secret", "e-mail", "name", "reason", "capability"
LINK = "link"

# Where each kind belongs, of the places in `Written`; nowhere else may any of it be found.
BELONGS: Final[Mapping[str, frozenset[str]]] = {
    # Bot token, signing secrets, app token, client secret, access tokens, database password, audit key; people's tokens,
    # and the codes, states and cookies of their sign-ins.
    SECRET: frozenset(),
    EMAIL: frozenset(),
    # Deciders must see for whom and why; the holder is told who decided.
    NAME: frozenset({"slack"}),
    # The audit log says why; docs/explanation/how-it-works.md, "What is stored about people".
    REASON: frozenset({"slack", "audit"}),
    # Trigger ids and response URLs: whoever has one can act in Slack for a while.
    CAPABILITY: frozenset(),
    # What a link to a sign-in carries: whoever has asked for it gets it there.
    LINK: frozenset({"slack"}),
}


@dataclass(frozen=True)
class Hit:
    """A canary where it does not belong."""

    kind: str
    place: str
    form: str
    around: str


@dataclass
class Written:
    """Everything that came out of the bot, by place: logs, console, http, audit, doctor, slack, errors, reprs."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, *texts: Any) -> None:
        self.texts.setdefault(place, []).extend(map(str, texts))

    def places_of(self, canary: str) -> set[str]:
        """Return where a canary is found, in any form."""
        return {place for place, _, _ in self._found(canary)}

    def hits(self, canaries: Mapping[str, set[str]]) -> list[Hit]:
        """Every canary, by kind, that is found where its kind does not belong."""
        return [
            Hit(kind, place, form, around)
            for kind, values in sorted(canaries.items())
            for value in sorted(values)
            for place, form, around in self._found(value)
            if place not in BELONGS[kind]
        ]

    def _found(self, canary: str) -> Iterator[tuple[str, str, str]]:
        for place, texts in self.texts.items():
            for text in texts:
                for form, wanted in forms(canary).items():
                    at = text.find(wanted)
                    if at >= 0:
                        yield place, form, text[max(0, at - 80) : at + len(wanted) + 20]


def forms(canary: str) -> dict[str, str]:
    """Return how a canary may look when it has been put into something."""
    raw = canary.encode()
    made = {"as it is": canary, "in JSON": json.dumps(canary)[1:-1]}
    made |= {"URL-encoded": quote(canary, safe=""), "form-encoded": quote_plus(canary)}
    for shift in range(3):
        # What stands before it moves the letters; the first and last few depend on the neighbors.
        encoded = base64.b64encode(b"x" * shift + raw).decode().rstrip("=")
        inner = encoded[4 if shift else 0 : -4]
        made[f"base64 +{shift}"] = inner
        made[f"base64url +{shift}"] = inner.replace("+", "-").replace("/", "_")
    return made


def people_in(workspace: Workspace) -> dict[str, set[str]]:
    """The e-mail addresses and names of everybody in the stand-in."""
    people = [each for each in workspace.people.values() if not each.is_bot and each.email]
    return {
        EMAIL: {each.email for each in people if each.email},
        NAME: {each.real_name for each in people},
    }


def capabilities_in(workspace: Workspace) -> set[str]:
    """Every trigger id and response URL that Slack has handed to the bot."""
    return {
        delivery.payload[name]
        for delivery in workspace.deliveries
        for name in ("trigger_id", "response_url")
        if delivery.payload.get(name)
    }


def shown_in(workspace: Workspace) -> Iterator[str]:
    """Every message and view that the bot has put before people."""
    for channel in workspace.channels.values():
        yield from (json.dumps([each.text, each.blocks]) for each in channel.messages)
    for view in workspace.views.values():
        yield json.dumps([view.blocks, view.private_metadata, view.errors])
