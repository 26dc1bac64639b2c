"""Test which language somebody reads: asked of Slack seldom, kept, and never waited for by an answer."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.people.languages import ASKED_A_MINUTE, KEPT_FOR, READ_FOR, Languages
from bot.people.store import languages as store
from bot.words import current_language
from sandbox.slack.model import Person
from tests.harness.by_hand import by_hand
from tests.harness.world import ANN, APPROVALS, BO, CY


@pytest.fixture
async def harness(database):
    """A bot by hand."""
    async with by_hand(database) as made:
        yield made


@pytest.fixture
def languages(harness):
    """Return what has asked nothing yet; channels are written to in Spanish."""
    return Languages(store=harness.store, slack=harness.slack, default="es")


def asked(harness):
    """Return how often Slack was asked for somebody's language."""
    return sum("include_locale" in call.args for call in harness.workspace.calls)


async def test_slack_is_asked_once_a_day(harness, languages):
    """What it says is kept, also for other replicas."""
    harness.workspace.person(ANN).locale = "de-DE"
    assert await languages.find(ANN) == "es"
    assert not languages.is_fresh(ANN)
    assert await languages.of(ANN) == "de"
    assert languages.is_fresh(ANN)
    assert await languages.of(ANN) == "de"
    assert await Languages(store=harness.store, slack=harness.slack).of(ANN) == "de"
    assert asked(harness) == 1

    harness.workspace.person(ANN).locale = "fr-FR"
    await asyncio.sleep(READ_FOR.total_seconds())
    assert await languages.find(ANN) == "de"
    assert await languages.of(ANN) == "fr"
    assert asked(harness) == 2


async def test_another_replicas_news_is_heard(harness, languages):
    """Within minutes."""
    assert await languages.of(ANN) == "en"
    await harness.store.run(store.save, {ANN: "ja-JP"}, read_at=clock.real())
    await asyncio.sleep(KEPT_FOR.total_seconds() + 1)
    assert await languages.find(ANN) == "ja"


@pytest.mark.parametrize("locale", ["pt-BR", "", "tlh"])
async def test_a_language_without_a_catalog_is_the_channels(harness, languages, locale):
    """It is asked for once, too."""
    harness.workspace.person(ANN).locale = locale
    assert await languages.of(ANN) == "es"
    assert await languages.of(ANN) == "es"
    assert asked(harness) == 1


async def test_channels_have_the_one_of_the_settings(harness, languages):
    """Slack has none for them."""
    assert await languages.of(APPROVALS) == "es"
    assert asked(harness) == 0


async def test_slack_that_does_not_answer_is_left_alone_for_a_minute(harness, languages):
    """Nothing is held up by it, message after message."""
    harness.workspace.faults.set("fatal_error", only="users.info")
    assert [await languages.of(each) for each in (ANN, BO, CY)] == ["es", "es", "es"]
    assert asked(harness) == 1

    harness.workspace.faults.set("fatal_error", on=False)
    await asyncio.sleep(KEPT_FOR.total_seconds())
    assert await languages.of(BO) == "en"


async def test_a_crowd_is_not_asked_about_at_once(harness, languages):
    """Slack takes so many in a minute; the others are known a minute later."""
    crowd = [f"U1C{number:03d}" for number in range(ASKED_A_MINUTE + 10)]
    for each in crowd:
        harness.workspace.people[each] = Person(
            id=each, name=each, real_name=each, email=None, team_id="T0LATCH", locale="de-DE"
        )
    await languages.learn_all(crowd)
    assert asked(harness) == ASKED_A_MINUTE
    await asyncio.sleep(timedelta(minutes=1).total_seconds())
    await languages.learn_all(crowd)
    assert asked(harness) == len(crowd)
    assert {await languages.find(each) for each in crowd} == {"de"}


async def test_each_recipient_is_said_theirs(harness, languages):
    """Made once for each language."""
    harness.workspace.person(BO).locale = "de-DE"
    made = []

    def make():
        made.append(current_language())
        return current_language()

    assert await languages.said_to([ANN, BO, CY, APPROVALS], make) == {
        ANN: "en",
        BO: "de",
        CY: "en",
        APPROVALS: "es",
    }
    assert sorted(made) == ["de", "en", "es"]


async def test_a_crowd_is_looked_up_together(harness, languages):
    """Hundreds who ask in the same moment are not hundreds of transactions before their answers."""
    crowd = [f"U1C{number:03d}" for number in range(100)]
    await harness.store.run(store.save, dict.fromkeys(crowd[:50], "de-DE"), read_at=clock.real())
    begun: list[sa.Connection] = []
    sa.event.listen(harness.store.reading, "begin", begun.append)

    found = await asyncio.gather(*map(languages.find, crowd))

    assert found == ["de"] * 50 + ["es"] * 50
    assert len(begun) <= 3
