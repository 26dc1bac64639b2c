"""The chaos proof in small: a real process, faults, one kill -9, and the count at the stand-ins."""

from datetime import timedelta

from tests.proofs.chaos.chaos import Plan, chaos, told_by


async def test_a_killed_replica_among_faults_breaks_no_promise(tmp_path, certificate):
    """Nothing lost, no grant doubled, nothing to the wrong person, nothing said before it was."""
    plan = Plan(
        seed=4,
        requests=6,
        kills=1,
        freezes=0,
        faults=0.03,
        minutes=1.5,
        quiet=timedelta(seconds=1),
    )

    report = await chaos(plan, tmp_path, certificate)

    assert report.harm.kills == 1
    assert not report.count.broken, told_by(report, plan)
