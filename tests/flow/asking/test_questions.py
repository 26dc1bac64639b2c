"""Questions are asked in the form, shown on the card and sent to Entra; among equal policies the person chooses."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.messages.requests.request_form.questions import block_of
from bot.packages.questions import Question
from bot.packages.store import catalog
from bot.requests.model import State
from sandbox.tenant import examples
from sandbox.tenant import seed as tutorial
from tests.harness.valid import complaints
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    GUS,
    MIA,
    eventually,
    labels,
    living,
    said,
)

TICKET = block_of(Question(id=examples.TICKET, text="?", required=True))
REGION = block_of(Question(id=examples.REGION, text="?", required=False))
NUMBER = "latchkey_answer"


def with_examples(outside):
    outside.tenant.seed_examples()


@pytest.fixture(params=["v1.0", "beta"])
async def world(database, request):
    """Stand-ins and bot, with a package that asks questions and one with two equal policies."""
    async with living(database, prepare=with_examples, GRAPH_API_VERSION=request.param) as made:
        yield made


async def open_form(world, user, text):
    """The form behind the button with which the command answers."""
    answer = (await world.type(user, f"/request-access {text}")).message
    await world.press(user, answer, "Open the form")
    return await eventually(lambda: world.form(user), about="the form")


async def send(world, user, form, **values):
    """Fill the form in and send it; what a test does not fill in stays empty."""
    return await world.slack.submit(user=user, view_id=form.id, values=values)


def choices(form, block):
    [found] = [each for each in form.blocks if each.get("block_id") == block]
    return {option["text"]["text"]: option["value"] for option in found["element"]["options"]}


async def answered(world, user=ANN, ticket="OPS-17", regions=()):
    """Ask for Customer Data, with answers."""
    form = await open_form(world, user, "customer-data because a customer called")
    asked = said(form)
    keys = choices(form, REGION)
    sent = await world.slack.submit(
        user=user,
        view_id=form.id,
        values={
            TICKET: {NUMBER: ticket},
            REGION: {NUMBER: [keys[each] for each in regions]},
        },
    )
    assert sent.ok, sent
    return asked


async def test_answers_go_from_the_form_to_the_card_and_to_entra(world):
    """The command asks for the form, the form for the answers; who decides reads them, and Graph gets them."""
    answer = await world.type(ANN, "/request-access customer-data because a customer called")
    assert "please fill in a short form" in answer.text
    assert world.posts() == []

    await world.press(ANN, answer.message, "Open the form")
    form = await eventually(lambda: world.form(ANN))
    assert "Which ticket is it about?" in said(form)
    assert form.values["reason"]["reason"]["value"] == "a customer called"
    keys = choices(form, REGION)
    sent = await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={
            TICKET: {NUMBER: " OPS-17 "},
            REGION: {NUMBER: [keys["Europe"], keys["Asia and Pacific"]]},
        },
    )
    assert sent.ok

    card = await world.card(BO, "Ann Abara asks for Customer Data")
    assert "*Which ticket is it about?*\n> OPS-17" in said(card)
    assert "Europe, Asia and Pacific" in said(card)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access to \\*Customer Data")

    [post] = world.posts("adminAdd")
    assert [
        (each["answeredQuestion"]["id"], each["value"], each["displayValue"])
        for each in post.body["answers"]
    ] == [
        (examples.TICKET, "OPS-17", "OPS-17"),
        (examples.REGION, "EU", "Europe"),
        (examples.REGION, "AP", "Asia and Pacific"),
    ]
    kept = [each.answers for each in world.tenant.world.requests.values()]
    assert [len(each) for each in kept] == [3]
    [row] = [each for each in await world.bot.store.run(audit.rows) if each["verb"] == "ask-add"]
    assert row["details"]["answers"] == {
        examples.TICKET: ["OPS-17"],
        examples.REGION: ["EU", "AP"],
    }
    assert complaints(world) == []


@pytest.mark.parametrize(
    ("ticket", "sentence"),
    [
        (None, "Please complete this required field."),
        ("17", "in the same form as this example: ABC-123"),
        ("OPS-17 and more", "in the same form as this example: ABC-123"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(world, ticket, sentence):
    """The form stays open as it was filled in, and nothing is asked for."""
    form = await open_form(world, ANN, "customer-data")
    sent = await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={"reason": {"reason": "urgent"}, TICKET: {NUMBER: ticket}},
    )

    assert sentence in sent.errors[TICKET]
    assert form.values["reason"]["reason"]["value"] == "urgent"
    assert await world.states() == []


async def test_questions_are_asked_in_the_readers_language(world):
    """Whoever reads Slack in German reads the German texts; who decides reads the question's own."""
    world.slack.person(ANN).locale = "de-DE"
    asked = await answered(world, regions=["Europa"])

    assert "Um welches Ticket geht es?" in asked
    card = await world.card(BO, "Ann Abara asks for Customer Data")
    assert "Which ticket is it about?" in said(card)
    assert "Europe" in said(card)


