"""Emergency access by the request form: a box to tick, with what follows from it below."""

import copy
from datetime import timedelta

import pytest

from bot.messages.emergencies.emergency_choice import EMERGENCY
from bot.messages.emergencies.emergency_choice import block_of as box_of
from bot.messages.requests.request_form.questions import block_of
from bot.packages.questions import Question
from sandbox.tenant import examples, seed
from tests.flow.emergencies.emergencies import emergency_card, emergency_cards, write_settings
from tests.harness.world import ANN, APPROVALS, BO, CY, MIA, eventually, labels, living, said

BLOCK = "break_glass: {minutes: 60, review_within: 4h}"
SETTINGS = f"""
packages:
  Finance Reports: {{{BLOCK}}}
  Customer Data: {{{BLOCK}}}
"""
TICKET = block_of(Question(id=examples.TICKET, text="?", required=True))


@pytest.fixture
async def world(database, tmp_path):
    """A world in which two packages give emergency access, one of which asks questions."""
    async with living(
        database,
        LATCHKEY_PACKAGE_SETTINGS=write_settings(tmp_path, SETTINGS),
        prepare=lambda outside: outside.tenant.seed_examples(),
    ) as made:
        yield made


async def form_of(world, user, package_id):
    """The form, with that package chosen in it."""
    await world.type(user, "/request-access")
    form = await eventually(lambda: world.form(user), about="the form")
    await world.slack.suggest(user=user, view_id=form.id, action_id="latchkey_package", query="")
    await choose(world, user, form, package_id)
    return form


async def close_forms(world, user):
    for view in list(world.slack.person(user).modals):
        await world.slack.close(user=user, view_id=view.id)


async def choose(world, user, form, package_id):
    name = world.tenant.world.packages[package_id].display_name
    await world.slack.click_view(
        user=user, view_id=form.id, action_id="latchkey_package", value=[package_id]
    )
    await eventually(lambda: f"*{name}*" in said(world.form(user)), about="what holds for it")


def boxes(world, user):
    return [
        block["block_id"]
        for block in world.form(user).blocks
        if str(block.get("block_id")).startswith(EMERGENCY)
    ]


def ticked(package_id):
    return {box_of(package_id): {EMERGENCY: [EMERGENCY]}}


async def test_the_form_says_what_an_emergency_is_and_gives_access_at_once(world):
    """For how long, that others are told, and that somebody reviews it."""
    form = await form_of(world, ANN, seed.FINANCE_REPORTS)
    text = said(world.form(ANN))
    assert "This is an emergency: give me access now, without an approval" in text
    assert "for 1 hour, without an approval" in text
    assert "reviews it within 4 hours" in text
    await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={"reason": {"reason": "the books burn"}, **ticked(seed.FINANCE_REPORTS)},
    )
    assert "whether you may have emergency access to *Finance Reports*" in said(world.form(ANN))
    await world.told(ANN, "You now have access")
    assert "the books burn" in said(await emergency_card(world, APPROVALS))


async def test_without_the_box_it_is_a_request_like_any_other(world):
    """It is there, and unticked."""
    form = await form_of(world, ANN, seed.FINANCE_REPORTS)
    await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "I close the quarter"}}
    )
    await world.card(BO, "Finance Reports")
    assert emergency_cards(world, APPROVALS) == []


async def test_what_was_ticked_for_one_package_is_not_for_the_next(world):
    """Whoever chooses another package has to tick its own box."""
    form = await form_of(world, ANN, seed.FINANCE_REPORTS)
    assert boxes(world, ANN) == [box_of(seed.FINANCE_REPORTS)]
    form.values[box_of(seed.FINANCE_REPORTS)][EMERGENCY]["selected_options"] = [
        {"value": EMERGENCY}
    ]
    await choose(world, ANN, form, examples.CUSTOMER_DATA)
    assert boxes(world, ANN) == [box_of(examples.CUSTOMER_DATA)]
    await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={
            "reason": {"reason": "a customer called"},
            TICKET: {"latchkey_answer": "ABC-1"},
        },
    )
    await world.card(BO, "Customer Data")
    assert emergency_cards(world, APPROVALS) == []


async def test_questions_are_answered_in_an_emergency_too(world):
    """And go to Entra with the grant."""
    form = await form_of(world, ANN, examples.CUSTOMER_DATA)
    sent = {"reason": {"reason": "a customer called"}, **ticked(examples.CUSTOMER_DATA)}
    outcome = await world.slack.submit(user=ANN, view_id=form.id, values=sent)
    assert TICKET in (outcome.errors or {})
    answered = {**sent, TICKET: {"latchkey_answer": "ABC-1"}}
    await world.slack.submit(user=ANN, view_id=form.id, values=answered)
    await world.told(ANN, "You now have access")
    [post] = world.posts("adminAdd")
    assert "ABC-1" in str(post.body["answers"])


