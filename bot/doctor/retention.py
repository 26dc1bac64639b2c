"""Check that what is older than the settings keep it is deleted, or archived."""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.auditing.store import archiving
from bot.doctor.model import CheckFinding, CheckSubject, fine, note, warning
from bot.retention import deletion

# What is done once a day, or once a week by a timer, may be as late as that.
MARGIN: Final = timedelta(days=8)
# Archives are made once a month, or at the end of a quarter.
AUDIT_MARGIN: Final = timedelta(days=100)
NAMES: Final = {
    "assignments": "access that has ended",
    "messages": "records of messages",
    "requests": "closed requests",
}


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Say what is there that should be gone, and how to do it."""
    settings, store = subject.settings, subject.store
    found = []
    overdue = await store.read(deletion.kinds_overdue, settings.retention.later(MARGIN))
    if overdue:
        named = ", ".join(NAMES[each] for each in overdue)
        found.append(
            warning(
                f"There is more than is to be kept ({named}): run `latchkey delete-old` once a day, as the owner of the tables."
            )
        )
    days = settings.keep_audit_days
    first = await store.read(archiving.first_at) if days is not None else None
    if days is not None and first is not None:
        age = clock.now() - first
        if age > timedelta(days=days) + AUDIT_MARGIN:
            found.append(
                warning(
                    f"The audit log's first row is {age.days} days old, and LATCHKEY_KEEP_AUDIT_DAYS is {days}: run "
                    "`latchkey audit archive` as the owner of the tables."
                )
            )
    if found:
        return found
    kept = {
        "closed requests": settings.keep_requests_days,
        "records of messages": settings.keep_messages_days,
        "the audit log": settings.keep_audit_days,
    }
    for_ever = [name for name, number in kept.items() if number is None]
    if for_ever:
        return [note(f"Kept for ever: {', '.join(for_ever)} (LATCHKEY_KEEP_…_DAYS).")]
    return [fine("Nothing is kept for longer than the settings say.")]