async def test_without_a_text_in_their_language_the_questions_own_is_shown(world):
    """And where Slack does not say which language it is."""
    world.slack.person(CY).locale = "fr-FR"
    assert "Which ticket is it about?" in said(await open_form(world, CY, "customer-data"))


async def test_among_equal_policies_the_person_chooses(world):
    """What they choose changes the form, and is the policy under which Entra gives it."""
    answer = await world.type(ANN, "/request-access build-servers")
    assert "please fill in a short form" in answer.text
    await world.press(ANN, answer.message, "Open the form")
    form = await eventually(lambda: world.form(ANN))
    assert "*For a day*: 1 day, no approval" in said(form)
    assert "*On call*: 8 days, Bo Berg approves" in said(form)

    await world.slack.click_view(
        user=ANN,
        view_id=form.id,
        action_id="latchkey_policy",
        block_id="policy",
        value=examples.ON_CALL_POLICY,
    )
    await eventually(
        lambda: "_8 days · Bo Berg approves · for all members" in said(world.form(ANN)),
        about="the form follows",
    )
    assert (await send(world, ANN, world.form(ANN))).ok

    card = await world.card(BO, "Ann Abara asks for Build Servers")
    assert "On call" in said(card)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access to \\*Build Servers")
    [request] = world.tenant.world.requests.values()
    assert request.policy_id == examples.ON_CALL_POLICY
    assert complaints(world) == []


async def test_a_form_without_a_choice_is_not_taken(world):
    """No order of ids chooses for somebody."""
    form = await open_form(world, ANN, "build-servers")
    sent = await send(world, ANN, form)

    assert sent.errors == {"policy": "Please complete this required field."}
    assert await world.states() == []


async def test_only_policies_for_the_person_are_offered(world):
    """One of two equal ones is for Dana alone: Ann has nothing to choose."""
    policy = world.tenant.world.policies[examples.ON_CALL_POLICY]
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": tutorial.DANA}
    ]
    other = world.tenant.world.policies[examples.DAY_POLICY]
    other.allowed_target_scope = "specificDirectoryUsers"
    other.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": tutorial.MARKETING}
    ]
    await world.synced()

    form = await open_form(world, ANN, "build-servers")

    assert "On call" not in said(form)
    assert "policy" not in {each.get("block_id") for each in form.blocks}
    assert (await send(world, ANN, form)).ok
    await world.told(ANN, "You now have access to \\*Build Servers")
    [request] = world.tenant.world.requests.values()
    assert request.policy_id == examples.DAY_POLICY


async def test_where_it_cannot_be_told_in_time_all_are_offered(world):
    """Graph is late: the form opens in time all the same, and whoever judges the request has the last word."""
    policy = world.tenant.world.policies[examples.ON_CALL_POLICY]
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": tutorial.ANN}
    ]
    answer = (await world.type(MIA, "/request-access build-servers")).message
    await world.synced()
    world.tenant.faults.set("slow", rate=1.0)

    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA))

    assert "On call" in said(form)
    world.tenant.faults.clear()


