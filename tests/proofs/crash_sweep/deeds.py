"""What people and Entra do in the stories of the crash sweep, whatever of it has happened already."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Concatenate, Final, ParamSpec, TypeVar

from bot.database import Busy, Transaction
from bot.requests.model import Kind, Request, State
from sandbox.slack import Message
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.requests import NewRequest, accept
from tests.harness.accounts import (
    approve,
    connect,
    email_of,
    link_in_form,
    link_of,
    new_link,
    sign_in_by,
)
from tests.harness.owed import at_rest, every_request, is_draft, rows_of
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, MIA, World, eventually, labels, said

P = ParamSpec("P")
R = TypeVar("R")

MARKETING: Final = "/request-access marketing-campaign"
FINANCE: Final = "/request-access finance-reports because I close the quarter"
EMERGENCY: Final = "/request-access finance-reports emergency: the books burn"
PRODUCTION: Final = "/request-access production-database because of the outage"
REMOVE: Final = f"/access-admin remove <@{ANN}> marketing-campaign because she moved"
# A Monday, ten in the morning in Berlin: not in anybody's quiet hours here.
MONDAY: Final = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
# How long Entra takes here, in the sandbox's time: nothing is delivered before the clock is moved.
DELIVERY: Final = timedelta(hours=1)
# What is given for 30 days ends soon by then.
WEEKS: Final = timedelta(days=24)
# Somebody who sees that nothing has come of it tries again.
PATIENCE_SECONDS: Final = 5


async def read(
    world: World, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kw: P.kwargs
) -> R:
    """Return what the database says, however busy it is."""
    while True:
        try:
            return await world.bot.store.run(function, *args, **kw)
        except Busy:
            continue


async def until(
    fact: Callable[[], Awaitable[object]], deed: Callable[[], Awaitable[object]]
) -> None:
    """Do it unless it is so already; and again, as people do who are told that it was too busy just then."""
    while not await fact():
        await deed()
        try:
            await eventually(fact, seconds=PATIENCE_SECONDS)
        except AssertionError:
            continue


async def asked(world: World, kind: Kind) -> Request | None:
    """The newest request of a kind, if somebody has asked."""
    found = await read(world, every_request)
    return next((each for each in reversed(found) if each.kind is kind), None)


async def ask(world: World, user: str, command: str, kind: Kind = Kind.ADD) -> None:
    """Type what makes a request of this kind."""
    await until(lambda: asked(world, kind), lambda: world.type(user, command))


async def decided(world: World, user: str) -> bool:
    """Tell whether somebody's click is on record, with its reason where it needs one."""
    clicks = await read(world, rows_of, "decision")
    return any(each["slack_user"] == user and not is_draft(each) for each in clicks)


async def decide(world: World, user: str, label: str) -> None:
    """Press a button of the card."""

    async def press() -> None:
        await world.press(user, await world.card(user), label)

    await until(lambda: decided(world, user), press)


async def decide_with_reason(world: World, user: str, label: str) -> None:
    """Press, and say why in the form, which outlives the bot that opened it."""

    async def is_open() -> bool:
        return world.form(user) is not None

    async def press() -> None:
        await world.press(user, await world.card(user), label)

    async def explain() -> None:
        await until(is_open, press)
        await world.give_reason(user, "I have thought about it")

    await until(lambda: decided(world, user), explain)


async def reported(world: World, kind: Kind, state: State) -> None:
    """Wait for Graph to have the request; let Graph's time pass; wait for its result to be known."""

    async def in_state(*states: State) -> bool:
        request = await asked(world, kind)
        if request is None:
            return False
        return request.state in states

    await eventually(lambda: in_state(State.SUBMITTED, state))
    if any(each.completed_at is None for each in world.tenant.world.requests.values()):
        world.outside.clock.shift(2 * DELIVERY)
    await eventually(lambda: in_state(state))


async def delivered(world: World, kind: Kind) -> None:
    """Wait until Graph has delivered it, and nothing is left to do."""
    await reported(world, kind, State.DELIVERED)
    await at_rest(world.bot)


async def ended(world: World, state: State) -> None:
    """Wait for an end that Graph has no part in."""

    async def there() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and request.state is state

    await eventually(there)
    await at_rest(world.bot)


# -- the stories ---------------------------------------------------------------------------------


