"""An admin loses the right between opening a form and sending it: they read so where they sent it, and nothing is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot import clock
from bot.messages.admins import drift as drift_words
from sandbox.slack import Outcome, View
from tests.flow.administering.test_console import delivered, opened, pressed, shows, sought
from tests.flow.administering.test_drift import UNASKED, checked, given_in_the_portal, the_card
from tests.flow.emergencies.emergencies import ASK, emergency_card, write_settings
from tests.flow.emergencies.test_emergencies import SETTINGS
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    World,
    eventually,
    living,
    said,
)

FINANCE = "/request-access finance-reports because Q4"
NO_ADMIN = "Only Latchkey's admins can do that."
NO_DECIDER = "You are not among those who may decide this request."
NO_REVIEWER = "You are not among those who may review this emergency access."
# A removal is a request of its own, which is refused when it is looked at.
WHEN_CARRIED_OUT = ("latchkey", "move")

Act = Callable[[World], Awaitable[None]]
Send = Callable[[World], Awaitable[Outcome]]


@dataclass(frozen=True, kw_only=True)
class AdminForm:
    """
    A form that admins send.

    Attributes:
        of: Its callback id.
        begin: Brings about what it is about.
        open: Opens it, as an admin.
        send: Sends it, as one no more.
        said: The sentence that they read.
        where: A modal, the channel of the message that they pressed in, or their direct messages.
        verb: Under which it stands in the audit log.
    """

    of: str
    begin: Act
    open: Act
    send: Send
    said: str = NO_ADMIN
    where: str = "modal"
    verb: str = "refused"


async def form_of(world: World, callback_id: str) -> View:
    def found() -> View | None:
        form = world.form(DANA)
        return form if form is not None and form.callback_id == callback_id else None

    form: View = await eventually(found, about=f"the form {callback_id}")
    return form


async def submit(world: World, **values: object) -> Outcome:
    form = world.form(DANA)
    assert form is not None
    given = {name: {name: value} for name, value in values.items()}
    return await world.slack.submit(user=DANA, view_id=form.id, values=given)


def submits(**values: object) -> Send:
    async def send(world: World) -> Outcome:
        return await submit(world, **values)

    return send


# -- what there is ------------------------------------------------------------------------


async def ann_has_one(world: World) -> None:
    await delivered(world, ANN)


async def two_have_one(world: World) -> None:
    await delivered(world, ANN)
    await delivered(world, CY)


async def ann_asks(world: World) -> None:
    await world.type(ANN, FINANCE)
    await world.card(BO)


async def cy_was_given_one(world: World) -> None:
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    await the_card(world, UNASKED)


async def ann_had_an_emergency(world: World) -> None:
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await emergency_card(world, APPROVALS)


# -- how a form of it opens -----------------------------------------------------------------


async def remove_in_a_list(world: World) -> None:
    await world.type(DANA, "/access-admin assignments")
    [listed] = [each for each in world.slack.channel(GENERAL).messages if each.ephemeral_to == DANA]
    await world.press(DANA, listed, "Remove")


async def in_console(world: World, tab: str) -> None:
    await opened(world)
    await pressed(world, tab)


async def remove_in_the_console(world: World) -> None:
    await in_console(world, "Assignments")
    await shows(world, "1 assignment.")
    await pressed(world, "Remove")


async def remove_several(world: World) -> None:
    await in_console(world, "Assignments")
    await shows(world, "2 assignments.")
    await pressed(world, "Remove several …")


async def send_the_first(world: World) -> Outcome:
    form = world.form(DANA)
    assert form is not None
    first = form.blocks[0]["element"]["options"][0]["value"]
    return await submit(world, chosen=[first], reason="Over.")


async def remove_all_of_a_package(world: World) -> None:
    await in_console(world, "Assignments")
    await shows(world, "1 assignment.")
    await sought(world, "Marketing Campaign")
    await shows(world, "of *Marketing Campaign*")
    await pressed(world, "Remove all …")


async def remove_all_of_a_person(world: World) -> None:
    await in_console(world, "People")
    await shows(world, "Choose a person")
    await sought(world, "Ann Abara")
    await shows(world, "for Ann Abara")
    await pressed(world, "Remove all …")


async def cancel_all_of_a_leaver(world: World) -> None:
    await in_console(world, "Leaver")
    await shows(world, "Choose who has left")
    await sought(world, "Ann Abara")
    await shows(world, "does not have anything")
    await pressed(world, "Remove all …")


def presses(button: str) -> Act:
    """Press a button on the card of a request in the admins' channel."""

    async def press(world: World) -> None:
        await world.press(DANA, await world.card(APPROVALS), button)

    return press


