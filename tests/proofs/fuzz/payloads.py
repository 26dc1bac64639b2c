"""Golden payloads of Slack's, and the ways to spoil them."""

import copy
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from tests.proofs.fuzz.world import FORM, HOME, JSON

PEOPLE: Final = ("U0ANN", "U0CY", "U0BO", "U0DANA", "U0MIA", "U0GUS", "U0EVE")
ACTIONS: Final = (
    "approve",
    "deny",
    "cancel",
    "extend",
    "return",
    "let_end",
    "remind_again",
    "remove",
    "ask",
    "answers",
    "policy",
    "ask_again",
    "why",
    "new_request",
    "decline",
    "package",
    "for_whom",
)
TEXTS: Final = (
    "marketing-campaign",
    "finance-reports because of May",
    "board-papers",
    "production",
)
STRANGE: Final[tuple[Any, ...]] = (
    None,
    "",
    0,
    -1,
    1.5,
    10**400,
    True,
    [],
    {},
    [None],
    {"id": None},
    {"id": {"id": "U0DANA"}},
    ["U0DANA"],
    "U0DANA",
    "U0ANN\x00",
    "u0ann",
    " U0ANN",
    "T0OTHER",
    HOME,
    "x" * 5_000,
    "\ud800",
    "\u202eNNA0U",
    "'; DROP TABLE request; --",
    "../../",
    "{{7*7}}",
    "%s%n",
    "0" * 36,
    "f" * 36,
    [[[[[[]]]]]],
)


@dataclass(frozen=True)
class Target:
    """Ids of what there is to click on."""

    asks: tuple[str, ...]
    requests: tuple[str, ...]
    assignments: tuple[str, ...]
    drafts: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Knock:
    """A body and its type."""

    body: bytes
    content_type: str