async def test_a_choice_that_is_not_for_the_person_is_refused(world):
    """Whoever sends another policy than those offered is told so by whoever judges the request."""
    form = await open_form(world, MIA, "build-servers")
    policy = world.tenant.world.policies[examples.DAY_POLICY]
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": tutorial.DANA}
    ]
    await send(world, MIA, form, policy={"latchkey_policy": examples.DAY_POLICY})

    await world.told(MIA, "I cannot get you access to \\*Build Servers\\*")
    assert world.posts() == []


async def test_an_old_form_is_shown_the_new_questions(world):
    """What was typed under a question that is still asked stays; then it is taken."""
    form = await open_form(world, ANN, "customer-data")
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    asked[0]["text"] = "Which incident is it about?"
    await world.synced()

    first = await send(world, ANN, form, **{TICKET: {NUMBER: "OPS-17"}})
    assert first.ok
    again = world.form(ANN)
    assert "What is asked has changed" in said(again)
    assert "Which incident is it about?" in said(again)
    assert again.values[TICKET][NUMBER]["value"] == "OPS-17"
    assert await world.states() == []

    assert (await send(world, ANN, again)).ok
    card = await world.card(BO, "Ann Abara asks for Customer Data")
    assert "Which incident is it about?" in said(card)


async def test_questions_that_come_after_the_answers_are_asked_before_anything_is_given(world):
    """The last sync did not know yet that Entra asks: the request is refused, and says what is open."""
    form = await open_form(world, ANN, "customer-data")
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    asked[1]["isRequired"] = True

    await send(world, ANN, form, **{TICKET: {NUMBER: "OPS-17"}})

    refused = await world.told(ANN, "I cannot get you access to \\*Customer Data\\*")
    assert "Which regions do you need?" in said(refused)
    assert world.posts() == []


async def test_a_question_that_changes_after_approval_sends_the_request_back(world):
    """Who approved has read an answer to another question."""
    world.tenant.world.delivery = timedelta(0)
    await answered(world)
    card = await world.card(BO, "Ann Abara asks for Customer Data")
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    asked[0]["text"] = "Which incident is it about?"
    await world.press(BO, card, "Approve")

    again = await eventually(
        lambda: next(
            (
                each
                for each in world.cards(BO, "Ann Abara asks for Customer Data")
                if "Approve" in labels(each) and "has changed" in said(each)
            ),
            None,
        ),
        about="a new card",
    )
    assert "Which incident is it about?" in said(again)
    assert world.posts() == []
    await world.press(BO, again, "Approve")
    await world.told(ANN, "You now have access to \\*Customer Data")


async def test_a_choice_that_is_gone_after_approval_is_refused(world):
    """An answer that nobody can give any more is no answer."""
    await answered(world, regions=["Europe"])
    card = await world.card(BO, "Ann Abara asks for Customer Data")
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    del asked[1]["choices"][0]
    await world.press(BO, card, "Approve")

    refused = await world.told(ANN, "I cannot get you access to \\*Customer Data\\*")
    assert "Which regions do you need?" in said(refused)
    assert world.posts() == []


async def test_a_question_that_cannot_be_asked_closes_the_form(world):
    """A pattern that we cannot check is said, and where to ask instead."""
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    asked[0]["regexPattern"] = r"(?=.*\d).{8,}"
    await world.synced()

    form = await open_form(world, ANN, "customer-data")

    assert "cannot be asked" in said(form)
    assert "My Access" in said(form)
    assert not form.submit


async def test_long_answers_are_a_button_away_for_those_who_decide(world):
    """The card shows their beginning; the rest opens for approvers, admins and whoever asked."""
    asked = world.tenant.world.policies[examples.CUSTOMER_POLICY].settings["questions"]
    asked[0]["regexPattern"] = None
    await world.synced()
    text = "<!channel> *why* " * 40
    await answered(world, ticket=text)
    card = await world.card(APPROVALS, "Ann Abara asks for Customer Data")
    assert "&lt;!channel&gt;" in said(card)
    assert text.strip() not in said(card)

    for user in (BO, DANA):
        where = card if user == DANA else await world.card(BO, "Ann Abara asks for")
        await world.press(user, where, "All answers")
        shown = await eventually(lambda user=user: world.form(user))
        assert text.strip() in said(shown)
        await world.slack.close(user=user, view_id=shown.id)
    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, card, "All answers")
    await world.whispered(CY, APPROVALS, "Only those who decide")
    assert world.form(CY) is None
    assert complaints(world) == []


