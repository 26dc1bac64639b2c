"""Ask a question: whoever decides asks before deciding, whoever wants the access answers, and everybody who decides reads both."""

import copy
from datetime import timedelta

import pytest

from bot.database.audit_log import audit
from bot.errors import NotAllowed
from sandbox.slack import Message
from sandbox.tenant import seed
from tests.flow.asking.test_on_behalf import allow, ask_for
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    MIA,
    World,
    buttons,
    eventually,
    labels,
    said,
)

FINANCE = "/request-access finance-reports because Q4"
WHICH = "Which report do you need?"


async def ask(world: World, user: str, text: str = WHICH, *, card: Message | None = None) -> str:
    """Press the card's button, write the question and send it; return what the form says then, and close it."""
    await world.press(user, card or await world.card(user), "Ask a question")
    form = await eventually(lambda: world.form(user), about="a form for the question")
    outcome = await world.slack.submit(user=user, view_id=form.id, values={"text": {"text": text}})
    assert outcome.ok
    saved = said(world.form(user))
    await world.slack.close(user=user, view_id=form.id)
    return saved


async def answer(world: World, user: str, question: Message, text: str) -> None:
    await world.press(user, question, "Answer")
    form = await eventually(lambda: world.form(user), about="a form for the answer")
    assert (
        await world.slack.submit(user=user, view_id=form.id, values={"text": {"text": text}})
    ).ok
    await world.slack.close(user=user, view_id=form.id)


def thread(world: World, channel: str = APPROVALS) -> list[str]:
    """Return what is said below the newest card in a channel."""
    card = world.cards(channel)[-1]
    return [
        said(each) for each in world.slack.channel(channel).messages if each.thread_ts == card.ts
    ]


async def log(world: World, *verbs: str) -> list[tuple[str, str, str]]:
    """The audit rows of these verbs: who, what, in which words."""
    rows = await world.bot.store.run(audit.rows)
    return [(row["actor"], row["verb"], row["why"]) for row in rows if row["verb"] in verbs]


async def test_a_question_and_its_answer(world):
    """The requester gets it with a button, answers in a form; both are on the card, in the thread and in the audit log."""
    await world.type(ANN, FINANCE)
    card = await world.card(BO)
    assert labels(card) == ["Approve", "Approve for less", "Deny", "Ask a question"]

    saved = await ask(world, BO)

    assert f"send it to <@{ANN}>" in saved
    assert "moves no deadline: the request expires" in saved
    told = await world.told(ANN, "decides about your request for \\*Finance Reports\\*, and asks:")
    assert f"<@{BO}> decides" in said(told)
    assert WHICH in said(told)
    assert labels(told) == ["Answer"]
    for place in (BO, APPROVALS):
        await eventually(lambda place=place: WHICH in said(world.cards(place)[-1]))
        assert "That is not answered yet." in said(world.cards(place)[-1])
    await eventually(lambda: f"<@{BO}> asks <@{ANN}>: {WHICH}" in "".join(thread(world)))

    await answer(world, ANN, told, "The one of the EU")

    back = await world.told(
        BO, f"<@{ANN}> answered your question about the request for \\*Finance Reports\\*"
    )
    assert "The one of the EU" in said(back)
    assert labels(back) == ["Approve", "Approve for less", "Deny", "Ask a question"]
    await eventually(lambda: labels(told) == [])
    assert "You answered:" in said(told)
    for place in (BO, APPROVALS):
        await eventually(lambda place=place: "The one of the EU" in said(world.cards(place)[0]))
    await eventually(
        lambda: f"<@{ANN}> answers <@{BO}>: The one of the EU" in "".join(thread(world))
    )
    assert await log(world, "ask-question-accepted", "answer-question") == [
        (BO, "ask-question-accepted", WHICH),
        (ANN, "answer-question", "The one of the EU"),
    ]

    await world.press(BO, back, "Approve")
    await world.told(ANN, "You now have access")
    await eventually(lambda: labels(back) == [])
    assert len(world.direct(BO)) == 2


async def test_the_deadline_stays(world):
    """A request whose question nobody answers expires as it would have."""
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    told = await world.told(ANN, "and asks:")

    await world.later(timedelta(days=15))

    await world.told(ANN, "has expired")
    await eventually(lambda: labels(told) == [])
    assert "no answer is needed" in said(told)