class Payloads:
    """
    Makes payloads: golden ones, and spoiled ones.

    Args:
        chance: Draws all of them.
        trigger: Issues a trigger id to somebody, as Slack does.
    """

    def __init__(self, chance: random.Random, *, trigger: Callable[[str], str]) -> None:
        self._chance = chance
        self._trigger = trigger
        self._deeds = iter(range(10**9))

    def golden(self, target: Target) -> tuple[str, dict[str, Any]]:
        """A payload as Slack sends it: its kind, and its fields."""
        kind = self._chance.choices(
            ("command", "click", "view", "event", "options", "shortcut"), (30, 40, 20, 10, 5, 5)
        )[0]
        make: Callable[[Target], dict[str, Any]] = getattr(self, f"_{kind}")
        return kind, make(target)

    def _who(self) -> dict[str, Any]:
        user = self._chance.choice(PEOPLE)
        team = "T0OTHER" if user == "U0EVE" else HOME
        return {"id": user, "username": "x", "name": "x", "team_id": team}

    def _command(self, target: Target) -> dict[str, Any]:
        user = self._who()["id"]
        command = self._chance.choice(("/request-access", "/my-access", "/access-admin"))
        text = self._chance.choice(TEXTS)
        if command == "/access-admin":
            admin = ("pending", "assignments", f"remove <@U0ANN> {text}", "help")
            text = self._chance.choice(admin)
        return {
            "token": "none",
            "team_id": HOME,
            "team_domain": "contoso",
            "channel_id": "C0GENERAL",
            "channel_name": "general",
            "user_id": user,
            "user_name": "x",
            "command": command,
            "text": text,
            "api_app_id": "A0LATCH",
            "is_enterprise_install": "false",
            "response_url": "http://127.0.0.1:9/respond",
            "trigger_id": self._trigger(user),
        }

    def _click(self, target: Target) -> dict[str, Any]:
        action = self._chance.choice(ACTIONS)
        values = {
            "approve": target.asks,
            "deny": target.asks,
            "cancel": target.requests,
            "decline": target.requests,
            "ask_again": target.requests,
            "why": target.requests,
            "package": target.packages,
            "ask": target.packages,
            "answers": target.requests,
            "policy": target.packages,
        }.get(action, target.assignments)
        pressed = {
            "type": "button",
            "action_id": f"latchkey_{action}",
            "block_id": "b",
            "text": {"type": "plain_text", "text": "Go"},
            "value": self._chance.choice(values or ("none",)),
            "action_ts": f"1.{next(self._deeds)}",
        }
        if action in ("policy", "package", "for_whom"):
            return self._shell("block_actions") | self._chosen(target, pressed)
        return self._shell("block_actions") | {
            "container": {"type": "message", "message_ts": "1.2", "channel_id": "C0APPROVALS"},
            "channel": {"id": "C0APPROVALS", "name": "access-approvals"},
            "state": {"values": {}},
            "response_url": "http://127.0.0.1:9/respond",
            "actions": [pressed],
        }

    def _chosen(self, target: Target, pressed: dict[str, Any]) -> dict[str, Any]:
        """A choice in the form to ask for a package."""
        option = {"text": {"type": "plain_text", "text": "x"}, "value": pressed["value"]}
        menu = {"type": "static_select", "selected_option": option}
        return {
            "container": {"type": "view", "view_id": "V1"},
            "view": {
                "id": "V1",
                "team_id": HOME,
                "type": "modal",
                "callback_id": "latchkey_request",
                "private_metadata": f"{pressed['value']} - - de-DE {pressed['value']}",
                "state": {"values": self._filled(menu, option)},
                "hash": "1.2",
                "blocks": [],
            },
            "actions": [pressed | {"type": "static_select", "selected_option": option}],
        }

    def _filled(self, menu: dict[str, Any], option: dict[str, Any]) -> dict[str, Any]:
        """Return what stands in the fields of that form."""
        several = {"type": "multi_external_select", "selected_options": [option]}
        somebody = {"type": "users_select", "selected_user": self._chance.choice(PEOPLE)}
        return {
            "policy": {"latchkey_policy": menu},
            "package": {"latchkey_package": several},
            "for_whom": {"latchkey_for_whom": somebody},
        }

    def _options(self, target: Target) -> dict[str, Any]:
        return self._shell("block_suggestion") | {
            "action_id": "latchkey_package",
            "block_id": "package",
            "value": self._chance.choice(TEXTS),
            "container": {"type": "view", "view_id": "V1"},
        }

    def _shortcut(self, target: Target) -> dict[str, Any]:
        if self._chance.random() < 0.5:
            return self._shell("shortcut") | {"callback_id": "latchkey_request_shortcut"}
        return self._shell("message_action") | {
            "callback_id": "latchkey_request_message",
            "message_ts": "1700000000.000100",
            "message": {"type": "message", "text": "<@U0ANN> needs it", "ts": "1700000000.000100"},
            "channel": {"id": "C0GENERAL", "name": "general"},
            "response_url": "http://127.0.0.1:9/respond",
        }

    def _view(self, target: Target) -> dict[str, Any]:
        callback = self._chance.choice(("latchkey_request", "latchkey_reason"))
        about = target.packages if callback == "latchkey_request" else target.drafts
        typed = {"type": "plain_text_input", "value": "It is needed."}
        filled: dict[str, Any] = {"reason": {"reason": typed}}
        if self._chance.random() < 0.3:
            somebody = {"type": "users_select", "selected_user": self._chance.choice(PEOPLE)}
            filled["for_whom"] = {"latchkey_for_whom": somebody}
        return self._shell(self._chance.choice(("view_submission",) * 4 + ("view_closed",))) | {
            "view": {
                "id": "V1",
                "team_id": HOME,
                "type": "modal",
                "callback_id": callback,
                "private_metadata": self._chance.choice(about or ("none",)),
                "state": {"values": filled},
                "hash": "1.2",
                "blocks": [],
            },
            "response_urls": [],
        }

    def _event(self, target: Target) -> dict[str, Any]:
        return {
            "token": "none",
            "team_id": HOME,
            "api_app_id": "A0LATCH",
            "type": "event_callback",
            "event_id": f"Ev{next(self._deeds)}",
            "event_time": 1,
            "authorizations": [{"team_id": HOME, "user_id": "U0BOT", "is_bot": True}],
            "event": {"type": "app_home_opened", "user": self._who()["id"], "tab": "home"},
        }

    def _shell(self, kind: str) -> dict[str, Any]:
        who = self._who()
        return {
            "type": kind,
            "user": who,
            "api_app_id": "A0LATCH",
            "token": "none",
            "trigger_id": self._trigger(who["id"]),
            "team": {"id": HOME, "domain": "contoso"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    # -- spoiling --------------------------------------------------------------------------

    def spoiled(self, target: Target) -> Knock:
        """A payload with one to four things wrong in its fields, and now and then in its bytes."""
        kind, payload = self.golden(target)
        for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3, 4))):
            self._spoil(payload, target)
        knock = self.encoded(kind, payload)
        return self._spoil_bytes(knock) if self._chance.random() < 0.2 else knock

    def encoded(self, kind: str, payload: dict[str, Any]) -> Knock:
        """As Slack would send it; what JSON cannot say, as text."""
        if kind == "event":
            return Knock(_json(payload), JSON)
        fields: dict[str, Any] = payload
        if kind != "command":
            fields = {"payload": _json(payload).decode()}
        return Knock(urlencode(fields, errors="surrogatepass").encode(), FORM)

    def _spoil(self, payload: dict[str, Any], target: Target) -> None:
        places = list(_places(payload))
        if not places:
            return
        parent, key = self._chance.choice(places)
        how = self._chance.randrange(6)
        if how == 0:
            del parent[key]
        elif how == 1:
            parent[key] = copy.deepcopy(self._chance.choice(STRANGE))
        elif how == 2:
            # A value that fits somewhere else.
            other = list(_places(self.golden(target)[1]))
            source, name = self._chance.choice(other)
            parent[key] = copy.deepcopy(source[name])
        elif how == 3:
            parent[key] = self._chance.choice((*target.asks, *target.assignments, *PEOPLE, "none"))
        elif how == 4:
            self._spoil_text(parent, key)
        else:
            strange = copy.deepcopy(self._chance.choice(STRANGE))
            names = ("user", "user_id", "team_id", "type", "payload", "command", "event_id", "z")
            payload[self._chance.choice(names)] = strange

    def _spoil_text(self, parent: Any, key: Any) -> None:
        text = str(parent[key])
        at = self._chance.randrange(len(text) + 1)
        letter = self._chance.choice(string.printable + "é\u200b\U0001f5dd")
        parent[key] = self._chance.choice(
            (text[:at] + letter + text[at + 1 :], text[:at], text * 2, text.swapcase(), [text])
        )

    def _spoil_bytes(self, knock: Knock) -> Knock:
        body, chance = bytearray(knock.body), self._chance
        how = chance.randrange(6)
        at = chance.randrange(len(body) + 1)
        if how == 0:
            del body[at:]
        elif how == 1 and body:
            body[at % len(body)] ^= 1 << chance.randrange(8)
        elif how == 2:
            body[at:at] = chance.randbytes(chance.randint(1, 20))
        elif how == 3:
            body += b"&" + bytes(body)
        elif how == 4:
            body = bytearray(b"payload=" + b"%5B" * chance.randint(1, 3_000))
        else:
            types = ("", "text/plain", JSON, FORM, f"{FORM}; charset=klingon", "a" * 1_000)
            return Knock(knock.body, chance.choice(types))
        return Knock(bytes(body), knock.content_type)


def _json(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a payload that holds something: its container and its key there."""
    keys: Any = part if isinstance(part, dict) else range(len(part))
    for key in list(keys):
        yield part, key
        if isinstance(part[key], dict | list):
            yield from _places(part[key])


def actor_in(knock: Knock) -> tuple[str | None, str | None]:
    """Return whom a body names as the one who does it, and their team; read as Slack means it."""
    try:
        if knock.content_type.partition(";")[0].strip().lower() == FORM:
            fields: Any = dict(parse_qsl(knock.body.decode(), keep_blank_values=True))
            if "payload" not in fields or "command" in fields:
                return fields.get("user_id"), fields.get("team_id")
            body: Any = json.loads(fields["payload"])
        else:
            body = json.loads(knock.body)
        team = body.get("team_id") or (body.get("team") or {}).get("id")
        user = body.get("user") or body.get("event", {}).get("user")
        return (user["id"] if isinstance(user, dict) else user), team
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        return None, None
