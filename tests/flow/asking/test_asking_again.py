"""Who got no access asks again with one press, and reads why; neither says what is not theirs to know."""

from datetime import timedelta

import pytest

from bot import clock
from bot.messages.requests.request_form.questions import block_of
from bot.packages.questions import Question
from sandbox.tenant import examples
from sandbox.tenant.model import Expiration
from sandbox.tenant.seed import FINANCE_REPORTS, MARKETING_CAMPAIGN
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    MIA,
    eventually,
    labels,
    living,
    said,
)

TICKET = block_of(Question(id=examples.TICKET, text="?", required=True))


def with_examples(outside):
    outside.tenant.seed_examples()


@pytest.fixture
async def world(database):
    """Stand-ins and bot, with the packages that ask questions."""
    async with living(database, prepare=with_examples) as made:
        yield made


async def denied(world):
    """The news that Ann's request for the finance reports was denied by Bo."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS, "Ann Abara asks for Finance Reports")
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, "not now")
    return await world.told(ANN, "was denied")


async def refused(world, user, name="board-papers"):
    await world.type(user, f"/request-access {name} because I am curious")
    return await world.told(user, "I cannot get you access")


async def test_a_denied_request_is_asked_again_with_its_reason(world):
    """One press opens the form as it was sent."""
    news = await denied(world)

    await world.press(ANN, news, "Ask again")
    form = await eventually(lambda: world.form(ANN), about="the form")

    assert labels(news) == ["Ask again"]
    assert form.values["reason"]["reason"]["value"] == "Q4"
    await world.slack.submit(user=ANN, view_id=form.id, values={})
    await eventually(
        lambda: world.cards(APPROVALS, "Ann Abara asks for Finance Reports")[1:],
        about="a second card",
    )


async def test_its_answers_are_there_again(world):
    """Text and choices, as they were given."""
    answer = (await world.type(CY, "/request-access customer-data because a call")).message
    await world.press(CY, answer, "Open the form")
    form = await eventually(lambda: world.form(CY), about="the form")
    await world.slack.submit(
        user=CY, view_id=form.id, values={TICKET: {"latchkey_answer": "INC-123456"}}
    )
    await world.slack.close(user=CY, view_id=form.id)
    card = await world.card(APPROVALS, "Customer Data")
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, "not now")

    await world.press(CY, await world.told(CY, "was denied"), "Ask again")
    form = await eventually(lambda: world.form(CY), about="the form")

    assert form.values[TICKET]["latchkey_answer"]["value"] == "INC-123456"


async def test_under_a_policy_that_is_over_it_does_not_help_to_ask_again(world):
    """It says whose policy, and until which moment; another policy may go on giving it to others."""
    [policy] = [
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == MARKETING_CAMPAIGN
    ]
    end = clock.now() - timedelta(hours=1)
    policy.expiration = Expiration("afterDateTime", end=end)

    news = await refused(world, ANN, "marketing-campaign")

    assert (
        f"The policy that applies to you, “{policy.display_name}”, gave it until <!date^"
        in said(news)
    )
    assert f"<!date^{int(end.timestamp()) // 60 * 60}^" in said(news)
    assert labels(news) == ["Why can't I?"]


async def test_a_refusal_says_whom_it_is_for_and_who_can_help(world):
    """In the news, and with the rule where one asks why; not the names of those who may have it."""
    news = await refused(world, ANN)
    assert (
        "I cannot get you access to *Board Papers*. You are not among those who may ask for it. "
        "It is for certain people. "
        f"<#{APPROVALS}> can help you. If you cannot open it, ask your identity team."
    ) in said(news)

    await world.press(ANN, news, "Why can't I?")
    form = await eventually(lambda: world.form(ANN), about="the explanation")

    shown = said(form)
    assert "You are not among those who may ask for it." in shown
    assert "certain people" in shown
    assert f"<#{APPROVALS}> can help you. If you cannot open it, ask your identity team." in shown
    for name in ("Mia", "Bo Berg", "Dana", "Cy"):
        assert name not in shown.replace("Bo Berg approves", "")


async def test_a_refusal_says_whom_it_is_for_by_the_policy_that_refused(world):
    """Changed since the last look at all packages: the news and the explanation say what it was judged by."""
    [policy] = [
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == MARKETING_CAMPAIGN
    ]
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[DANA]}
    ]

    news = await refused(world, ANN, "marketing-campaign")
    await world.press(ANN, news, "Why can't I?")
    shown = said(await eventually(lambda: world.form(ANN), about="the explanation"))

    for each in (said(news), shown):
        assert "You are not among those who may ask for it. It is for certain people." in each
        assert "Marketing”" not in each
    assert "Who may ask for it" not in shown


async def test_the_rule_of_a_hidden_package_is_not_told(world):
    """Whoever has guessed its name reads the refusal and nothing of its policies."""
    [hidden] = [
        each for each in world.tenant.world.packages.values() if each.display_name == "Board Papers"
    ]
    hidden.is_hidden = True
    await world.synced()
    news = await refused(world, ANN)
    assert (
        "I cannot get you access to *Board Papers*. You are not among those who may ask for it. "
        f"<#{APPROVALS}> can help you. If you cannot open it, ask your identity team."
    ) in said(news)

    await world.press(ANN, news, "Why can't I?")
    form = await eventually(lambda: world.form(ANN), about="the explanation")

    assert "Who may ask for it" not in said(form)


@pytest.mark.parametrize("label", ["Ask again", "Why can't I?"])
async def test_somebody_elses_request_is_neither_repeated_nor_explained(world, label):
    """A forwarded button opens nothing for whoever presses it."""
    news = await refused(world, ANN)
    news.channel = APPROVALS
    [button] = [
        element
        for block in news.blocks
        for element in block.get("elements", ())
        if element.get("text", {}).get("text") == label
    ]
    place = world.slack.channel(APPROVALS)
    news_copy = world.slack.post(news)

    await world.slack.click(
        user=MIA,
        channel=place.id,
        ts=news_copy.ts,
        action_id=button["action_id"],
        block_id=None,
        value=button["value"],
    )

    await world.whispered(MIA, APPROVALS, "Only the person who asked can do that.")
    assert world.form(MIA) is None


async def test_ended_access_is_asked_for_again(world):
    """One press."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=40))
    news = await world.told(ANN, "has ended")

    await world.press(ANN, news, "Ask again")
    form = await eventually(lambda: world.form(ANN), about="the form")

    assert "Marketing Campaign" in said(form)


