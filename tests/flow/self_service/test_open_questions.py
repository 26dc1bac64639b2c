"""Questions that wait for somebody's answer stand in their Home and in `/my-access`, until they are answered or over."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.flow.asking.test_on_behalf import allow, ask_for
from tests.flow.deciding.test_approver_questions import FINANCE, WHICH, answer, ask
from tests.flow.self_service.test_home import opened, shows, shows_no_more
from tests.flow.slack.test_replies import listed, redrawn
from tests.harness.valid import complaints
from tests.harness.world import ANN, BO, CY, MIA, buttons, eventually, labels, said

WAITS = "Waiting for your answer"


async def answered_in_form(world, user, text):
    form = await eventually(lambda: world.form(user), about="the form for the answer")
    assert WHICH in said(form)
    await world.slack.submit(user=user, view_id=form.id, values={"text": {"text": text}})
    return form


async def answered_in_home(world, user, text):
    form = await answered_in_form(world, user, text)
    assert "Your answer is saved" in said(world.form(user))
    await world.slack.close(user=user, view_id=form.id)


async def test_it_is_answered_from_home(world):
    """With who asks, about what, and the question; gone once it is answered."""
    await opened(world, ANN, BO, CY)
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    await shows(world, ANN, WAITS)
    assert f"<@{BO}> decides about your request for *Finance Reports*, and asks:" in said(
        world.home(ANN)
    )
    assert WHICH in said(world.home(ANN))
    for user in (BO, CY):
        assert WAITS not in said(world.home(user))

    await world.press_home(ANN, "Answer")
    await answered_in_home(world, ANN, "The one of the EU")

    await world.told(BO, "The one of the EU")
    await shows_no_more(world, ANN, WAITS)
    assert complaints(world) == []


async def test_it_is_answered_from_ones_own_list(world):
    """At the top of `/my-access`, which shows so at once; a second press on an old list is refused there, and redraws it."""
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    await world.told(ANN, "and asks:")

    old = await listed(world, ANN, "/my-access")
    shown = await listed(world, ANN, "/my-access")

    assert shown.text.startswith("1 question waits for your answer. Your access: ")
    assert labels(shown)[0] == "Answer"
    await world.press(ANN, shown, "Answer")
    await answered_in_form(world, ANN, "The one of the EU")
    await redrawn(shown, "Your answer is saved")
    assert world.form(ANN) is None
    for place in (shown, old):
        if place is old:
            await world.press(ANN, old, "Answer")
            await redrawn(old, "That question is answered already")
        assert WAITS not in said(place)
        assert "Answer" not in labels(place)
    await world.told(BO, "The one of the EU")
    assert complaints(world) == []


@pytest.mark.parametrize("end", ["decided", "canceled", "expired"])
async def test_it_is_gone_when_nobody_decides_any_more(world, end):
    """However the request ended."""
    await opened(world, ANN)
    await world.type(ANN, FINANCE)
    await ask(world, BO)
    await shows(world, ANN, WAITS)

    if end == "decided":
        await world.press(BO, await world.card(BO), "Approve")
    elif end == "canceled":
        await world.press_home(ANN, "Cancel")
    else:
        await world.later(timedelta(days=15))

    await shows_no_more(world, ANN, WAITS)
    assert WAITS not in said(await listed(world, ANN, "/my-access"))


async def test_both_who_asked_and_whose_it_is_are_shown_it(world):
    """Of a request for somebody else; the answer of one takes it from both."""
    allow(world, seed.FINANCE_REPORTS)
    await world.synced()
    await opened(world, MIA, CY)
    assert await ask_for(world, MIA, CY)
    await ask(world, BO)
    await shows(world, MIA, f"your request for *Finance Reports* for <@{CY}>, and asks:")
    await shows(world, CY, "decides about that, and asks:")
    mine = await listed(world, MIA, "/my-access")
    # What she has asked for Cy waits in her list, too.
    assert labels(mine) == ["Answer", "Remind", "Cancel", "Past requests"]

    await world.press_home(CY, "Answer")
    await answered_in_home(world, CY, "All of them")

    for user in (MIA, CY):
        await shows_no_more(world, user, WAITS)


async def test_of_many_the_oldest_come_first(world):
    """Five are shown, and how many come up later."""
    await opened(world, ANN)
    await world.type(ANN, FINANCE)
    for number in range(7):
        await ask(world, BO, f"Number {number}?")
        await world.told(ANN, f"Number {number}\\?")
    await shows(world, ANN, "and 2 more questions; they come up here when these are answered")
    found = [each["value"] for each in buttons(world.home(ANN)) if each["text"]["text"] == "Answer"]
    assert len(found) == 5
    assert "Number 4?" in said(world.home(ANN))
    assert "Number 5?" not in said(world.home(ANN))

    await answer(world, ANN, await world.told(ANN, "Number 0\\?"), "Zero")

    await shows(world, ANN, "Number 5?")
    await shows(world, ANN, "and 1 more question; it comes up here when these are answered")


async def test_a_question_of_somebody_who_may_not_decide_is_shown_to_nobody(world):
    """It is judged first: until then, and when it does not count, it waits for nobody's answer."""
    await opened(world, ANN)
    await world.type(ANN, FINANCE)
    await world.press(BO, await world.card(BO), "Ask a question")
    form = await eventually(lambda: world.form(BO))
    world.tenant.disable_user(seed.BO)

    await world.slack.submit(user=BO, view_id=form.id, values={"text": {"text": WHICH}})

    await world.told(BO, "Your question about \\*Finance Reports\\* .* was not sent")
    assert WAITS not in said(world.home(ANN))
    assert WAITS not in said(await listed(world, ANN, "/my-access"))
