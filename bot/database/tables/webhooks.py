"""The tables of webhooks: how far each endpoint has read in the audit log, and what it would not take."""

import sqlalchemy as sa

from bot.database.tables.columns import ID, UtcDateTime, metadata

# A row for each endpoint, and one for each replay until it is done.  The audit log itself is the queue.
webhooks = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", ID, primary_key=True),
    # As the settings call it.
    sa.Column("endpoint", sa.String(32), nullable=False),
    # Rows of the audit log up to here are delivered, or nothing that is sent.
    sa.Column("position", sa.BigInteger, nullable=False),
    # Of a replay: its last row; empty for what goes on.
    sa.Column("until", sa.BigInteger),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    # When to try again (real time), after so many tries of the same event that failed, and why the last one did.
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    # How many of these were refusals of this event.
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    # The endpoint has answered that it is gone: nothing more is sent until somebody says so.
    sa.Column("disabled_at", UtcDateTime),
    sa.Column("delivered_at", UtcDateTime),
    sa.Index("webhook_of_endpoint", "endpoint"),
)

# Events that an endpoint refused for good; they can be replayed.
dead_events = sa.Table(
    "webhook_dead",
    metadata,
    sa.Column("endpoint", sa.String(32), primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)
