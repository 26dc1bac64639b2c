"""Everybody reads their own language; channels read the one of the settings; the audit log is English."""

import pytest

from bot.database.audit_log import audit
from bot.people.store import languages
from bot.words import _, speaking
from tests.harness.world import ANN, APPROVALS, BO, DANA, eventually, labels, living, said

FINANCE = "/request-access finance-reports because I close the quarter"


@pytest.fixture
async def world(database):
    """Ann and Dana read German, Bo reads English; channels are written to in English."""
    async with living(database) as made:
        for person in (ANN, DANA):
            made.slack.person(person).locale = "de-DE"
        yield made


def german(sentence):
    with speaking("de"):
        return _(sentence)


async def german_is_known(world, person):
    """Slack says it after the first command; from then on answers are in it, too."""
    await world.type(person, "/my-access")
    await eventually(lambda: _locale(world, person))


async def _locale(world, person):
    found = await world.bot.store.read(languages.find, [person])
    return found.get(person)


async def test_each_reads_their_own(world):
    """What Ann is told is German; Bo's card, and the channel's, are English."""
    await world.type(ANN, FINANCE)
    card = await world.card(BO, "Ann Abara")
    assert "Approve" in labels(card)
    await world.card(APPROVALS, "Ann Abara")
    await world.press(BO, card, "Approve")
    told = german("You now have access to *{name}*, {until}.").partition("*")[0]
    assert told != "You now have access to "
    await world.told(ANN, told)


async def test_answers_are_in_the_readers_language_once_it_is_known(world):
    """The first command is answered in the channels'."""
    first = await world.type(ANN, "/request-access marketing")
    assert "There is no access package called" in said(first.message)
    await german_is_known(world, ANN)
    again = await world.type(ANN, "/request-access marketing")
    assert german("There is no access package called “{typed}” that can be asked for.").partition(
        "“"
    )[0][:20] in said(again.message)


async def test_a_refusal_is_said_in_their_language_and_written_down_in_english(world):
    """The audit log has one language."""
    await german_is_known(world, ANN)
    refused = await world.type(ANN, "/access-admin pending")
    english = "Only Latchkey's admins can do that. Your own access is at /my-access."
    assert german(english) in said(refused.message)
    assert german(english) != english
    rows = await world.bot.store.run(audit.rows)
    assert english in {row["why"] for row in rows}


async def test_home_is_in_the_readers_language(world):
    """It asks Slack itself: nobody waits for it."""
    await world.slack.open_home(user=ANN)
    heading = german("Your access")
    await eventually(lambda: heading in said(world.slack.person(ANN).home))
    await world.slack.open_home(user=BO)
    await eventually(lambda: "Your access" in said(world.slack.person(BO).home))
