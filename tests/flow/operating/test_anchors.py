"""Anchors of the audit log are noted by the running bot, and the doctor says how old they are."""

from datetime import timedelta

import pytest

from bot import clock
from bot.auditing import anchors
from bot.database.audit_log import audit
from bot.doctor.model import Severity
from tests.bot.moments import at
from tests.harness.doctoring import doctors_findings
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, begun, eventually, said


@pytest.fixture
async def around(database):
    """Stand-ins around a bot."""
    async with simulation(database) as made:
        yield made


@pytest.fixture
async def world(around, tmp_path):
    """A bot that notes anchors everywhere."""
    return await begun(
        around,
        LATCHKEY_ANCHOR_CHANNEL="true",
        LATCHKEY_ANCHOR_FILE=str(tmp_path / "anchors"),
        LATCHKEY_ANCHOR_WEBHOOK="https://siem.contoso.com/anchors",
    )


async def state(world, place):
    return await world.bot.store.read(anchors.state, place)


async def of_the_doctor(world):
    findings = await doctors_findings(world.bot)
    return [each for each in findings if each.check == "audit" and "anchor" in each.sentence]


async def noted(world, place):
    return (await state(world, place)).last is not None


async def test_all_three_places_have_it_within_hours(world, around, tmp_path):
    """The channel, the file, the webhook, once each; the doctor is content."""
    await world.type(ANN, "/request-access marketing-campaign")
    for place in anchors.PLACES:
        await eventually(lambda place=place: noted(world, place), seconds=3 * 3_600)
    found = {place: (await state(world, place)).last.text for place in anchors.PLACES}
    lines = (tmp_path / "anchors").read_text().splitlines()
    posted = world.slack.channel(APPROVALS).messages
    told = [each for each in posted if "audit log of Latchkey" in said(each)]

    assert [line.split()[1] for line in lines] == [found[anchors.FILE]]
    assert [each["anchor"] for each in around.alarms] == [found[anchors.WEBHOOK]]
    assert len(told) == 1
    assert found[anchors.CHANNEL] in said(told[0])
    for each in found.values():
        position, _, chained = each.partition(":")
        chain = await world.bot.store.read(
            audit.verify, world.bot.settings.audit_key_bytes, anchor=(int(position), chained)
        )
        assert chain.wrong is None
    assert {each.severity for each in await of_the_doctor(world)} == {Severity.FINE}

    with at(clock.real() + timedelta(days=3)):
        old = await of_the_doctor(world)
    assert {each.severity for each in old} == {Severity.WARNING}
    assert "73 h ago" in old[0].sentence or "72 h ago" in old[0].sentence


async def test_a_webhook_that_takes_none_keeps_nobody_from_working(world, around):
    """The bot is ready; the doctor warns, with the reason."""
    around.alarms_refused = True
    await world.type(ANN, "/request-access marketing-campaign")
    await eventually(lambda: noted(world, anchors.FILE), seconds=3 * 3_600)
    assert not await world.bot.health.problems()

    # Each place has turns of its own: the webhook may be an hour later than the file.
    async def is_refused():
        return (await state(world, anchors.WEBHOOK)).error

    await eventually(is_refused, seconds=3 * 3_600, about="the refusal of the webhook")
    (warned,) = [each for each in await of_the_doctor(world) if "WEBHOOK" in each.sentence]
    assert warned.severity is Severity.WARNING
    assert "HTTP 500" in warned.sentence
