"""The tables of the installation: flags, limits, turns, and what was received already."""

import sqlalchemy as sa

from bot.database.tables.columns import ID, SLACK_ID, UtcDateTime, metadata

# One row: what holds for the whole installation.
control = sa.Table(
    "control",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("paused_at", UtcDateTime),
    sa.Column("paused_why", sa.Text),
    # The oldest schema whose programs may run on this one, see `bot.database.schema.migrate`.
    sa.Column("serves_from", sa.String(32)),
    # Another with every change of the synced packages, so that nobody need read them to see whether they changed.
    sa.Column("catalog_version", ID),
    # Tells this database from every other, and the Slack app that it belongs to.
    sa.Column("installation", ID),
    sa.Column("installed_at", UtcDateTime),
    sa.Column("slack_app", SLACK_ID),
    sa.Column("slack_team", SLACK_ID),
    # When any replica could last do all of its work, and the outage since, see `bot.database.replicas.outages` (real time).
    sa.Column("alive_at", UtcDateTime),
    sa.Column("outage", sa.JSON(none_as_null=True)),
    # Written to see whether there is room to write.
    sa.Column("probed_at", UtcDateTime),
)

# What one replica reads for all of them, see `bot.database.replicas.turns`; moments in real time.
sweeps = sa.Table(
    "sweep",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    # Counts the turns; only the last one may write.
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("began_at", UtcDateTime),
    sa.Column("succeeded_at", UtcDateTime),
    sa.Column("error", sa.Text),
    sa.Column("found", sa.JSON(none_as_null=True)),
)

# Methods of Slack's that a 429 has stopped, for every replica, and until when (real time).
slack_waits = sa.Table(
    "slack_wait",
    metadata,
    sa.Column("method", sa.String(64), primary_key=True),
    sa.Column("open_at", UtcDateTime, nullable=False),
)

# How often somebody has lately done what is limited, see `bot.database.replicas.limits`.
allowances = sa.Table(
    "allowance",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("what", sa.String(16), primary_key=True),
    # When everything is allowed again (real time, seconds since 1970).
    sa.Column("full_at", sa.Float, nullable=False),
    # What was refused beyond the limit, and is written down as one number.
    sa.Column("over", sa.Integer, nullable=False),
    sa.Column("why", sa.Text),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index("inbox_received", "received_at"),
)
