"""Check that each webhook takes what it is told, and is told at all."""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.doctor.model import CheckFinding, CheckSubject, fine, note, warning
from bot.webhooks.model import FeedState
from bot.webhooks.store import feeds

# As the alarm has it: what waits for longer without a failed try has nobody who tells it.
LONGEST_LAG: Final = timedelta(hours=1)
HOUR: Final = timedelta(hours=1)


async def look(subject: CheckSubject) -> CheckFinding | list[CheckFinding]:
    """Say which endpoint is gone, fails, is told nothing, or would not take an event; nothing is sent."""
    names = [each.name for each in subject.settings.webhook_endpoints]
    states = await subject.store.read(feeds.states, names)
    dead = await subject.store.read(feeds.count_dead, names)
    # What is wrong with an endpoint is wrong with each of its replays, and said once.
    wrong = list(dict.fromkeys(said for each in states if (said := _wrong(each)) is not None))
    wrong += [
        f"The webhook {name} would not take {count} of the events; `latchkey webhooks list` has them."
        for name, count in dead.items()
        if count
    ]
    begun = {each.feed.endpoint for each in states if not each.feed.is_replay}
    found = [warning(each) for each in wrong]
    found += [
        note(
            f"The bot has not started with the webhook {name} yet: it is told of what happens after the next start."
        )
        for name in names
        if name not in begun
    ]
    if found:
        return found
    if not names:
        return fine("No webhook is set: nobody else is told of events.")
    return fine(f"Webhooks took the last events that they were told: {', '.join(names)}.")


def _wrong(state: FeedState) -> str | None:
    """Return what is wrong with a feed; None: nothing."""
    feed, since = state.feed, state.oldest_at
    if feed.disabled_at is not None:
        return (
            f"The webhook {feed.endpoint} has answered that it is gone, and is told nothing more: "
            f"`latchkey webhooks enable {feed.endpoint}` when it is back."
        )
    if feed.failures:
        return f"The webhook {feed.endpoint} did not take the last event ({feed.error}); it is tried again."
    # A replay is of what is old.
    if since is not None and not feed.is_replay and clock.now() - since > LONGEST_LAG:
        return (
            f"The webhook {feed.endpoint} has not been told what happened since {(clock.now() - since) // HOUR} h, and no try "
            "has failed: does the bot run?"
        )
    return None
