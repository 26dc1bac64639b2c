"""
Graph's answers with each field dropped or retyped: never a grant that should not be, never a false "delivered".

A clean run of each story shows which fields Graph's answers have; then the story is told again with one of them
spoiled in every answer of its kind.
"""

import copy
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import click
import httpx

from bot.errors import LatchkeyError
from bot.requests.model import State
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.wires import GoOn

A_MINUTE: Final = timedelta(minutes=1)
DROPPED: Final = object()
RETYPED: Final[tuple[Any, ...]] = (None, 0, 7, True, "", "false", "maybe", [], ["x"], {}, {"a": 1})
IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
Path = tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """
    Somebody asks for something.

    Attributes:
        is_due: Whether Entra's rules give it without anybody's decision.
    """

    text: str
    package: str
    is_due: bool


STORIES: Final = (
    Story("finance-reports because of the close", "Finance Reports", False),
    Story("board-papers", "Board Papers", False),
    Story("marketing-campaign", "Marketing Campaign", True),
)


@dataclass(frozen=True)
class Case:
    """One field of one kind of answer, and what becomes of it."""

    story: Story
    call: str
    path: Path
    value: Any

    def __str__(self) -> str:
        what = "dropped" if self.value is DROPPED else f"as {self.value!r}"
        return f"{self.story.text!r}: {'.'.join(self.path)} of {self.call} {what}"


@dataclass
class Figures:
    """What came of it."""

    seed: int
    fields: int = 0
    cases: int = 0
    seconds: float = 0
    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def call_of(request: httpx.Request) -> str:
    return f"{request.method} {IDS.sub('{id}', request.url.path)}"


def fields_of(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field of an answer with its value; the members of a list count as one."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield (*path, name), value
            yield from fields_of(value, (*path, name))
    elif isinstance(part, list):
        for each in part:
            yield from fields_of(each, (*path, "*"))


def spoil(part: Any, path: Path, value: Any) -> None:
    """Drop or replace a field wherever the path leads."""
    name, rest = path[0], path[1:]
    if name == "*":
        for each in part if isinstance(part, list) else ():
            spoil(each, rest, value)
    elif isinstance(part, dict) and name in part:
        if rest:
            spoil(part[name], rest, value)
        elif value is DROPPED:
            del part[name]
        else:
            part[name] = copy.deepcopy(value)


async def tell(
    story: Story, database: str, change: Callable[[httpx.Request, Any], Any]
) -> tuple[str, list[str]]:
    """Live one story with every JSON answer of Graph's changed; how it ended, and what was wrong."""
    async with by_hand(database) as harness:
        harness.tenant.world.delivery = timedelta(days=1)

        async def answer(request: httpx.Request, go_on: GoOn) -> httpx.Response:
            given = await go_on()
            body = await given.aread()
            if not body:
                return given
            changed = json.dumps(change(request, json.loads(body))).encode()
            headers = {"content-type": "application/json"}
            return httpx.Response(
                given.status_code, content=changed, headers=headers, request=request
            )

        harness.line.on(".", answer, times=10**9)
        return await _live(harness, story)


async def _live(harness: BotHarness, story: Story) -> tuple[str, list[str]]:
    try:
        taken = await harness.requests.ask(slack_user="U0ANN", text=story.text)
    except LatchkeyError as error:
        return f"not taken: {type(error).__name__}", []
    for _ in range(3):
        await harness.expire_all_waits(settled=True)
        await harness.work()
    request = await harness.request(taken.request.id)
    return request.state, harm(harness, story, request.state)


def harm(harness: BotHarness, story: Story, state: State) -> list[str]:
    """Return what must not be, by what the tenant itself holds."""
    world = harness.tenant.world
    names = {each.id: each.display_name for each in world.packages.values()}
    wrong = []
    posts = [
        call
        for call in harness.tenant.calls
        if call.method == "POST" and call.path.lower().endswith("assignmentrequests")
    ]
    if not story.is_due and (posts or state not in {State.RECEIVED, State.PENDING, State.REFUSED}):
        wrong.append(f"granted without a decision ({state})")
    if state is State.DELIVERED:
        wrong.append("called delivered before it was")
    for call in posts:
        wanted = (call.body or {}).get("assignment", {})
        if wanted.get("targetId") != seed.ANN or names[wanted["accessPackageId"]] != story.package:
            wrong.append("granted something else, or to somebody else")
    taken = [call for call in posts if 200 <= call.status < 300]
    if len(taken) > 1:
        wrong.append("granted twice")
    return wrong


async def fields(databases: Iterator[str]) -> list[tuple[Story, str, Path, Any]]:
    """Every field of every answer in the clean stories."""
    found: dict[tuple[Story, str, Path], Any] = {}
    for story in STORIES:

        def note(request: httpx.Request, body: Any, story: Story = story) -> Any:
            for path, value in fields_of(body):
                if found.get((story, call_of(request), path)) is None:
                    found[story, call_of(request), path] = value
            return body

        state, wrong = await tell(story, next(databases), note)
        expected = {State.SUBMITTED} if story.is_due else {State.PENDING, State.REFUSED}
        assert state in expected, (story, state)
        assert not wrong, wrong
    return [(*key, value) for key, value in found.items()]


async def spoil_answers(databases: Iterator[str], *, seed: int, most: int | None = None) -> Figures:
    """
    Tell the stories with one field spoiled each time, in simulated time.

    Args:
        databases: Empty ones, each for one story.
        seed: Chooses which.
        most: How many; all without.
    """
    figures, started = Figures(seed=seed), time.perf_counter()
    found = await fields(databases)
    cases = [
        Case(story, call, path, value)
        for story, call, path, was in found
        for value in (DROPPED, *RETYPED)
        if value is DROPPED or type(value) is not type(was)
    ]
    figures.fields = len(found)
    random.Random(seed).shuffle(cases)  # noqa: S311
    for case in cases[:most]:
        figures.cases += 1
        await _try(case, next(databases), figures)
    figures.seconds = time.perf_counter() - started
    return figures


async def _try(case: Case, database: str, figures: Figures) -> None:
    def change(request: httpx.Request, body: Any) -> Any:
        if call_of(request) == case.call:
            spoil(body, case.path, case.value)
        return body

    state, wrong = await tell(case.story, database, change)
    figures.ended[state] += 1
    figures.wrong += [f"{each}: {case}" for each in wrong]


def describe(figures: Figures) -> None:
    lines = {
        "Graph's answers, seed": figures.seed,
        "fields, cases": f"{figures.fields}, {figures.cases}",
        "ended": dict(figures.ended),
        "wrong": len(figures.wrong),
        "took": f"{figures.seconds:.0f} s",
    }
    for name, value in lines.items():
        click.echo(f"{name:26} {value}")
    for each in figures.wrong[:20]:
        click.echo(f"  {each}")
