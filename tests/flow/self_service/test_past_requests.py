"""Past requests in Slack: by the command, from the list and from Home; asked again with a press; gone when deleted."""

import re
from datetime import timedelta

import pytest

from bot.database.tables import requests as request_table
from bot.requests.model import State
from bot.retention import deletion
from bot.retention.model import Retention
from tests.bot.samples import SOME_DAY, wish
from tests.harness.simulation import simulation
from tests.harness.valid import complaints
from tests.harness.world import ANN, BO, CY, GENERAL, begun, eventually, labels, said

DAY = timedelta(days=1)


@pytest.fixture
async def kept_for_a_month(database):
    """A bot that keeps closed requests for a month."""
    async with simulation(database) as around:
        yield await begun(around, LATCHKEY_KEEP_REQUESTS_DAYS="30")


async def denied(world):
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not before the audit")
    await world.told(ANN, "was denied")


def shown_last(world):
    return world.slack.channel(GENERAL).messages[-1]


def reasons(shown):
    return re.findall(r"> (Reason \d+)", said(shown))


async def newest(world, text):
    def found():
        shown = shown_last(world)
        return shown if text in said(shown) else None

    return await eventually(found, about=text)


async def past_of(world, user):
    return (await world.type(user, "/my-access past")).message


async def test_one_reads_how_it_ended_and_asks_again(world):
    """By whom it was denied and why; nobody else reads it."""
    await denied(world)

    mine = await past_of(world, ANN)

    assert "Denied by Bo Berg." in said(mine)
    assert "Not before the audit" in said(mine)
    assert labels(mine) == ["Ask again", "My access"]
    assert complaints(world) == []
    assert "no past requests" in said(await past_of(world, CY))
    assert "no past requests" in said(await past_of(world, BO))
    await world.press(ANN, mine, "Ask again")
    form = await eventually(lambda: world.form(ANN), about="the form")
    assert "Finance Reports" in said(form)


async def test_the_list_of_what_one_has_leads_there_and_back(world):
    """In the same message."""
    await denied(world)
    shown = (await world.type(ANN, "/my-access")).message
    assert labels(shown)[-1] == "Past requests"

    await world.press(ANN, shown, "Past requests")

    past = await newest(world, "Your past requests")
    assert "Denied by Bo Berg." in said(past)
    assert labels(past) == ["Ask again", "My access"]
    await world.press(ANN, past, "My access")
    await newest(world, "nothing is pending")


async def test_home_leads_there(world):
    """In a window over it."""
    await denied(world)
    await world.slack.open_home(user=ANN)
    await eventually(lambda: world.home(ANN), about="Home")

    await world.press_home(ANN, "Past requests")

    window = await eventually(lambda: world.form(ANN), about="the list")
    assert "Denied by Bo Berg." in said(window)
    assert "Ask again" in labels(window)


async def test_what_is_held_is_not_asked_for_again(world):
    """Until it has ended."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    shown = await past_of(world, ANN)
    assert "Delivered. The access lasts until" in said(shown)
    assert labels(shown) == ["My access"]

    await world.later(timedelta(days=31))
    await world.told(ANN, "has ended")

    shown = await past_of(world, ANN)
    assert "The access ended" in said(shown)
    assert labels(shown) == ["Ask again", "My access"]


async def test_more_than_a_page_goes_on_behind_next(world):
    """Each once, the newest first."""

    def ask(db):
        made = [
            wish(
                holder=ANN,
                asked_by=ANN,
                state=State.DENIED,
                why=f"Reason {number:02}",
                asked_at=SOME_DAY + DAY * number,
            )
            for number in range(12)
        ]
        rows = [{**vars(each), "answers": {}, "decided_there": []} for each in made]
        return db.execute(request_table.insert(), rows).rowcount

    await world.bot.store.run(ask)
    shown = await past_of(world, ANN)
    assert reasons(shown) == [f"Reason {number:02}" for number in range(11, 1, -1)]
    assert "1 to 10 of 12." in said(shown)

    await world.press(ANN, shown, "Next")

    await eventually(lambda: reasons(shown_last(world)) == ["Reason 01", "Reason 00"])


async def test_what_is_deleted_is_gone_and_the_list_says_so(kept_for_a_month):
    """Nothing points to it; since when things are kept stands below."""
    world = kept_for_a_month
    await denied(world)
    assert "are not kept" in said(await past_of(world, ANN))

    everything = Retention(requests=-DAY, messages=-DAY)
    await deletion.delete_old(world.bot.store, everything)

    shown = said(await past_of(world, ANN))
    assert "You have no past requests." in shown
    assert "are not kept" in shown


async def test_whoever_decided_sees_what_they_decided(world):
    """Themselves alone: by the command, and from Home beside what waits."""
    await denied(world)
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.slack.open_home(user=BO)
    await eventually(lambda: "What I decided" in labels(world.home(BO)), about="the button")

    listed = said((await world.type(BO, "/my-access decided")).message)

    assert "Not before the audit" in listed
    assert f"<@{ANN}> asks for *Finance Reports*" in listed
    for other in (ANN, CY):
        theirs = (await world.type(other, "/my-access decided")).message
        assert "You have not decided anything." in said(theirs)
    await world.press_home(BO, "What I decided")
    window = await eventually(lambda: world.form(BO), about="the list")
    assert "Not before the audit" in said(window)
    assert complaints(world) == []
