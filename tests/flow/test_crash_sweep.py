"""A bot dies at any step of any story, and the next one on the same database ends the story, once."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.models import Kind, Request, State
from bot.store import audit
from sandbox.certificate import Certificate
from sandbox.run import stand_ins
from sandbox.slack import Message
from sandbox.tenant import seed
from tests.flow.crashing import Camera, Photograph, empty_postgresql, empty_sqlite, life, restore
from tests.flow.crashing_owed import at_rest, every_request, rows_of, waits_pass
from tests.flow.world import ANN, APPROVALS, BO, DANA, World, eventually, labels, said

MARKETING = "/request-access marketing-campaign"
FINANCE = "/request-access finance-reports because I close the quarter"
REMOVE = f"/access-admin remove <@{ANN}> marketing-campaign because she moved"
# How long Entra takes here, in the sandbox's time: nothing is delivered before the clock is moved.
DELIVERY = timedelta(hours=1)
# What is given for 30 days ends soon by then.
WEEKS = timedelta(days=24)


# -- what people and Entra do, whatever has happened already -----------------------------------


async def asked(world: World, kind: Kind) -> Request | None:
    """The newest request of a kind, if somebody has asked."""
    found = await world.bot.store.run(every_request)
    return next((each for each in reversed(found) if each.kind is kind), None)


async def delivered(world: World, kind: Kind) -> None:
    """Wait for Graph to have the request; let Graph's time pass; wait for its result to be known."""

    async def in_state(*states: State) -> bool:
        request = await asked(world, kind)
        assert request is not None
        if request.state is State.SUBMITTED and request.attempts:
            await world.bot.store.run(waits_pass)
            world.bot.jobs.wake()
        return request.state in states

    await eventually(lambda: in_state(State.SUBMITTED, State.DELIVERED))
    if any(each.completed_at is None for each in world.tenant.world.requests.values()):
        world.outside.clock.shift(2 * DELIVERY)
    await eventually(lambda: in_state(State.DELIVERED))
    await at_rest(world.bot)


async def grant(world: World) -> None:
    """Ann asks for what needs no approval."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, MARKETING)
    await delivered(world, Kind.ADD)


async def grant_with_approval(world: World) -> None:
    """Ann asks, and Bo approves."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, FINANCE)
    if not await world.bot.store.run(rows_of, "decision"):
        await world.press(BO, await world.card(BO), "Approve")
    await delivered(world, Kind.ADD)


async def reminder(world: World) -> None:
    """Nobody does anything; time goes on."""
    if world.outside.clock.offset < WEEKS:
        world.outside.clock.shift(WEEKS)
    else:
        world.bot.jobs.wake_all()
    await eventually(lambda: reminders(world))
    await at_rest(world.bot)


async def reminded(world: World) -> None:
    """Ann has had her access for weeks, and her reminder."""
    await grant(world)
    await reminder(world)


async def extension(world: World) -> None:
    """Ann extends with the reminder's button."""
    if await asked(world, Kind.EXTEND) is None:
        await world.press(ANN, reminders(world)[-1], "Extend")
    await delivered(world, Kind.EXTEND)


async def removal(world: World) -> None:
    """Dana, an admin, removes Ann's access."""
    if await asked(world, Kind.REMOVE) is None:
        await world.type(DANA, REMOVE)
    await delivered(world, Kind.REMOVE)


# -- what must come of it, counted at the stand-ins ----------------------------------------------


def reminders(world: World) -> list[Message]:
    return [
        each
        for each in world.direct(ANN)
        if "Let it end" in labels(each)
        or "ends soon" in said(each)
        or "About your access" in said(each)
    ]


def told(user: str, words: str) -> Callable[[World], list[Message]]:
    return lambda world: [each for each in world.direct(user) if words in said(each)]