async def ignore_drift(world: World) -> None:
    await world.press(DANA, await the_card(world, UNASKED), "Ignore until …")


async def send_until_soon(world: World) -> Outcome:
    until = int((clock.now() + timedelta(days=3)).timestamp())
    return await submit(world, until=until)


async def review_emergency(world: World) -> None:
    await world.press(DANA, await emergency_card(world, APPROVALS), "Close the review")


WITH_REASON = submits(reason="Over.")
FORMS = {
    "remove, from a list": AdminForm(
        of="latchkey_remove_reason",
        begin=ann_has_one,
        open=remove_in_a_list,
        send=WITH_REASON,
        where=GENERAL,
    ),
    "remove, in the console": AdminForm(
        of="latchkey_remove_reason",
        begin=ann_has_one,
        open=remove_in_the_console,
        send=WITH_REASON,
    ),
    "remove several": AdminForm(
        of="latchkey_remove_chosen", begin=two_have_one, open=remove_several, send=send_the_first
    ),
    "remove all of a package": AdminForm(
        of="latchkey_remove_listed",
        begin=ann_has_one,
        open=remove_all_of_a_package,
        send=WITH_REASON,
    ),
    "remove all of a person": AdminForm(
        of="latchkey_remove_listed",
        begin=ann_has_one,
        open=remove_all_of_a_person,
        send=WITH_REASON,
    ),
    "cancel what a leaver has asked for": AdminForm(
        of="latchkey_remove_listed",
        begin=ann_asks,
        open=cancel_all_of_a_leaver,
        send=WITH_REASON,
    ),
    "ignore drift": AdminForm(
        of=drift_words.UNTIL, begin=cy_was_given_one, open=ignore_drift, send=send_until_soon
    ),
    "deny": AdminForm(
        of="latchkey_reason",
        begin=ann_asks,
        open=presses("Deny"),
        send=WITH_REASON,
        said=NO_DECIDER,
        where=APPROVALS,
        verb="deny-refused",
    ),
    "approve for less": AdminForm(
        of="latchkey_approve_until",
        begin=ann_asks,
        open=presses("Approve for less"),
        send=send_until_soon,
        said=NO_DECIDER,
        where=APPROVALS,
        verb="approve-refused",
    ),
    "ask a question": AdminForm(
        of="latchkey_question",
        begin=ann_asks,
        open=presses("Ask a question"),
        send=submits(text="Which of them?"),
        said=NO_DECIDER,
        where="direct",
        verb="ask-question-refused",
    ),
    "review an emergency": AdminForm(
        of="latchkey_emergency_finding",
        begin=ann_had_an_emergency,
        open=review_emergency,
        send=submits(finding="remove", comment="There was none"),
        said=NO_REVIEWER,
        where="direct",
        verb="review-refused",
    ),
}


@pytest.fixture
async def world(database, tmp_path):
    """A world in which admins decide, emergencies are given, and Entra is compared."""
    settings = write_settings(tmp_path, SETTINGS)
    async with living(
        database, LATCHKEY_PACKAGE_SETTINGS=settings, LATCHKEY_DRIFT_HOURS="24"
    ) as made:
        await checked(made)
        yield made


def read_by_dana(world: World, where: str) -> str:
    """Everything that she can read there now."""
    if where == "modal":
        return "\n".join(said(each) for each in world.slack.person(DANA).modals)
    if where == "direct":
        return "\n".join(said(each) for each in world.direct(DANA))
    return "\n".join(world.whispers(DANA, where))


@pytest.mark.parametrize("known", [False, True], ids=["at once", "known when they send it"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
async def test_they_read_it_where_they_sent_it_and_nothing_is_done(world, form, known):
    """By what Slack says then, whatever it said before; it stands in the audit log."""
    await form.begin(world)
    await form.open(world)
    await form_of(world, form.of)
    before = await world.states(), len(world.posts())
    world.slack.usergroups["S0IAM"].users.remove(DANA)
    if known:
        await world.later(timedelta(minutes=2))

    outcome = await form.send(world)

    in_the_form = "\n".join((outcome.errors or {}).values())
    if form.said not in in_the_form:
        await eventually(
            lambda: form.said in read_by_dana(world, form.where),
            about=f"{form.said!r} in {read_by_dana(world, form.where)}",
            seconds=300,
        )

    async def is_audited() -> bool:
        return any(
            (actor, verb) in {(DANA, form.verb), WHEN_CARRIED_OUT} and form.said in why
            for actor, verb, why in await world.deeds()
        )

    await eventually(is_audited, about=f"it is in the audit log: {await world.deeds()}")
    left = [each for each in await world.states() if each != "remove refused"]
    assert (left, len(world.posts())) == before
