"""The one form: opened in every way, packages found by typing, and what is chosen decides what it asks."""

from copy import deepcopy

import pytest

from bot.messages.requests.request_form.questions import block_of
from bot.packages.questions import Question
from bot.requests.store import request_lists
from sandbox.tenant import examples
from tests.harness.world import ANN, CY, GENERAL, GUS, MIA, eventually, living, said

TICKET = block_of(Question(id=examples.TICKET, text="?", required=True))


def with_examples(outside):
    outside.tenant.seed_examples()


@pytest.fixture
async def world(database):
    """Stand-ins and bot, with the packages that ask questions and offer a choice."""
    async with living(database, prepare=with_examples) as made:
        yield made


async def opened(world, user, *, by="command"):
    """The form, just opened by *user* without a package."""
    if by == "command":
        await world.type(user, "/request-access")
    elif by == "shortcut":
        await world.slack.shortcut(user=user, callback_id="latchkey_request_shortcut")
    else:
        await world.slack.open_home(user=user)
        await eventually(lambda: world.home(user), about="a Home")
        await world.press_home(user, "Request access")
    return await eventually(lambda: world.form(user), about="the form")


async def suggested(world, user, typed=""):
    """The names that the menu offers, by catalog."""
    form = world.form(user)
    found = await world.slack.suggest(
        user=user, view_id=form.id, action_id="latchkey_package", query=typed
    )
    assert found.error is None
    return {
        group["label"]["text"]: [each["text"]["text"] for each in group["options"]]
        for group in found.groups
    }


async def choose(world, user, *packages):
    """Choose packages in the open form, and wait until it says what holds for them."""
    form = world.form(user)
    await suggested(world, user)
    await world.slack.click_view(
        user=user, view_id=form.id, action_id="latchkey_package", value=list(packages)
    )
    return form


async def asked(world, user):
    """Return what *user* waits for."""
    found = (await world.bot.store.run(request_lists.open_for, user)).rows
    return {each.package_name: each for each in found}


def package_id(world, name):
    [found] = [each for each in world.tenant.world.packages.values() if each.display_name == name]
    return found.id


@pytest.mark.parametrize("by", ["command", "shortcut", "home"])
async def test_the_form_opens_in_every_way(world, by):
    """Without a package, it asks for one first; for whom, because one of them lets managers ask."""
    form = await opened(world, ANN, by=by)

    assert [block["block_id"] for block in form.blocks] == ["package", "for_whom", "reason"]


async def test_a_message_is_the_beginning_of_the_reason(world):
    """Its text, with the link to it."""
    message = (
        await world.slack.say(user=CY, channel=GENERAL, text="Can Ann see <the> reports?")
    ).message

    await world.slack.shortcut(
        user=ANN, callback_id="latchkey_request_message", channel=GENERAL, ts=message.ts
    )
    form = await eventually(lambda: world.form(ANN), about="the form")

    reason = form.values["reason"]["reason"]["value"]
    assert reason.splitlines() == [
        "Can Ann see <the> reports?",
        f"https://contoso.slack.com/archives/{GENERAL}/p{message.ts.replace('.', '')}",
    ]


async def test_packages_are_found_by_typing(world):
    """By a part of the name; nothing typed offers everything that is shown, in its catalog."""
    await opened(world, ANN)

    assert "Finance Reports" in (await suggested(world, ANN))["General"]
    assert await suggested(world, ANN, "fin rep") == {"General": ["Finance Reports"]}


async def test_what_is_chosen_decides_what_the_form_asks(world):
    """The form shows what the package gives, its rule and who decides; then it is asked for."""
    await opened(world, ANN)
    form = await choose(world, ANN, package_id(world, "Finance Reports"))
    await eventually(lambda: "Contoso Ledger" in said(world.form(ANN)), about="what it gives")

    await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "I close the quarter"}}
    )

    request = (await asked(world, ANN))["Finance Reports"]
    assert request.justification == "I close the quarter"


async def test_what_was_typed_survives_the_choice(world):
    """The reason stays while the form is drawn anew."""
    form = await opened(world, ANN)
    form.values["reason"]["reason"]["value"] = "I close the quarter"

    await choose(world, ANN, package_id(world, "Finance Reports"))
    await eventually(lambda: "Contoso Ledger" in said(world.form(ANN)), about="what it gives")

    assert world.form(ANN).values["reason"]["reason"]["value"] == "I close the quarter"


async def test_what_is_sent_too_early_is_shown_first(world):
    """The questions of the package that was chosen last are shown before anything is asked for."""
    form = await opened(world, MIA)
    customer_data = package_id(world, "Customer Data")
    await suggested(world, MIA)

    await world.slack.submit(
        user=MIA,
        view_id=form.id,
        values={
            "package": {"latchkey_package": [customer_data]},
            "reason": {"reason": "a customer called"},
        },
    )

    assert "Customer Data" in said(world.form(MIA))
    assert not await asked(world, MIA)


