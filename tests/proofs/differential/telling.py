"""One story told to differently built bots: whatever lies below, the same must come of it."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.database.audit_log import audit
from bot.words.formats import KEPT_MOMENT
from sandbox.slack import Message
from tests.harness.owed import is_draft, looked, rows_of, unfinished
from tests.harness.world import (
    ANN,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    MIA,
    World,
    buttons,
    eventually,
    labels,
    living,
    say_why_extended,
)
from tests.proofs.crash_sweep.deeds import read

PACKAGES: Final = {
    "finance-reports": "Finance Reports",
    "marketing-campaign": "Marketing Campaign",
    "production-database": "Production Database",
}
# How often each deed is drawn.
DEEDS: Final = {
    "ask": 6,
    "approve": 8,
    "deny": 2,
    "cancel": 2,
    "extend": 4,
    "return": 3,
    "remove": 3,
    "end outside": 2,
    "move outside": 2,
    "wait": 3,
}
# Nobody decides who is not asked; the others hear that they may not.
DECIDERS: Final = (BO, DANA, MIA)
ASKERS: Final = (ANN, CY, MIA)
DAYS: Final = (2, 8, 24)
MOVED_TO: Final = timedelta(days=12)
# What Graph does not show any more is gone after the second look.
SEEN_TWICE: Final = ("end outside", "wait")
LISTED: Final = {"cancel": "Cancel", "extend": "Extend", "return": "Return"}

TIMES_AND_IDS: Final = re.compile(rf"{KEPT_MOMENT.pattern}|[0-9a-f-]{{32,36}}")

Row = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something that somebody does, or that time or Entra does."""

    verb: str
    user: str
    package: str
    days: int


@dataclass(frozen=True, kw_only=True)
class Build:
    """What a bot is put together from."""

    database: str = "sqlite"
    graph: str = "v1.0"
    socket_mode: bool = False


PLAIN: Final = Build()
OTHERS: Final = {
    "PostgreSQL": Build(database="postgresql"),
    "Graph beta over Socket Mode": Build(graph="beta", socket_mode=True),
}


def story(seed: int, *, length: int) -> list[Deed]:
    """Some deeds in some order, the same for the same *seed*; mostly about what somebody has asked for."""
    dice = random.Random(seed)  # noqa: S311 (no secret)
    asked: list[tuple[str, str]] = []
    deeds = []
    for number in range(length):
        (verb,) = dice.choices(list(DEEDS), weights=list(DEEDS.values()))
        if verb == "ask" or not number:
            verb = "ask"
            asked.append((dice.choice(ASKERS), dice.choice(sorted(PACKAGES))))
            user, package = asked[-1]
        else:
            user, package = dice.choice(asked)
        if verb in {"approve", "deny"}:
            user = dice.choice(DECIDERS)
        deeds.append(Deed(verb=verb, user=user, package=package, days=dice.choice(DAYS)))
    return deeds


async def tell_all(
    deeds: list[Deed], builds: Mapping[str, Build], databases: Mapping[str, Iterator[str]]
) -> list[list[Row]]:
    """
    Tell a story to a plain build and to *builds*; what came of it.

    Args:
        databases: Addresses of empty databases, by kind.

    Raises:
        AssertionError: Something else came of it with one of them than with the plain one.
    """
    told = {}
    for name, build in {"plain": PLAIN, **builds}.items():
        async with living(
            next(databases[build.database]),
            socket_mode=build.socket_mode,
            GRAPH_API_VERSION=build.graph,
        ) as world:
            told[name] = await outcome(world, deeds)
        for plain, other in zip(told["plain"], told[name], strict=True):
            assert other == plain, f"{name}: {_difference(plain, other)}"
    return told["plain"]


def _difference(plain: list[Row], other: list[Row]) -> str:
    lines = [f"only plain: {dict(row)}" for row in plain if row not in other]
    lines += [f"only there: {dict(row)}" for row in other if row not in plain]
    return "\n".join([*lines, f"after {dict(plain[-1])['deed']}"])


async def outcome(world: World, deeds: list[Deed]) -> list[list[Row]]:
    """Return what the audit log says after each deed, with order numbers for ids; and who is in which group then."""
    numbers: dict[str, dict[str, str]] = {}
    steps = []
    seen = 0
    for deed in deeds:
        await _do(world, deed)
        for _ in range(2 if deed.verb in SEEN_TWICE else 1):
            await world.synced()
        await _quiet(world)
        rows = await read(world, audit.rows)
        # What is done at once about two requests may be done in any order; about one it has its order.
        fresh = [_numbered(row, numbers) for row in rows[seen:]]
        fresh.sort(key=_place)
        seen = len(rows)
        members = {
            group.display_name: sorted(group.members)
            for group in world.tenant.world.groups.values()
        }
        steps.append([*fresh, (("deed", str(deed)), ("members", str(members)))])
    return steps