async def test_an_answer_to_a_closed_request_is_not_taken(world):
    """Whoever has the form open, or the button of before, is told so."""
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    told = await world.told(ANN, "and asks:")
    before = copy.deepcopy(told)
    await world.press(ANN, told, "Answer")
    form = await eventually(lambda: world.form(ANN))
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")

    outcome = await world.slack.submit(
        user=ANN, view_id=form.id, values={"text": {"text": "Too late"}}
    )
    await world.press(ANN, before, "Answer")

    assert "an answer would change nothing" in str(outcome)
    assert await log(world, "answer-question") == []
    assert not any("answered your question" in said(each) for each in world.direct(BO))


async def test_only_who_may_decide_asks(world):
    """Anybody else is told so where they press, and nobody reads their question."""
    await world.type(ANN, FINANCE)
    await world.press(MIA, await world.card(APPROVALS), "Ask a question")

    await world.whispered(MIA, APPROVALS, "not among those who may decide")
    assert world.form(MIA) is None
    assert not any("and asks:" in said(each) for each in world.direct(ANN))


async def test_whoever_may_not_decide_any_more_is_told(world):
    """Judged once more when the question comes, by what Slack and Entra say then."""
    await world.type(ANN, FINANCE)
    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    world.tenant.disable_user(seed.BO)

    await world.slack.submit(user=BO, view_id=form.id, values={"text": {"text": WHICH}})

    told = said(await world.told(BO, "Your question about \\*Finance Reports\\* .* was not sent"))
    assert "disabled" in told or "Entra" in told
    ((_, verb, _),) = await log(world, "ask-question-refused", "ask-question-accepted")
    assert verb == "ask-question-refused"
    assert not any("and asks:" in said(each) for each in world.direct(ANN))
    assert WHICH not in said(world.cards(APPROVALS)[-1])


async def test_nobody_asks_about_their_own_request(world):
    """By the channel's card."""
    await world.type(BO, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(APPROVALS), "Ask a question")

    await world.whispered(BO, APPROVALS, "your own request")
    assert world.form(BO) is None


async def test_nobody_else_answers(world):
    """Whoever it was that forged the press: it is refused and written down, and nothing is answered."""
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    told = await world.told(ANN, "and asks:")
    (button,) = buttons(told)

    for user in (CY, BO, DANA):
        with pytest.raises(NotAllowed, match="whose request it is"):
            await world.bot.services.questions.answer(
                slack_user=user, question_id=button["value"], text="Mine"
            )

    assert await log(world, "answer-question") == []
    assert labels(told) == ["Answer"]


async def test_several_ask_several(world):
    """Each is answered for itself; the card has all of them, in their order."""
    await world.type(ANN, FINANCE)
    await ask(world, BO, "First?")
    first = await world.told(ANN, "First\\?")
    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    assert "First?" in said(form)
    await world.slack.submit(user=BO, view_id=form.id, values={"text": {"text": "Second?"}})
    second = await world.told(ANN, "Second\\?")
    await ask(world, DANA, "Third?", card=await world.card(APPROVALS))
    third = await world.told(ANN, "Third\\?")

    await answer(world, ANN, second, "To the second")
    await world.told(BO, "answered your question")
    await answer(world, ANN, third, "To the third")

    told = await world.told(DANA, "To the third")
    assert labels(told) == ["Review"]
    assert labels(first) == ["Answer"]
    text = await eventually(
        lambda: (
            "To the third" in said(world.cards(APPROVALS)[-1]) and said(world.cards(APPROVALS)[-1])
        )
    )
    places = [text.index(each) for each in ("First?", "Second?", "To the second", "Third?")]
    assert places == sorted(places)


async def test_the_same_question_sent_twice_is_one(world):
    """As by an impatient press."""
    await world.type(ANN, FINANCE)
    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    values = {"text": {"text": WHICH}}
    await world.slack.submit(user=BO, view_id=form.id, values=values)
    await world.slack.close(user=BO, view_id=form.id)
    await ask(world, BO, WHICH)

    await world.told(ANN, "and asks:")
    await eventually(lambda: len(thread(world)) == 1)
    assert len(await log(world, "ask-question-accepted")) == 1