async def test_a_guest_reads_one_sentence(world):
    """There is nothing to choose for them."""
    form = await opened(world, GUS)

    assert [block["type"] for block in form.blocks] == ["section"]
    assert "guest" in said(form)


async def test_the_menu_says_what_one_has(world):
    """What somebody has comes last, and says so."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    form = await opened(world, ANN)

    found = await world.slack.suggest(
        user=ANN, view_id=form.id, action_id="latchkey_package", query=""
    )

    notes = {each["text"]["text"]: each["description"]["text"] for each in found.options}
    names = list(notes)
    assert names.index("Finance Reports") < names.index("Marketing Campaign")
    assert notes["Marketing Campaign"] == "You have it already."


async def test_several_packages_are_asked_for_in_one_go(world):
    """Each is a request of its own: one is given at once, the other waits."""
    await opened(world, ANN)
    names = ("Marketing Campaign", "Finance Reports")
    form = await choose(world, ANN, *(package_id(world, name) for name in names))
    await eventually(lambda: "Bo Berg" in said(world.form(ANN)), about="what holds for each")

    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "Q4"}})

    assert "Asked for *Marketing Campaign* and *Finance Reports*." in said(world.form(ANN))
    await world.told(ANN, "You now have access to .*Marketing Campaign")
    assert list(await asked(world, ANN)) == ["Finance Reports"]


async def test_a_reason_that_one_package_wants_is_asked_before_anything(world):
    """Nothing is asked for by half."""
    await opened(world, ANN)
    names = ("Marketing Campaign", "Production Database")
    form = await choose(world, ANN, *(package_id(world, name) for name in names))

    outcome = await world.slack.submit(user=ANN, view_id=form.id, values={})

    assert outcome.errors == {"reason": "“Production Database”: please say why you need it."}
    assert not await asked(world, ANN)


async def test_what_was_refused_is_said_by_name(world):
    """The others are asked for all the same."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await opened(world, ANN)
    names = ("Marketing Campaign", "Finance Reports")
    form = await choose(world, ANN, *(package_id(world, name) for name in names))

    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "Q4"}})

    shown = said(world.form(ANN))
    assert "Asked for *Marketing Campaign*." in shown
    assert "Asked for before, and still open: *Finance Reports*." in shown


async def test_forms_that_need_answers_follow_one_by_one(world):
    """What needs none is asked for at once; the others show their own questions, and then the next."""
    await opened(world, CY)
    names = ("Marketing Campaign", "Customer Data", "Build Servers")
    form = await choose(world, CY, *(package_id(world, name) for name in names))

    await world.slack.submit(user=CY, view_id=form.id, values={"reason": {"reason": "a call"}})

    shown = said(world.form(CY))
    assert "Asked for “Marketing Campaign”." in shown
    assert "Not asked for yet, and next: “Build Servers”." in shown
    await eventually(lambda: world.form(CY).values.get(TICKET), about="the question")
    await world.slack.submit(
        user=CY, view_id=form.id, values={TICKET: {"latchkey_answer": "INC-123456"}}
    )
    shown = said(world.form(CY))
    assert "Build Servers" in shown
    assert world.form(CY).values["reason"]["reason"]["value"] == "a call"
    assert "Customer Data" in await asked(world, CY)


@pytest.mark.parametrize(
    "names", [["Marketing Campaign"], ["Marketing Campaign", "Board Papers"]], ids=len
)
async def test_a_form_that_was_left_open_asks_once(world, names):
    """Who sends it again when that is over reads so, and has asked for nothing; while it is open they read how it stands."""
    await opened(world, ANN)
    await choose(world, ANN, *(package_id(world, name) for name in names))
    await eventually(lambda: names[-1] in said(world.form(ANN)), about="what holds for them")
    form = deepcopy(world.form(ANN))
    typed = {"reason": {"reason": "Q4"}}
    await world.slack.submit(user=ANN, view_id=form.id, values=typed)
    world.leave_open(form)
    await world.slack.submit(user=ANN, view_id=form.id, values=typed)
    assert "sent this form before" not in said(world.form(ANN))

    await world.told(ANN, "You now have access to .*Marketing Campaign")
    await world.type(ANN, "/my-access")
    await world.press(ANN, world.slack.channels[GENERAL].seen_by(ANN)[-1], "Return")
    await world.told(ANN, "you have returned")
    world.leave_open(form)
    outcome = await world.slack.submit(user=ANN, view_id=form.id, values=typed)

    assert "You have sent this form before" in f"{outcome.errors} {said(world.form(ANN))}"
    assert "Marketing Campaign" not in await asked(world, ANN)
    world.slack.person(ANN).modals.clear()
    await opened(world, ANN)
    form = await choose(world, ANN, package_id(world, "Marketing Campaign"))
    await world.slack.submit(user=ANN, view_id=form.id, values=typed)
    assert "Marketing Campaign" in await asked(world, ANN)
