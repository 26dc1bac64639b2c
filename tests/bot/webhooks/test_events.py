"""The published schema of events."""

from pathlib import Path

from bot.webhooks.events import EVENT_TYPES
from bot.webhooks.schema import schema

DOCS = Path(__file__).parents[3] / "docs"


def test_the_published_schema_is_that_of_the_code() -> None:
    """`python -m bot.webhooks.schema` writes it anew."""
    assert (DOCS / "webhook-events.schema.json").read_text() == schema()


def test_each_type_of_event_is_described() -> None:
    """Whoever writes a receiver finds all of them."""
    described = (DOCS / "how-to" / "webhooks.md").read_text()
    assert [each for each in EVENT_TYPES if f"`{each}`" not in described] == []