def cards(place: str) -> Callable[[World], list[Message]]:
    return lambda world: world.cards(place)


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happens before, what is swept, and what there must be once in the end."""

    before: Callable[[World], Awaitable[None]] | None = None
    act: Callable[[World], Awaitable[None]]
    in_graph: Counter[str]
    once: dict[str, Callable[[World], list[Message]]]
    holders: set[str]
    group: str = seed.MARKETING_RESOURCES
    at_home: tuple[str, ...] = ()


STORIES = {
    "grant": Story(
        act=grant,
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access")},
        holders={seed.ANN},
    ),
    "approval": Story(
        act=grant_with_approval,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "card for Bo": cards(BO),
            "card for the admins": cards(APPROVALS),
        },
        holders={seed.ANN},
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "extension": Story(
        before=reminded,
        act=extension,
        in_graph=Counter(adminAdd=1, adminUpdate=1),
        once={"delivered": told(ANN, "now lasts"), "reminder": reminders},
        holders={seed.ANN},
    ),
    "removal": Story(
        before=grant,
        act=removal,
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={
            "Ann is told": told(ANN, "was removed by"),
            "Dana is told": told(DANA, "is removed"),
        },
        holders=set(),
    ),
    "reminder": Story(
        before=grant,
        act=reminder,
        in_graph=Counter(adminAdd=1),
        once={"reminder": reminders},
        holders={seed.ANN},
    ),
}


async def check(story: Story, world: World, photograph: Photograph, lies: list[str]) -> None:
    """Everything that must be so, however often the bot died."""
    assert not lies
    made = Counter(each.request_type for each in world.tenant.world.requests.values())
    assert made == story.in_graph, "assignment requests in Graph"
    assert world.holders(story.group) == story.holders
    for about, messages in story.once.items():
        # A message that Slack took and nobody could record is sent again: late and twice beats never.
        found = {each.ts for each in messages(world)}
        count, expected = len(found), 1 + len(found & photograph.unrecorded())
        assert count == expected, f"{about}: {count} messages, not {expected}"
    sent = {row["ts"] for row in await world.bot.store.run(rows_of, "notice")}
    for channel in world.slack.channels.values():
        for message in channel.messages:
            if message.ts in sent and "Approve" in labels(message):
                raise AssertionError("a decided request's card still has its buttons")
    for user in (BO, DANA):
        assert "Approve" not in labels(world.home(user)), "a Home offers what is decided"
    moves = [each for each in await world.bot.store.run(audit.rows) if each["verb"] == "move"]
    for request in await world.bot.store.run(every_request):
        path = [
            (each["before"], each["after"]) for each in moves if each["request_id"] == request.id
        ]
        assert [before for before, _ in path] == ["received", *(after for _, after in path[:-1])]
        assert path[-1][1] == request.state == State.DELIVERED


def watch_for_lies(world: World, lies: list[str]) -> Callable[[], None]:
    """Note every message that says done before Graph has done it."""
    tenant = world.tenant.world

    def look(change: object) -> None:
        open_now = [each for each in tenant.requests.values() if each.completed_at is None]
        if open_now and any(
            words in said(message)
            for message in world.direct(ANN)[-1:]
            for words in ("You now have access", "now lasts", "was removed by")
        ):
            lies.append(said(world.direct(ANN)[-1]))

    return world.slack.subscribe(look)


async def sweep(
    story: Story,
    folder: Path,
    certificate: Certificate,
    databases: Iterator[str],
    *,
    every: int = 1,
) -> None:
    """Photograph the story once, untouched; then end it from each photograph, and check each time."""
    async with stand_ins(folder, certificate=certificate, socket_mode=False) as outside:
        outside.environment["DATABASE_URL"] = next(databases)
        # Graph takes a second request for the same thing: whoever makes one is caught.
        outside.tenant.world.lenient = True
        outside.tenant.world.delivery = DELIVERY
        camera = Camera(outside)
        with camera.installed():
            async with life(outside) as world:
                await world.synced()
                for user in story.at_home:
                    await world.slack.open_home(user=user)
                if story.before is not None:
                    await story.before(world)
                await at_rest(world.bot)
                with camera.watching(world.bot.store):
                    await story.act(world)
        assert len(camera.album) >= 3
        wrong = []

        for photograph in camera.album[::every]:
            restore(outside, photograph, database=next(databases))
            lies: list[str] = []
            try:
                async with life(outside) as world:
                    unsubscribe = watch_for_lies(world, lies)
                    await story.act(world)
                    unsubscribe()
                    await check(story, world, photograph, lies)
            except AssertionError as error:
                wrong.append(f"{photograph.step}: {error}")
                if len(wrong) == 3:
                    break
        assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", STORIES)
async def test_a_death_at_any_step_neither_loses_nor_doubles_anything(name, tmp_path, certificate):
    """SQLite, every step of every story."""
    await sweep(STORIES[name], tmp_path, certificate, empty_sqlite(tmp_path))


async def test_a_death_at_any_step_is_survived_on_postgresql_as_well(
    tmp_path, certificate, postgresql
):
    """A sample: every eighth step of the longest story."""
    databases = empty_postgresql(postgresql)
    await sweep(STORIES["approval"], tmp_path, certificate, databases, every=8)
