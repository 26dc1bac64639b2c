"""Three weeks of reminders on a small scale, with an hour's and three days' outage."""

from datetime import timedelta

from tests.proofs.year.year import simulate

OUTAGES = ((6, timedelta(hours=1)), (12, timedelta(days=3)))


async def test_each_reminder_is_sent_once_and_none_is_missing(tmp_path):
    """Ends are moved, access is taken away, Slack is busy: what is due goes out, and nothing else."""
    figures = await simulate(
        tmp_path,
        seed=7,
        days=20,
        assignments=50,
        moves=120,
        outages=OUTAGES,
        tick=timedelta(hours=6),
        busy=0.05,
    )

    assert figures.is_clean, figures
    assert figures.sent > 0
