"""Access for a day or for two hours: whoever gets it knows whether a reminder comes, and it does or does not."""

from datetime import timedelta

import pytest

from bot.notifications.assignments.reminders import key_of
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration
from tests.bot.samples import held
from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.world import said

REMINDED = "Your access to *Marketing Campaign* ends"
HOURS = timedelta(hours=1)


async def given(harness: BotHarness, lasts: timedelta) -> None:
    """Ann gets the campaign for so long."""
    policy = harness.policy_of(seed.MARKETING_CAMPAIGN)
    policy.expiration = Expiration(type="afterDuration", duration=lasts)
    await harness.tenant_sync.run()
    await harness.ask("marketing-campaign")
    await harness.finish()


async def later(harness: BotHarness, by: timedelta) -> None:
    harness.shift(by)
    await harness.jobs.sync()
    await harness.talk()


def told(harness: BotHarness, words: str) -> list[str]:
    found = [said(each) for each in harness.told("U0ANN")]
    return [each for each in found if words in each]


@pytest.mark.parametrize("lasts", [2 * HOURS, 24 * HOURS, 30 * HOURS])
async def test_what_is_too_short_for_a_reminder_says_so(harness, lasts):
    """By the default, 7 days and 1 day; then the news of the end itself comes."""
    await given(harness, lasts)

    (there,) = told(harness, "You now have access")
    assert "too short for a reminder" in there
    assert "I will remind you" not in there
    for _ in range(10):
        await later(harness, lasts / 10)
    await later(harness, HOURS)
    assert told(harness, REMINDED) == []
    assert len(told(harness, "has ended. If you")) == 1


@pytest.mark.parametrize(
    ("lasts", "reminded_after"),
    [
        (2 * HOURS, [105 / 60 * HOURS]),
        (24 * HOURS, [22 * HOURS, 23.75 * HOURS]),
        (48 * HOURS, [24 * HOURS, 46 * HOURS, 47.75 * HOURS]),
    ],
)
async def test_a_promised_reminder_comes_hours_before_the_end(database, lasts, reminded_after):
    """Each rung once, and none in the first half of a short access."""
    async with by_hand(database, LATCHKEY_REMINDER_DAYS="1d,2h,15m") as harness:
        await given(harness, lasts)
        (there,) = told(harness, "You now have access")
        assert "I will remind you before it ends" in there
        assert "too short" not in there

        seen, step = [], timedelta(minutes=15)
        began = harness.clock.now()
        while harness.clock.now() - began < lasts + step:
            before = len(told(harness, REMINDED))
            await later(harness, step)
            if len(told(harness, REMINDED)) > before:
                seen.append(harness.clock.now() - began)

        assert len(seen) == len(reminded_after)
        for at, expected in zip(seen, reminded_after, strict=True):
            assert abs(at - expected) <= step
        assert len(told(harness, "has ended. If you")) == 1


async def test_an_extension_that_is_too_short_says_so_too(harness):
    """Its news is the last before the end."""
    await given(harness, 24 * HOURS)
    (row,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.shift(20 * HOURS)

    await harness.request_changes.extend(slack_user="U0ANN", assignment_id=row.id)
    await harness.finish()

    (longer,) = told(harness, "now lasts")
    assert "too short for a reminder" in longer


async def test_a_package_reminds_after_a_share_of_its_time(database, tmp_path):
    """By its settings, and not by LATCHKEY_REMINDER_DAYS; the delivery promises it."""
    settings = tmp_path / "latchkey.yml"
    settings.write_text("packages:\n  Marketing Campaign:\n    reminders: 25%\n")
    async with by_hand(database, LATCHKEY_PACKAGE_SETTINGS=str(settings)) as harness:
        await given(harness, 2 * HOURS)
        (there,) = told(harness, "You now have access")
        assert "I will remind you before it ends" in there

        seen, step = [], timedelta(minutes=15)
        began = harness.clock.now()
        while harness.clock.now() - began < 2 * HOURS + step:
            before = len(told(harness, REMINDED))
            await later(harness, step)
            if len(told(harness, REMINDED)) > before:
                seen.append(harness.clock.now() - began)

        assert len(seen) == 1
        assert abs(seen[0] - 1.5 * HOURS) <= step
        assert len(told(harness, "has ended. If you")) == 1


def test_rungs_of_hours_have_keys_of_their_own():
    """A day and a half is no day."""
    rungs = [timedelta(days=1), timedelta(hours=36), timedelta(hours=2), timedelta(minutes=15)]

    assert len({key_of(held(), rung) for rung in rungs}) == len(rungs)
    assert key_of(held(), timedelta(days=7)).endswith(":7")
    assert key_of(held(), timedelta(hours=2)).endswith(":120m")