async def _quiet(world: World) -> None:
    """Wait until all that is left to do is for people to decide."""
    left: list[str] = []

    async def nothing_left() -> bool:
        for _ in range(2):
            await looked(world.bot)
        found = await read(world, unfinished)
        left[:] = [each for each in found if not re.fullmatch("request .* pending", each)]
        return not left

    try:
        await eventually(nothing_left)
    except AssertionError:
        raise AssertionError(f"still owed: {left}") from None


def _numbered(row: Mapping[str, Any], numbers: dict[str, dict[str, str]]) -> Row:
    def number(kind: str, value: Any) -> str | None:
        if value is None:
            return None
        known = numbers.setdefault(kind, {})
        return known.setdefault(str(value), f"{kind} {len(known) + 1}")

    details = dict(row["details"] or {})
    for name, value in details.items():
        if name == "ends_at" and value is not None:
            hours = (datetime.fromisoformat(value) - row["at"]) / timedelta(hours=1)
            details[name] = f"{hours:.0f} h"
        else:
            details[name] = number(name, value)
    told = {
        "actor": row["actor"],
        "actor_entra_id": row["actor_entra_id"],
        "verb": row["verb"],
        "request_id": number("request", row["request_id"]),
        "assignment_id": number("assignment", row["assignment_id"]),
        "package_id": row["package_id"],
        "subject_entra_id": row["subject_entra_id"],
        "before": row["before"],
        "after": row["after"],
        "why": TIMES_AND_IDS.sub("…", row["why"] or ""),
        "details": str(details),
    }
    return tuple(told.items())


def _place(row: Row) -> tuple[str, str]:
    facts = dict(row)
    return (str(facts["request_id"]), str(facts["assignment_id"]))


# -- the deeds -------------------------------------------------------------------------------------


async def _do(world: World, deed: Deed) -> None:
    if deed.verb == "ask":
        await world.type(deed.user, f"/request-access {deed.package} because of May")
    elif deed.verb in {"approve", "deny"}:
        await _decide(world, deed.user, deed.verb.capitalize())
    elif deed.verb in LISTED:
        shown = (await world.type(deed.user, "/my-access")).message
        await _press(world, deed.user, shown, LISTED[deed.verb], about=PACKAGES[deed.package])
    elif deed.verb == "remove":
        words = f"remove <@{deed.user}> {deed.package} because of June"
        await world.type(DANA, f"/access-admin {words}")
    elif deed.verb == "wait":
        world.outside.clock.shift(timedelta(days=deed.days))
    else:
        _change_outside(world, deed)


async def _decide(world: World, user: str, label: str) -> None:
    """Press the newest card that is still open, and say why if a form asks."""
    open_cards = [card for card in world.cards(user) if label in labels(card)]
    if not open_cards:
        return
    await world.press(user, open_cards[-1], label)

    async def drafts() -> bool:
        return any(is_draft(each) for each in await read(world, rows_of, "decision"))

    async def form_or_judged() -> bool:
        return world.form(user) is not None or not await drafts()

    await eventually(form_or_judged)
    if world.form(user) is not None:
        await world.give_reason(user, "I have thought about it")


async def _press(world: World, user: str, shown: Message | None, label: str, *, about: str) -> None:
    found = [
        button
        for button in buttons(shown)
        # "Extend" stands for "Extend to 3 Feb", too.
        if button["text"]["text"].split(" to ")[0] == label
        and about in button.get("accessibility_label", "")
    ]
    if shown is not None and found:
        await world.press(user, shown, label, about=about)
        if label == "Extend":
            await say_why_extended(world.slack, user, "It goes on")


def _change_outside(world: World, deed: Deed) -> None:
    for held in list(world.tenant.world.assignments.values()):
        package = world.tenant.world.packages[held.package_id].display_name
        if not held.is_live or (held.target_id, package) != (
            ENTRA_ID[deed.user],
            PACKAGES[deed.package],
        ):
            continue
        if deed.verb == "end outside":
            world.tenant.remove_assignment(held.id)
        else:
            world.tenant.move_end(held.id, world.outside.clock.now() + MOVED_TO)