@pytest.mark.parametrize("is_synced", [True, False])
async def test_what_is_gone_is_not_offered_again(world, is_synced):
    """Deleted while it waited: nobody is sent to ask for what there is not, whether the sync has seen it or not."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    world.tenant.delete_package(FINANCE_REPORTS)
    if is_synced:
        await world.synced()

    await world.press(BO, card, "Approve")

    news = await world.told(ANN, "That package no longer exists")
    assert labels(news) == ["Why can't I?"]


async def test_what_has_expired_and_is_gone_is_not_offered_again(world):
    """The sentence says so, too."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    world.tenant.delete_package(FINANCE_REPORTS)
    await world.synced()

    await world.later(timedelta(days=15))

    news = await world.told(ANN, "has expired")
    assert "It is not offered any more." in said(news)
    assert "You can ask again" not in said(news)
    assert labels(news) == []


async def test_what_was_denied_and_is_gone_is_not_offered_again(world):
    """The reason of the denial stands alone."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    world.tenant.delete_package(FINANCE_REPORTS)
    await world.synced()

    await world.press(BO, card, "Deny")
    await world.give_reason(BO, "It is gone")

    assert labels(await world.told(ANN, "was denied")) == []


async def test_ended_access_to_what_is_gone_is_not_offered_again(world):
    """The package was deleted, and with it the access."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    world.tenant.delete_package(MARKETING_CAMPAIGN)

    await world.synced()

    news = await world.told(ANN, "was ended in Entra, by no request that I know of")
    assert "It is not offered any more." in said(news)
    assert "you can ask again" not in said(news)
    assert labels(news) == []


async def test_ended_access_to_what_nobody_may_ask_for_is_not_offered_again(world):
    """It is there, and its policy lets nobody ask any more."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    for policy in world.tenant.world.policies.values():
        if policy.package_id == MARKETING_CAMPAIGN:
            policy.settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = False
    await world.synced()

    await world.later(timedelta(days=40))

    news = await world.told(ANN, "has ended")
    assert "It is not offered any more." in said(news)
    assert labels(news) == []
