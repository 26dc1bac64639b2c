"""The tables of what Slack shows: messages and Home tabs."""

import sqlalchemy as sa

from bot.database.tables.columns import (
    ID,
    SLACK_ID,
    UtcDateTime,
    flag_index,
    metadata,
    partial_index,
)

notices = sa.Table(
    "notice",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("recipient", SLACK_ID, nullable=False),
    sa.Column("request_id", ID),
    sa.Column("assignment_id", ID),
    # While somebody sends or redraws it; a claim that ran out is work to take up again.
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    # When a try left whose outcome is not known; before the next one Slack is searched for it.
    sa.Column("tried_at", UtcDateTime),
    sa.Column("sent_at", UtcDateTime),
    # Why it will not be sent: overtaken by a later one, or Slack will never take it.
    sa.Column("dropped_why", sa.Text),
    sa.Column("channel", SLACK_ID),
    sa.Column("ts", sa.String(32)),
    sa.Column("stale", sa.Boolean, nullable=False, default=False),
    sa.Index("notice_of_request", "request_id"),
    sa.Index("notice_of_assignment", "assignment_id"),
    partial_index("notice_sent", "sent_at", where="sent_at IS NOT NULL"),
    partial_index("notice_tried", "tried_at", where="tried_at IS NOT NULL"),
    flag_index("notice_to_redraw", "stale", where=" AND ts IS NOT NULL"),
    # Sent, and being redrawn.
    partial_index(
        "notice_redrawing", "claimed_until", where="claimed_until IS NOT NULL AND ts IS NOT NULL"
    ),
    partial_index("notice_in_message", "ts", "channel", where="ts IS NOT NULL"),
)

homes = sa.Table(
    "home",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    # Set by whatever may change the page; cleared by the publication that saw it.
    sa.Column("stale", sa.Boolean, nullable=False),
    # Whether the page shows what waits for an admin: then any request may change it.
    sa.Column("admin", sa.Boolean, nullable=False),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("published_at", UtcDateTime),
    flag_index("home_is_stale", "stale"),
    partial_index("home_publishing", "claimed_until", where="claimed_until IS NOT NULL"),
    flag_index("home_of_admin", "admin"),
    sa.Index("home_published", "published_at"),
)
