"""What is offered to whom, and what is said at once to whoever asks: as far as our own rows know who they are."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness.world import ANN, BO, CY, DANA, GUS, eventually, labels, living, said

GUEST = "this account is a guest"
# Somewhat longer than what Slack has said of somebody is kept (real time).
DAY = timedelta(days=1, minutes=20).total_seconds()
# For a day in which nothing happens: each look costs time.
SELDOM: Any = {"LATCHKEY_POLL_SECONDS": "3600", "LATCHKEY_SYNC_SECONDS": "14400"}


async def answer(world, user, text):
    return (await world.type(user, f"/request-access {text}".strip())).message


async def known(world, user):
    """Let somebody be known, as whoever has used Latchkey before."""
    await world.type(user, "/request-access list")
    await world.bot.background.finish()


async def home(world, user):
    await world.slack.open_home(user=user)
    return await eventually(lambda: world.home(user), about="their Home")


async def test_who_is_not_known_is_promised_nothing(world):
    """They may be a guest: it is being checked, and only that is said."""
    shown = said(await answer(world, GUS, "marketing-campaign"))

    assert "Asked for" not in shown
    assert "I am checking whether you may have *Marketing Campaign*" in shown
    await world.told(GUS, GUEST)


async def test_what_a_member_asks_for_is_asked_for(world):
    """Who is known as a member reads so."""
    await known(world, ANN)

    assert "Asked for *Marketing Campaign*" in said(await answer(world, ANN, "marketing-campaign"))
    assert "Asked for *Finance Reports*" in said(await answer(world, ANN, "finance-reports for Q4"))


@pytest.mark.parametrize("text", ["list", "page 2", "no-such-thing"])
async def test_a_guest_reads_one_sentence_in_place_of_the_list(world, text):
    """At their first try, after a look at who they are, and at once from then on."""
    await answer(world, GUS, text)
    await world.whispered(GUS, "C0GENERAL", GUEST)

    shown = await answer(world, GUS, text)
    assert GUEST in said(shown)
    assert labels(shown) == []
    assert not [each for each in world.whispers(GUS, "C0GENERAL") if "Marketing" in each]


async def test_a_member_reads_the_list_at_the_first_try(world):
    """After a look at who they are."""
    assert await answer(world, ANN, "list") is None

    await world.whispered(ANN, "C0GENERAL", "What do you need access to")


async def test_the_home_of_a_guest_offers_nothing(world):
    """Though Slack has just said who that is for the first time; an hour later, too."""
    shown = await home(world, GUS)
    assert GUEST in said(shown)
    assert "Marketing" not in said(shown)
    assert labels(shown) == []

    await world.later(timedelta(hours=1))
    assert GUEST in said(await home(world, GUS))


async def test_who_becomes_a_member_is_offered_something(database):
    """As soon as Slack is asked again who they are, which is once a day."""
    async with living(database, **SELDOM) as world:
        assert GUEST in said(await home(world, GUS))
        guest = world.slack.person(GUS)
        guest.is_restricted = False

        await world.later(timedelta(days=1, minutes=1))
        await asyncio.sleep(DAY)
        await world.slack.open_home(user=GUS)

        await eventually(
            lambda: "Marketing Campaign" in said(world.home(GUS)), about="what is offered"
        )


async def test_what_is_for_others_is_offered_to_them_alone(world):
    """In the list and in Home; in the form's menu it is the last, and says so."""
    for user in (ANN, DANA):
        await known(world, user)

    assert "Board Papers" not in said(await answer(world, ANN, "list"))
    assert "Board Papers" not in said(await home(world, ANN))
    assert "Board Papers" in said(await answer(world, DANA, "list"))
    assert "Board Papers" in said(await home(world, DANA))


async def test_what_is_for_others_is_checked_and_not_called_asked_for(world):
    """Whoever knows its name may try: one's own rows may be old."""
    await known(world, CY)
    shown = said(await answer(world, CY, "board-papers"))

    assert "Asked for" not in shown
    assert "as far as I know you are not among them" in shown
    await world.told(CY, "I cannot get you access")


async def test_what_one_has_or_asked_for_comes_last_in_the_list(world):
    """Those first that may be asked for now."""
    await answer(world, ANN, "finance-reports for Q4")
    await world.card(BO, "Finance Reports")

    shown = said(await answer(world, ANN, "list"))

    assert shown.index("Production Database") < shown.index("Finance Reports")


async def test_who_asks_for_what_an_admin_removed_reads_that_an_admin_decides(world):
    """At once: that nobody has to approve it would not be so; Home and the card say it, too."""
    await answer(world, ANN, "marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(DANA, f"/access-admin remove <@{ANN}> marketing-campaign because it is over")
    await world.told(ANN, "was removed by")

    shown = said(await answer(world, ANN, "marketing-campaign"))

    assert f"<@{DANA}> removed your access" in shown
    assert "an admin has to approve that you get it again" in shown
    assert "nobody has to approve" not in shown
    card = said(await world.card("C0APPROVALS", "Marketing Campaign"))
    assert "an admin decides whether they get it again" in card
    assert "LATCHKEY_ADMINS_DECIDE" not in card
    mine = said((await world.type(ANN, "/my-access")).message)
    assert "waiting for one of the admins (since" in mine


async def test_who_has_asked_to_extend_is_not_offered_that_once_more(world):
    """Whoever asks for what they have reads how the extension stands, and may have its deciders reminded."""
    await answer(world, ANN, "finance-reports because Q4")
    await world.press(BO, await world.card(BO, "Finance Reports"), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=24))
    await world.extend(ANN, await world.told(ANN, "must approve that"))
    await eventually(lambda: world.cards(BO, "asks to extend"), about="the card")

    shown = await answer(world, ANN, "finance-reports")

    assert "You already have *Finance Reports*" in said(shown)
    assert f"Extension of *Finance Reports*: waiting for <@{BO}>" in said(shown)
    assert "If you extend it now" not in said(shown)
    assert labels(shown) == ["Remind", "Return"]
