"""
A stand-in for an on-call service, by the interface that docs/how-to/break-glass.md describes; shares no code with the bot.

It refuses whatever the description does not say.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PATH: Final = "/on-call"
QUESTION: Final[dict[str, Any]] = {
    "version": int,
    "question": str,
    "at": str,
    "person": {"id": str, "mail": str, "user_principal_name": str, "slack_user": str},
    "package": {"id": str, "name": str, "catalog": str},
}
# Somebody without an address; a catalog without a name.
MAY_BE_EMPTY: Final = frozenset({"mail", "user_principal_name", "catalog"})


@dataclass
class OnCallStandIn:
    """
    Says of each person whether they are on call.

    Attributes:
        token: What the caller must present as a bearer token.
        people: The Slack ids of those who are on call.
        asked: Every question that was understood, in order.
        wrong: What was against the description.
        keeps_waiting: Seconds before each answer.
        next_answers: Answers to give instead of the right one, in order; what is said there replaces its parts.
    """

    token: str = "on-call-token-of-the-sandbox"  # noqa: S105
    people: set[str] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    keeps_waiting: float = 0.0
    next_answers: list[Response | dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        """The service, for any ASGI server."""
        return Starlette(routes=[Route(PATH, self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "Who are you?"}, status_code=401)
        try:
            asked = json.loads(await request.body())
        except ValueError:
            asked = None
        wrong = [*_problems(asked, QUESTION, "the question"), *_problems_of_request(request)]
        if wrong:
            self.wrong += wrong
            return JSONResponse({"error": wrong}, status_code=400)
        self.asked.append(asked)
        if self.keeps_waiting:
            await asyncio.sleep(self.keeps_waiting)
        other = self.next_answers.pop(0) if self.next_answers else {}
        if isinstance(other, Response):
            return other
        answer = {
            "question": asked["question"],
            "person": {"id": asked["person"]["id"]},
            "package": {"id": asked["package"]["id"]},
            "on_call": asked["person"]["slack_user"] in self.people,
        }
        return JSONResponse(answer | other)


def _problems_of_request(request: Request) -> list[str]:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return [] if kind == "application/json" else [f"the question is {kind or 'nothing'}, no JSON"]


def _problems(said: Any, shape: dict[str, Any], what: str) -> list[str]:
    if not isinstance(said, dict) or said.keys() != shape.keys():
        return [f"{what} has not the parts {', '.join(shape)}"]
    found = []
    for name, kind in shape.items():
        value = said[name]
        if isinstance(kind, dict):
            found += _problems(value, kind, f"“{name}”")
        elif not value and name in MAY_BE_EMPTY:
            continue
        elif type(value) is not kind or value == "":
            found.append(f"“{name}” of {what} is {value!r}")
        elif name == "version" and value != 1:
            found.append(f"there is no version {value}")
        elif name == "at" and not _is_moment(value):
            found.append(f"“at” is no moment with a time zone: {value}")
    return found


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