def decided_by(world, *stages):
    """Let Customer Data be decided in these stages, each by these people, and its ticket be told at length."""
    policy = world.tenant.world.policies[examples.CUSTOMER_POLICY]
    policy.settings["questions"][0]["regexPattern"] = None
    [stage] = policy.approval["stages"]
    policy.approval["stages"] = [
        {
            **stage,
            "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[each]}
                for each in stage_approvers
            ],
        }
        for stage_approvers in stages
    ]


async def reads_all(world, user, card):
    """Press "All answers" on a card, and tell whether they open."""
    await world.press(user, card, "All answers")
    shown = await eventually(lambda: world.form(user), about="the answers")
    assert LONG in said(shown)
    await world.slack.close(user=user, view_id=shown.id)


LONG = " ".join(["why not"] * 100)


async def test_whoever_has_approved_still_reads_all_answers(database, tmp_path):
    """Their card keeps the button, while one more approval is needed."""
    settings = tmp_path / "latchkey.yml"
    settings.write_text("packages:\n  Customer Data: {quorum: 2}\n", "utf-8")
    async with living(
        database, prepare=with_examples, LATCHKEY_PACKAGE_SETTINGS=str(settings)
    ) as world:
        decided_by(world, [BO, MIA])
        await world.synced()
        await answered(world, ticket=LONG)
        card = await world.card(BO, "Ann Abara asks for")
        await world.press(BO, card, "Approve")
        await world.told(ANN, "1 of 2 approvals")

        await reads_all(world, BO, card)


async def test_the_approvers_of_an_earlier_step_still_read_all_answers(database):
    """Those who have decided it, and those who have its card; nobody else, when another step waits or it is over."""
    async with living(database, prepare=with_examples) as world:
        decided_by(world, [BO, CY], [MIA])
        await world.synced()
        await answered(world, ticket=LONG)
        cards = {each: await world.card(each, "Ann Abara asks for") for each in (BO, CY)}
        channels = await world.card(APPROVALS, "Ann Abara asks for")
        await world.press(BO, cards[BO], "Approve")
        last = await world.card(MIA, "Ann Abara asks for")

        for user, card in cards.items():
            await reads_all(world, user, card)
        await world.press(MIA, last, "Approve")
        await world.told(ANN, "You now have access to \\*Customer Data")
        for user, card in cards.items():
            await reads_all(world, user, card)
        world.slack.channel(APPROVALS).members.add(GUS)
        await world.press(GUS, channels, "All answers")
        await world.whispered(GUS, APPROVALS, "Only those who decide")


async def test_whoever_may_decide_by_the_card_of_a_channel_reads_all_its_answers(database):
    """Somebody who has joined the approvers' group, and has no card yet: what they may approve, they may read whole."""
    async with living(database, prepare=with_examples) as world:
        decided_by(world, [])
        [stage] = world.tenant.world.policies[examples.CUSTOMER_POLICY].approval["stages"]
        stage["primaryApprovers"] = [
            {
                "@odata.type": "#microsoft.graph.groupMembers",
                "groupId": tutorial.SECURITY_REVIEWERS,
            }
        ]
        await world.synced()
        await answered(world, ticket=LONG)
        await world.card(BO, "Ann Abara asks for")
        world.tenant.world.groups[tutorial.SECURITY_REVIEWERS].members.append(tutorial.MIA)

        await reads_all(world, MIA, await world.card(APPROVALS, "Ann Abara asks for"))
        assert world.cards(MIA) == []