async def grant(world: World) -> None:
    """Ann asks for what needs no approval."""
    await ask(world, ANN, MARKETING)
    await delivered(world, Kind.ADD)


async def grant_with_approval(world: World) -> None:
    """Ann asks, and Bo approves."""
    await ask(world, ANN, FINANCE)
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def quorum(world: World) -> None:
    """Ann asks; Bo approves, and Dana as an admin, because the policy names nobody else and two must."""
    await ask(world, ANN, FINANCE)
    await decide(world, BO, "Approve")
    # News of the first approval that is late is not told once there are two.
    await world.told(ANN, "that is 1 of 2 approvals")

    async def press() -> None:
        await world.press(DANA, await world.card(APPROVALS), "Approve")

    await until(lambda: decided(world, DANA), press)
    await delivered(world, Kind.ADD)


async def two_stages(world: World) -> None:
    """Ann asks; first her manager approves, then Bo, who must say why."""
    await ask(world, ANN, PRODUCTION)
    await decide(world, MIA, "Approve")
    await decide_with_reason(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def denial(world: World) -> None:
    """Ann asks, and Bo denies."""
    await ask(world, ANN, FINANCE)
    await decide_with_reason(world, BO, "Deny")
    await ended(world, State.DENIED)


async def withdrawal(world: World) -> None:
    """Ann asks, and thinks better of it when the cards are out."""
    await ask(world, ANN, FINANCE)

    async def is_over() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and not request.is_open

    async def cancel() -> None:
        for place in (BO, APPROVALS):
            await world.card(place)
        await press_in_list(world, "Cancel")

    await until(is_over, cancel)
    await ended(world, State.CANCELED)


async def monday(world: World) -> None:
    """Let it be Monday morning, when Bo may be nudged."""
    world.outside.clock.shift(MONDAY - world.outside.clock.now())


async def nudge(world: World) -> None:
    """Ann asks and has Bo reminded, who approves then."""
    await ask(world, ANN, FINANCE)

    async def is_reminded() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and (request.reminded_at is not None or not request.is_open)

    await until(is_reminded, lambda: press_in_list(world, "Remind"))
    await eventually(lambda: nudges(BO)(world))
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def question(world: World) -> None:
    """Ann asks; Bo asks her which report, she answers, and he approves."""
    await ask(world, ANN, FINANCE)

    async def is_asked() -> bool:
        return any(each["outcome"] for each in await read(world, rows_of, "approver_question"))

    async def is_answered() -> bool:
        return any(each["answer"] for each in await read(world, rows_of, "approver_question"))

    async def press_on_card() -> None:
        await world.press(BO, await world.card(BO), "Ask a question")

    async def press_in_message() -> None:
        shown = await eventually(lambda: _newest(world, ANN, "Answer"))
        await world.press(ANN, shown, "Answer")

    await until(is_asked, lambda: write(world, BO, press_on_card))
    await until(is_answered, lambda: write(world, ANN, press_in_message))
    await eventually(lambda: told(BO, "answered your question")(world))
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


def _newest(world: World, user: str, label: str) -> Message | None:
    found = [each for each in world.direct(user) if label in labels(each)]
    return found[-1] if found else None


async def write(world: World, user: str, press: Callable[[], Awaitable[None]]) -> None:
    """Open a form, which outlives the bot that opened it, write into it, and close what it says then."""

    async def is_open() -> bool:
        return world.form(user) is not None

    await until(is_open, press)
    form = world.form(user)
    assert form is not None
    values = {"text": {"text": "The one of the EU?"}}
    outcome = await world.slack.submit(user=user, view_id=form.id, values=values)
    if outcome.ok:
        await world.slack.close(user=user, view_id=form.id)


async def emergency(world: World) -> None:
    """Ann has access at once; Bo, who reviews it, takes it away."""
    await ask(world, ANN, EMERGENCY)
    await reported(world, Kind.ADD, State.DELIVERED)

    async def is_said() -> bool:
        return bool(await read(world, rows_of, "finding"))

    async def is_open() -> bool:
        return world.form(BO) is not None

    async def press() -> None:
        shown = await eventually(lambda: _newest(world, BO, "Close the review"))
        await world.press(BO, shown, "Close the review")

    async def explain() -> None:
        await until(is_open, press)
        form = world.form(BO)
        assert form is not None
        values = {"finding": {"finding": "remove"}, "comment": {"comment": "There is no fire"}}
        await world.slack.submit(user=BO, view_id=form.id, values=values)

    await until(is_said, explain)
    await eventually(lambda: asked(world, Kind.REMOVE), about="the removal")
    await delivered(world, Kind.REMOVE)


async def delegation(world: World) -> None:
    """Bo lets Cy decide, who approves what Ann asks for."""

    async def is_made() -> bool:
        return bool(await read(world, rows_of, "delegation"))

    command = f"/my-access delegate <@{CY}> until tomorrow"
    await until(is_made, lambda: world.type(BO, command))
    await ask(world, ANN, FINANCE)
    await decide(world, CY, "Approve")
    await delivered(world, Kind.ADD)


async def press_in_list(world: World, label: str) -> None:
    """Ann presses a button of her /my-access."""
    shown = (await world.type(ANN, "/my-access")).message
    if shown is not None and label in labels(shown):
        await world.press(ANN, shown, label)


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
    await until(
        lambda: asked(world, Kind.EXTEND),
        lambda: world.press(ANN, reminders(world)[-1], "Extend"),
    )
    await delivered(world, Kind.EXTEND)


async def removal(world: World) -> None:
    """Dana, an admin, removes Ann's access."""
    await ask(world, DANA, REMOVE, Kind.REMOVE)
    await delivered(world, Kind.REMOVE)


async def giving_back(world: World) -> None:
    """Ann returns what she has."""
    await until(lambda: asked(world, Kind.REMOVE), lambda: press_in_list(world, "Return"))
    await delivered(world, Kind.REMOVE)


async def end_outside(world: World) -> None:
    """Somebody takes the access away in Entra's own portal."""
    for held in list(world.tenant.world.assignments.values()):
        if held.is_live:
            world.tenant.remove_assignment(held.id)
    world.bot.jobs.wake_all()
    await eventually(lambda: told(ANN, "was ended in Entra, by no request that I know of")(world))
    await at_rest(world.bot)


async def misdelivery(world: World) -> None:
    """Entra gives Cy what Ann asked for, and it is taken back."""
    await ask(world, ANN, MARKETING)
    await eventually(lambda: world.tenant.world.requests)
    for made in world.tenant.world.requests.values():
        if made.request_type == "adminAdd":
            made.target_id = seed.CY
    await reported(world, Kind.ADD, State.FAILED)
    await delivered(world, Kind.REMOVE)


async def bo_connects(world: World) -> None:
    """Bo's Microsoft account is connected."""
    await connect(world, BO)


async def both_connect(world: World) -> None:
    """So is Ann's."""
    for user in (ANN, BO):
        await connect(world, user)


async def is_connected(world: World, user: str) -> bool:
    """Tell whether somebody's account is connected."""
    return any(each["slack_user"] == user for each in await read(world, rows_of, "account"))


async def connecting(world: World) -> None:
    """Ann connects her account; whoever's sign-in has come to nothing begins another."""

    async def connect_ann() -> None:
        await sign_in_by(world, await link_of(world, ANN), email_of(ANN, world))

    await until(lambda: is_connected(world, ANN), connect_ann)
    await at_rest(world.bot)


async def cancel_by_connecting(world: World) -> None:
    """Ann asks, disconnects her account, cancels what Bo has yet to decide, and connects it anew, because that takes it."""
    await ask(world, ANN, FINANCE)

    async def is_wanted() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and (request.cancel_wanted_at is not None or not request.is_open)

    async def is_over() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and not request.is_open

    async def disconnect_and_cancel() -> None:
        await world.card(BO)
        await world.type(ANN, "/my-access disconnect")
        await press_in_list(world, "Cancel")

    async def connect_ann() -> None:
        await world.told(ANN, "To cancel your request")
        await sign_in_by(world, await link_of(world, ANN), email_of(ANN, world))

    await until(is_wanted, disconnect_and_cancel)
    await until(is_over, connect_ann)
    await ended(world, State.CANCELED)


async def connect_and_ask(world: World) -> None:
    """Ann asks, connects her account because she is asked to, and Bo approves in Entra."""
    await ask(world, ANN, FINANCE)

    async def connect_ann() -> None:
        await world.told(ANN, "Please connect your Microsoft account")
        await connect(world, ANN)

    await until(lambda: is_connected(world, ANN), connect_ann)
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def portal(world: World) -> None:
    """Ann asks, and Bo approves at My Access."""
    await ask(world, ANN, FINANCE)

    def has_card() -> bool:
        return bool(world.cards(BO))

    await eventually(has_card)
    tenant = world.tenant.world
    for there in tenant.requests.values():
        stage = there.current_stage
        if stage is not None and there.state == "pendingApproval":
            lifecycle.decide(
                tenant, there, stage.id, user_id=seed.BO, approve=True, justification="Fine"
            )
    world.bot.jobs.wake_all()
    await delivered(world, Kind.ADD)


async def cancel_in_entra(world: World) -> None:
    """Ann asks, and thinks better of it when Entra waits for Bo."""
    await ask(world, ANN, FINANCE)

    async def is_wanted() -> bool:
        request = await asked(world, Kind.ADD)
        return request is not None and (request.cancel_wanted_at is not None or not request.is_open)

    async def cancel() -> None:
        await world.card(BO)
        await press_in_list(world, "Cancel")

    await until(is_wanted, cancel)
    await ended(world, State.CANCELED)


async def grant_in_entra(world: World) -> None:
    """Ann asks, and Bo approves, both in Slack."""
    await both_connect(world)
    await ask(world, ANN, FINANCE)
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def asked_in_entra(world: World) -> None:
    """Ann asks at My Access, and Bo approves in Slack."""
    tenant = world.tenant.world
    if not tenant.requests:
        asked = NewRequest(
            request_type="userAdd", package_id=seed.FINANCE_REPORTS, justification="Q4"
        )
        accept(tenant, asked, user=tenant.users[seed.ANN])
        tenant.announce()
    world.bot.jobs.wake_all()
    await decide(world, BO, "Approve")
    await delivered(world, Kind.ADD)


async def fresh_sign_in(world: World) -> None:
    """Ann asks, and Bo proves by a sign-in that it is he who approves."""
    await ask(world, ANN, FINANCE)

    async def sign_in() -> None:
        await sign_in_by(world, await approve(world, BO), email_of(BO, world))

    await until(lambda: decided(world, BO), sign_in)
    await delivered(world, Kind.ADD)


async def proven_delegation(world: World) -> None:
    """Bo lets Cy decide and signs in for it; Cy approves what Ann asks for, with a sign-in of their own."""

    async def is_made() -> bool:
        return bool(await read(world, rows_of, "delegation"))

    async def is_proven() -> bool:
        rows = await read(world, rows_of, "delegation")
        return any(row["proof"] is not None for row in rows)

    async def prove() -> None:
        shown = (await world.type(BO, "/my-access delegate")).message
        if shown is None or "Sign in for it" not in labels(shown):
            return
        before = link_in_form(world.form(BO))
        await world.press(BO, shown, "Sign in for it")
        link = await new_link(world, BO, before)
        await sign_in_by(world, link, email_of(BO, world))

    async def sign_in() -> None:
        await sign_in_by(world, await approve(world, CY), email_of(CY, world))

    command = f"/my-access delegate <@{CY}> until 2027-02-01"
    await until(is_made, lambda: world.type(BO, command))
    await until(is_proven, prove)
    await ask(world, ANN, FINANCE)
    await until(lambda: decided(world, CY), sign_in)
    await delivered(world, Kind.ADD)


# -- what people see -------------------------------------------------------------------------


def reminders(world: World) -> list[Message]:
    return [
        each
        for each in world.direct(ANN)
        if "Let it end" in labels(each)
        or " ends <!date" in said(each)
        or "About your access" in said(each)
    ]


def told(user: str, words: str) -> Callable[[World], list[Message]]:
    return lambda world: [each for each in world.direct(user) if words in said(each)]


def nudges(user: str) -> Callable[[World], list[Message]]:
    """Return what somebody was sent about a request after its card; decided, it is drawn like that."""
    return lambda world: [each for each in world.direct(user) if "Finance Reports" in said(each)][
        1:
    ]


def in_channel(words: str) -> Callable[[World], list[Message]]:
    return lambda world: [
        each for each in world.slack.channel(APPROVALS).messages if words in said(each)
    ]


def cards(place: str) -> Callable[[World], list[Message]]:
    return lambda world: world.cards(place)
