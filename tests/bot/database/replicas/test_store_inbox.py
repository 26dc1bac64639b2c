"""Test what has come in: worked on once, remembered for a while, and kept as a digest only."""

import sqlalchemy as sa

from bot.database.replicas import deduplication
from bot.database.tables import inbox as inbox_table

KEY = "trigger:13345224609.738474920.8088930838d88f008e0"


async def test_the_same_delivery_is_new_once(at_once):
    """Four replicas get it at the same moment."""
    assert at_once(deduplication.is_new, KEY).count(True) == 1


async def test_what_opens_forms_is_not_kept(store):
    """A trigger id is a right to open a form; the table needs to recognize it, not to know it."""
    await store.run(deduplication.is_new, KEY)

    kept = await store.run(lambda db: db.execute(sa.select(inbox_table.c.key)).scalar())

    assert "8088930838d88f008e0" not in kept
    assert not await store.run(deduplication.is_new, KEY)