async def test_access_may_begin_later_and_end_sooner(database):
    """The policy allows own dates: the card says them, and so does what Graph is asked."""
    async with living(database, prepare=with_examples) as world:
        start = clock.now() + timedelta(days=2)
        end = start + timedelta(days=3)
        form = await open_form(world, ANN, "customer-data")
        sent = await send(
            world,
            ANN,
            form,
            **{
                TICKET: {NUMBER: "OPS-17"},
                "start": {"start": int(start.timestamp())},
                "end": {"end": int(end.timestamp())},
            },
        )
        assert sent.ok
        card = await world.card(BO, "Ann Abara asks for Customer Data")
        assert f"<!date^{int(start.timestamp())}^" in said(card)
        await world.press(BO, card, "Approve")

        [post] = await eventually(lambda: world.posts("adminAdd"))
        assert post.body["schedule"]["startDateTime"][:16] == f"{start:%Y-%m-%dT%H:%M}"
        assert post.body["schedule"]["expiration"]["endDateTime"][:16] == f"{end:%Y-%m-%dT%H:%M}"
        assert await world.states() == [f"add {State.SUBMITTED}"]
        assert ENTRA_ID[ANN] not in world.holders(examples.CUSTOMER_READERS)
        await world.later(timedelta(days=2, minutes=1))
        await world.told(ANN, "You now have access to \\*Customer Data")
        assert not [
            each for each in world.slack.channel(APPROVALS).messages if "looked at" in each.text
        ]
        assert complaints(world) == []


@pytest.mark.parametrize(
    ("start", "end", "field", "sentence"),
    [
        (timedelta(days=-2), None, "start", "still to come"),
        (None, timedelta(days=-2), "end", "later moment"),
        (timedelta(days=3), timedelta(days=2), "end", "later moment"),
        (None, timedelta(days=15), "end", "at the latest"),
        (timedelta(days=3), timedelta(days=18), "end", "at the latest"),
    ],
)
async def test_dates_that_the_policy_does_not_give_are_refused_at_their_field(
    database, start, end, field, sentence
):
    """Fourteen days at most, from a moment to come."""
    async with living(database, prepare=with_examples) as world:
        form = await open_form(world, ANN, "customer-data")
        picked = {
            name: {name: int((clock.now() + at).timestamp())}
            for name, at in (("start", start), ("end", end))
            if at is not None
        }
        sent = await send(world, ANN, form, **{TICKET: {NUMBER: "OPS-17"}}, **picked)

        assert sentence in sent.errors[field]
        assert await world.states() == []


async def test_beta_does_not_say_whether_dates_may_be_chosen(database):
    """So the form does not offer it."""
    async with living(database, prepare=with_examples, GRAPH_API_VERSION="beta") as world:
        form = await open_form(world, ANN, "customer-data")

        assert not {"start", "end"} & {each.get("block_id") for each in form.blocks}


async def test_what_a_resource_wants_to_know_is_asked_too(world):
    """An attribute of the group's owner must be answered, whatever its question says."""
    [resource] = [
        each
        for each in world.tenant.world.resources.values()
        if each.origin_id == tutorial.MARKETING_RESOURCES
    ]
    question = {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "id": "0a000000-0000-4000-8000-0000000000ff",
        "text": "What is your badge number?",
        "isRequired": False,
        "isSingleLineQuestion": True,
    }
    resource.attributes = [
        {
            "name": "badge",
            "source": {
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": question,
            },
            "destination": {
                "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"
            },
        }
    ]
    await world.synced()
    [package] = [
        each
        for each in await world.bot.store.run(catalog.list_all)
        if each.slug == "marketing-campaign"
    ]
    [asked] = package.policies[0].questions
    assert asked.attribute == "badge"

    form = await open_form(world, ANN, "marketing-campaign")
    block = block_of(asked)
    assert (await send(world, ANN, form)).errors == {block: "Please complete this required field."}
    assert (await send(world, ANN, form, **{block: {NUMBER: "4711"}})).ok
    await world.told(ANN, "You now have access to \\*Marketing Campaign")
    [post] = world.posts("adminAdd")
    assert [each["value"] for each in post.body["answers"]] == ["4711"]
    assert complaints(world) == []