async def test_an_emergency_needs_a_reason_and_is_for_oneself(world):
    """Each is said at its field."""
    form = await form_of(world, MIA, examples.CUSTOMER_DATA)
    values = {**ticked(examples.CUSTOMER_DATA), TICKET: {"latchkey_answer": "ABC-1"}}
    outcome = await world.slack.submit(user=MIA, view_id=form.id, values=values)
    assert "a reason is needed" in outcome.errors["reason"]
    values |= {
        "reason": {"reason": "Ann needs it now"},
        "for_whom": {"latchkey_for_whom": ANN},
    }
    outcome = await world.slack.submit(user=MIA, view_id=form.id, values=values)
    assert outcome.errors == {"for_whom": "Emergency access is for yourself only."}
    assert await world.states() == []


async def test_what_waits_becomes_an_emergency_by_the_form(world):
    """With the reason of now; its approver's card loses its buttons. By a form that Slack has left open, once."""
    await world.type(CY, "/request-access finance-reports because the quarter ends")
    card = await world.card(BO, "Finance Reports")
    await form_of(world, CY, seed.FINANCE_REPORTS)
    form = copy.deepcopy(world.form(CY))
    typed = {"reason": {"reason": "the books burn"}, **ticked(seed.FINANCE_REPORTS)}
    await world.slack.submit(user=CY, view_id=form.id, values=typed)
    await world.told(CY, "You now have access")
    await eventually(lambda: "Approve" not in labels(card))
    assert "without an approval" in said(card)

    await world.later(timedelta(hours=2))
    await world.told(CY, "has ended")
    world.leave_open(form)
    outcome = await world.slack.submit(user=CY, view_id=form.id, values=typed)
    assert "You have sent this form before" in str(outcome.errors)
    assert await world.states() == ["add delivered"]


async def test_what_waits_becomes_an_emergency_with_the_answers_of_now(world):
    """They are on the card, and go to Entra; those of before do neither."""
    values = {"reason": {"reason": "a customer called"}, TICKET: {"latchkey_answer": "OLD-1"}}
    form = await form_of(world, ANN, examples.CUSTOMER_DATA)
    await world.slack.submit(user=ANN, view_id=form.id, values=values)
    assert "OLD-1" in said(await world.card(BO, "Customer Data"))
    await close_forms(world, ANN)
    form = await form_of(world, ANN, examples.CUSTOMER_DATA)
    await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={
            **values,
            TICKET: {"latchkey_answer": "NEW-2"},
            **ticked(examples.CUSTOMER_DATA),
        },
    )
    await world.told(ANN, "You now have access")
    [post] = world.posts("adminAdd")
    assert "NEW-2" in str(post.body["answers"])
    assert "OLD-1" not in str(post.body)


async def test_what_waits_becomes_an_emergency_by_the_policy_chosen_now(database, tmp_path):
    """Of two equal ones, in the form that makes it an emergency."""

    def prepare(outside):
        outside.tenant.seed_examples()
        world = outside.tenant.world
        on_call, day = (
            world.policies[each] for each in (examples.ON_CALL_POLICY, examples.DAY_POLICY)
        )
        day.settings["requestApprovalSettings"] = copy.deepcopy(
            on_call.settings["requestApprovalSettings"]
        )

    file = write_settings(tmp_path, f"packages:\n  Build Servers: {{{BLOCK}}}\n")
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file, prepare=prepare) as world:
        for policy, more in (
            (examples.ON_CALL_POLICY, {}),
            (examples.DAY_POLICY, ticked(examples.BUILD_SERVERS)),
        ):
            form = await form_of(world, ANN, examples.BUILD_SERVERS)
            await world.slack.click_view(
                user=ANN,
                view_id=form.id,
                action_id="latchkey_policy",
                block_id="policy",
                value=policy,
            )
            await world.later(timedelta(seconds=5))
            sent = {"reason": {"reason": "the build is broken"}, **more}
            assert (await world.slack.submit(user=ANN, view_id=form.id, values=sent)).ok
            await close_forms(world, ANN)
            await world.later(timedelta(seconds=5))
        await world.told(ANN, "You now have access")
        [request] = world.tenant.world.requests.values()
        assert request.policy_id == examples.DAY_POLICY
