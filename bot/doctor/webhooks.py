"""Check that each webhook takes what it is told."""

from bot.doctor.model import CheckFinding, CheckSubject, fine, warning
from bot.webhooks.store import feeds


async def look(subject: CheckSubject) -> CheckFinding | list[CheckFinding]:
    """Say which endpoint is gone, fails, or would not take an event; nothing is sent."""
    names = [each.name for each in subject.settings.webhook_endpoints]
    states = await subject.store.read(feeds.states, names)
    dead = await subject.store.read(feeds.count_dead, names)
    wrong = [
        f"The webhook {each.feed.endpoint} has answered that it is gone, and is told nothing more: "
        f"`latchkey webhooks enable {each.feed.endpoint}` when it is back."
        if each.feed.disabled_at is not None
        else f"The webhook {each.feed.endpoint} did not take the last event ({each.feed.error}); it is tried again."
        for each in states
        if each.feed.disabled_at is not None or each.feed.failures
    ]
    wrong += [
        f"The webhook {name} would not take {count} of the events; `latchkey webhooks list` has them."
        for name, count in dead.items()
        if count
    ]
    if wrong:
        return [warning(each) for each in wrong]
    if not names:
        return fine("No webhook is set: nobody else is told of events.")
    return fine(f"Webhooks took the last events that they were told: {', '.join(names)}.")
