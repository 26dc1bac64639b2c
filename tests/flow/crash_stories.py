"""The stories of the crash sweep: what people and Entra do, and what must come of it, once."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.models import Kind, Outcome, Request, State
from bot.store import audit
from sandbox.slack import Message
from sandbox.tenant import seed
from tests.flow.crashing import Photograph
from tests.flow.crashing_owed import at_rest, every_request, is_draft, rows_of, waits_pass
from tests.flow.world import ANN, APPROVALS, BO, DANA, MIA, World, eventually, labels, said

MARKETING: Final = "/request-access marketing-campaign"
FINANCE: Final = "/request-access finance-reports because I close the quarter"
PRODUCTION: Final = "/request-access production-database because of the outage"
REMOVE: Final = f"/access-admin remove <@{ANN}> marketing-campaign because she moved"
# How long Entra takes here, in the sandbox's time: nothing is delivered before the clock is moved.
DELIVERY: Final = timedelta(hours=1)
# What is given for 30 days ends soon by then.
WEEKS: Final = timedelta(days=24)


# -- what people and Entra do, whatever has happened already -----------------------------------


async def asked(world: World, kind: Kind) -> Request | None:
    """The newest request of a kind, if somebody has asked."""
    found = await world.bot.store.run(every_request)
    return next((each for each in reversed(found) if each.kind is kind), None)


async def delivered(world: World, kind: Kind) -> None:
    """Wait until Graph has delivered it, and nothing is left to do."""
    await reported(world, kind, State.DELIVERED)
    await at_rest(world.bot)


async def reported(world: World, kind: Kind, state: State) -> None:
    """Wait for Graph to have the request; let Graph's time pass; wait for its result to be known."""

    async def in_state(*states: State) -> bool:
        request = await asked(world, kind)
        assert request is not None
        if request.state is State.SUBMITTED and request.attempts:
            await world.bot.store.run(waits_pass)
            world.bot.jobs.wake()
        return request.state in states

    await eventually(lambda: in_state(State.SUBMITTED, state))
    if any(each.completed_at is None for each in world.tenant.world.requests.values()):
        world.outside.clock.shift(2 * DELIVERY)
    await eventually(lambda: in_state(state))


async def grant(world: World) -> None:
    """Ann asks for what needs no approval."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, MARKETING)
    await delivered(world, Kind.ADD)


async def grant_with_approval(world: World) -> None:
    """Ann asks, and Bo approves."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, FINANCE)
    if not await decided(world, BO):
        await world.press(BO, await world.card(BO), "Approve")
    await delivered(world, Kind.ADD)


async def decided(world: World, user: str) -> bool:
    """Whether somebody's click is on record, with its reason where it needs one."""
    clicks = await world.bot.store.run(rows_of, "decision")
    return any(each["slack_user"] == user and not is_draft(each) for each in clicks)


async def decide_with_reason(world: World, user: str, label: str) -> None:
    """Press, and say why in the form; the form outlives the bot that opened it."""
    if await decided(world, user):
        return
    if world.form(user) is None:
        await world.press(user, await world.card(user), label)
    await world.give_reason(user, "I have thought about it")


async def two_stages(world: World) -> None:
    """Ann asks; first her manager approves, then Bo, who must say why."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, PRODUCTION)
    if not await decided(world, MIA):
        await world.press(MIA, await world.card(MIA), "Approve")
    await decide_with_reason(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def denial(world: World) -> None:
    """Ann asks, and Bo denies."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, FINANCE)
    await decide_with_reason(world, BO, "Deny")
    await ended(world, Kind.ADD, State.DENIED)


async def withdrawal(world: World) -> None:
    """Ann asks, and thinks better of it when the cards are out."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, FINANCE)
    request = await asked(world, Kind.ADD)
    assert request is not None
    if request.is_open:
        for place in (BO, APPROVALS):
            await world.card(place)
        shown = (await world.type(ANN, "/my-access")).message
        assert shown is not None
        await world.press(ANN, shown, "Cancel")
    await ended(world, Kind.ADD, State.CANCELED)


async def ended(world: World, kind: Kind, state: State) -> None:
    """Wait for an end that Graph has no part in."""

    async def there() -> bool:
        request = await asked(world, kind)
        return request is not None and request.state is state

    await eventually(there)
    await at_rest(world.bot)


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


async def giving_back(world: World) -> None:
    """Ann returns what she has."""
    if await asked(world, Kind.REMOVE) is None:
        shown = (await world.type(ANN, "/my-access")).message
        assert shown is not None
        await world.press(ANN, shown, "Return")
    await delivered(world, Kind.REMOVE)


async def end_outside(world: World) -> None:
    """Somebody takes the access away in Entra's own portal."""
    for held in list(world.tenant.world.assignments.values()):
        if held.is_live:
            world.tenant.remove_assignment(held.id)
    world.bot.jobs.wake_all()
    await eventually(lambda: told(ANN, "was ended in Entra, not through me")(world))
    await at_rest(world.bot)


