"""The table of drift: where Entra and what was approved do not agree, and what admins say of it."""

from typing import Final

import sqlalchemy as sa

from bot.database.tables.columns import ID, NAME, SLACK_ID, UtcDateTime, metadata, partial_index

IS_OPEN_DRIFT: Final = sa.text("state = 'open'")
IS_CURRENT_DRIFT: Final = sa.text("state <> 'passed'")

drift = sa.Table(
    "drift",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # An assignment, a request or a group; and whose access it is.
    sa.Column("about", ID, nullable=False),
    sa.Column("entra_id", ID, nullable=False),
    # Tells what is another mismatch about the same.
    sa.Column("mark", sa.String(24), nullable=False),
    sa.Column("package_id", ID, nullable=False),
    sa.Column("package_name", NAME, nullable=False),
    sa.Column("person_name", NAME),
    sa.Column("assignment_id", ID),
    sa.Column("request_id", ID),
    sa.Column("group_name", NAME),
    sa.Column("since", UtcDateTime),
    sa.Column("ends_at", UtcDateTime),
    sa.Column("approved_until", UtcDateTime),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("found_at", UtcDateTime, nullable=False),
    # When the last check began that found it (real time).
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("until", UtcDateTime),
    # Of how many mismatches its card tells; and when to look (real time) whether it is still to be sent.
    sa.Column("together", sa.Integer),
    sa.Column("is_announced", sa.Boolean, nullable=False),
    sa.Column("news_due_at", UtcDateTime),
    # What an admin wants done about it, and when to look (real time) whether it is to be carried out.
    sa.Column("wanted", sa.String(8)),
    sa.Column("wanted_by", SLACK_ID),
    sa.Column("wanted_until", UtcDateTime),
    sa.Column("why", sa.Text),
    sa.Column("work_due_at", UtcDateTime),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("done_by", sa.String(64)),
    sa.Column("done_at", UtcDateTime),
    sa.Column("answer", sa.Text),
    sa.UniqueConstraint("kind", "about", "entra_id", "mark", name="drift_one"),
    partial_index("drift_of_kind", "kind", where=IS_OPEN_DRIFT),
    partial_index("drift_open", "found_at", "id", where=IS_OPEN_DRIFT),
    partial_index("drift_current", "id", where=IS_CURRENT_DRIFT),
    partial_index("drift_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    partial_index("drift_to_do", "work_due_at", where="work_due_at IS NOT NULL"),
)
