"""Compare this machine's clock with the database's, Slack's and Graph's."""

from datetime import timedelta

from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note
from bot.jobs.clock_check import MOST, difference
from bot.serving.health import MOST_SKEW


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Compare with each server that has answered; Slack's and Graph's say it in whole seconds."""
    found = []
    store = subject.connected_store
    if store is not None and subject.database_time is not None:
        apart = await store.read(difference, subject.database_time)
        if abs(apart) > MOST:
            found.append(broken(_sentence(apart, "the database server's")))
    for name, status in (("Slack's", subject.figures.slack), ("Graph's", subject.figures.graph)):
        if status.skew is not None and abs(status.skew) > MOST_SKEW:
            found.append(broken(_sentence(status.skew, name)))
    if found:
        return found
    known = [
        name
        for name, status in (("Slack", subject.figures.slack), ("Graph", subject.figures.graph))
        if status.skew is not None
    ]
    if not known:
        return [note("Neither Slack nor Graph has said what time it is.")]
    return [fine(f"This machine's clock agrees with {' and '.join(known)}.")]


def _sentence(apart: timedelta, whose: str) -> str:
    side = "ahead of" if apart > timedelta(0) else "behind"
    return (
        f"This machine's clock is {abs(apart).total_seconds():.0f} s {side} {whose}: set it by NTP."
    )