async def misdelivery(world: World) -> None:
    """Entra gives Cy what Ann asked for, and it is taken back."""
    if await asked(world, Kind.ADD) is None:
        await world.type(ANN, MARKETING)
    await eventually(lambda: world.tenant.world.requests)
    for made in world.tenant.world.requests.values():
        if made.request_type == "adminAdd":
            made.target_id = seed.CY
    await reported(world, Kind.ADD, State.FAILED)
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
    ends: tuple[str, ...]
    approvals: int = 0
    in_graph: Counter[str]
    once: dict[str, Callable[[World], list[Message]]]
    holders: frozenset[str] = frozenset()
    group: str = seed.MARKETING_RESOURCES
    at_home: tuple[str, ...] = ()


ANN_ALONE: Final = frozenset({seed.ANN})
CARDS: Final = {"card for Bo": cards(BO), "card for the admins": cards(APPROVALS)}

STORIES: Final = {
    "grant": Story(
        act=grant,
        ends=("add delivered",),
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access")},
        holders=ANN_ALONE,
    ),
    "approval": Story(
        act=grant_with_approval,
        ends=("add delivered",),
        approvals=1,
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access"), **CARDS},
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "two stages": Story(
        act=two_stages,
        ends=("add delivered",),
        approvals=2,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "card for Mia": cards(MIA),
            "card for Bo": cards(BO),
        },
        holders=ANN_ALONE,
        group=seed.DATABASE_OPERATORS,
    ),
    "denial": Story(
        act=denial,
        ends=("add denied",),
        approvals=1,
        in_graph=Counter(),
        once={"denied": told(ANN, "was denied by"), **CARDS},
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "withdrawal": Story(
        act=withdrawal,
        ends=("add canceled",),
        in_graph=Counter(),
        once=CARDS,
        group=seed.FINANCE_READERS,
    ),
    "extension": Story(
        before=reminded,
        act=extension,
        ends=("add delivered", "extend delivered"),
        in_graph=Counter(adminAdd=1, adminUpdate=1),
        once={"delivered": told(ANN, "now lasts"), "reminder": reminders},
        holders=ANN_ALONE,
    ),
    "return": Story(
        before=grant,
        act=giving_back,
        ends=("add delivered", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is thanked": told(ANN, "is given back")},
    ),
    "removal": Story(
        before=grant,
        act=removal,
        ends=("add delivered", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={
            "Ann is told": told(ANN, "was removed by"),
            "Dana is told": told(DANA, "is removed"),
        },
    ),
    "end outside": Story(
        before=grant,
        act=end_outside,
        ends=("add delivered",),
        # Whoever did it there made the removal.
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is told": told(ANN, "was ended in Entra, not through me")},
    ),
    "reminder": Story(
        before=grant,
        act=reminder,
        ends=("add delivered",),
        in_graph=Counter(adminAdd=1),
        once={"reminder": reminders},
        holders=ANN_ALONE,
    ),
    "misdelivery": Story(
        act=misdelivery,
        ends=("add failed", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is told": told(ANN, "I could not get you access")},
    ),
}


async def check(story: Story, world: World, photograph: Photograph, lies: list[str]) -> None:
    """Everything that must be so, however often the bot died."""
    assert not lies
    made = Counter(each.request_type for each in world.tenant.world.requests.values())
    assert made == story.in_graph, "assignment requests in Graph"
    assert world.holders(story.group) == story.holders
    clicks = await world.bot.store.run(rows_of, "decision")
    counted = [each for each in clicks if each["outcome"] == Outcome.ACCEPTED]
    assert len(counted) == story.approvals, "decisions that count"
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
    for user in (BO, DANA, MIA):
        assert "Approve" not in labels(world.home(user)), "a Home offers what is decided"
    asked_for = await world.bot.store.run(every_request)
    assert [f"{each.kind} {each.state}" for each in asked_for] == list(story.ends)
    rows = await world.bot.store.run(audit.rows)
    for request in asked_for:
        path = [
            (each["before"], each["after"])
            for each in rows
            if each["verb"] == "move" and each["request_id"] == request.id
        ]
        assert len(path) == request.version, "one audit row for each move"
        assert [before for before, _ in path[1:]] == [after for _, after in path[:-1]]
        assert path[-1][1] == request.state
    chain = await world.bot.store.run(audit.verify, world.bot.settings.audit_key_bytes)
    assert chain.wrong is None, chain.wrong


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
