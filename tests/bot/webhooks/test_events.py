"""The published schema of events."""

from datetime import timedelta
from pathlib import Path

from bot import clock
from bot.assignments.model import EndReason
from bot.assignments.store import assignments
from bot.database import Store, Transaction
from bot.webhooks import events
from bot.webhooks.events import EVENT_TYPES
from bot.webhooks.schema import schema
from bot.webhooks.store import feeds
from tests.bot.samples import held

DOCS = Path(__file__).parents[3] / "docs"


def test_the_published_schema_is_that_of_the_code() -> None:
    """`python -m bot.webhooks.schema` writes it anew."""
    assert (DOCS / "webhook-events.schema.json").read_text() == schema()


def test_each_type_of_event_is_described() -> None:
    """Whoever writes a receiver finds all of them."""
    described = (DOCS / "how-to" / "webhooks.md").read_text()
    assert [each for each in EVENT_TYPES if f"`{each}`" not in described] == []


def test_access_that_is_there_again_is_found_again(store: Store) -> None:
    """Whoever keeps a list of who has access by the events has the right one."""

    def story(db: Transaction) -> None:
        access = held(ends_at=clock.now() + timedelta(days=3))
        assignments.save_live(db, access)
        assignments.end(db, access.id, why=EndReason.OUTSIDE, at=clock.now())
        assignments.save_live(db, access, read_by_id_at=clock.real() + timedelta(minutes=1))

    store.run_here(feeds.begin, ("siem",))
    store.run_here(story)
    (feed,) = [each.feed for each in store.read_here(feeds.states, ("siem",))]
    rows = store.read_here(feeds.rows_after, feed, limit=10)
    told = [event for row in rows if (event := events.event_of(row)) is not None]
    assert [each.type for each in told] == ["access.found", "access.ended", "access.found"]
    assert [bool(each.data.assignment and each.data.assignment.ends_at) for each in told] == [
        True,
        False,
        True,
    ]