async def test_ten_questions_are_enough(world):
    """Of one person about one request; then they are asked to talk."""
    await world.type(ANN, FINANCE)
    for number in range(10):
        await ask(world, BO, f"Number {number}?")
        await world.told(ANN, f"Number {number}\\?")

    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    outcome = await world.slack.submit(
        user=BO, view_id=form.id, values={"text": {"text": "One more?"}}
    )

    assert "please talk to them" in str(outcome)
    assert len(await log(world, "ask-question-accepted")) == 10


async def test_who_was_asked_for_and_who_asked_may_both_answer(world):
    """Both get it; the first answer counts, and the other's message says so."""
    allow(world, seed.FINANCE_REPORTS)
    await world.synced()
    assert await ask_for(world, MIA, CY)
    await ask(world, BO)
    asker = await world.told(MIA, f"for \\*Finance Reports\\* for <@{CY}>, and asks:")
    holder = await world.told(CY, "for you. .* decides about that, and asks:")

    await answer(world, CY, holder, "All of them")

    await world.told(BO, f"<@{CY}> answered your question")
    await eventually(lambda: labels(asker) == [])
    assert f"<@{CY}> answered:" in said(asker)


async def test_markup_formats_nothing(world):
    """Neither in the question nor in the answer: no mention, no link, no bold."""
    await world.type(ANN, FINANCE)
    odd = "<!channel> *bold* <https://evil.example|here> `code`"
    await ask(world, BO, odd)
    told = await world.told(ANN, "and asks:")
    await answer(world, ANN, told, odd)

    await world.told(BO, "answered your question")
    await eventually(lambda: len(thread(world)) == 2)
    for text in (said(world.cards(APPROVALS)[-1]), *thread(world)):
        assert "<!channel>" not in text
        assert "*bold*" not in text
        assert "<https://evil.example|here>" not in text


async def test_a_question_that_cannot_be_judged_yet_is_not_lost(world):
    """Graph is away: it is judged when Graph is back."""
    await world.type(ANN, FINANCE)
    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    world.tenant.faults.set("unavailable", count=6)
    await world.slack.submit(user=BO, view_id=form.id, values={"text": {"text": WHICH}})

    await world.told(ANN, "and asks:")


@pytest.mark.parametrize("verb", ["Approve", "Deny"])
async def test_the_message_with_the_answer_says_how_it_was_decided(world, verb):
    """As the card does: by whom, and, while others have to decide, for whom it waits; with the answer still there."""
    await world.type(CY, "/request-access production-database because of the migration")
    await ask(world, MIA)
    await answer(world, CY, await world.told(CY, "and asks:"), "The one of the EU")
    back = await world.told(MIA, "answered your question")

    await world.press(MIA, back, "Approve")
    await eventually(lambda: labels(back) == [], about="the message has no buttons any more")

    assert "The one of the EU" in said(back)
    assert f"Approved by <@{MIA}>" in said(back)
    assert "Your part is done. Now step 2 of 2 waits for " in said(back)

    await world.press(DANA, await world.card(DANA), verb)
    await world.give_reason(DANA, "As agreed")
    decided = "Denied" if verb == "Deny" else "Approved"
    await eventually(lambda: f"{decided} by <@{DANA}>" in said(back), about="who decided it")
    assert f"Approved by <@{MIA}>" in said(back)
    assert "The one of the EU" in said(back)


async def test_review_shows_nothing_to_whoever_may_not_decide_any_more(world):
    """Dana was an admin when she asked; the answer reaches her, and its button opens the card for those who decide alone."""
    await world.type(ANN, FINANCE)
    await ask(world, DANA, card=await world.card(APPROVALS))
    await answer(world, ANN, await world.told(ANN, "and asks:"), "The one of the EU")
    back = await world.told(DANA, "answered your question")
    await world.press(DANA, back, "Review")
    card = await eventually(lambda: world.form(DANA), about="the card")
    assert "Q4" in said(card)
    await world.slack.close(user=DANA, view_id=card.id)
    world.slack.usergroups["S0IAM"].users.remove(DANA)
    await world.later(timedelta(minutes=10))

    await world.press(DANA, back, "Review")

    await world.told(DANA, "Only those who decide about that request see its card")
    assert world.form(DANA) is None
