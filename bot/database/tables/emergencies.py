"""The tables of emergencies: each with its review, and what those who review it have said."""

from typing import Final

import sqlalchemy as sa

from bot.database.tables.columns import ID, NAME, SLACK_ID, UtcDateTime, metadata, partial_index

REVIEW_IS_OPEN: Final = sa.text("closed_at IS NULL")
IS_UNPROCESSED_FINDING: Final = sa.text("outcome IS NULL")
UNTOLD: Final = sa.text("outcome IN ('refused', 'late') AND answered_at IS NULL")

# Access that was given without an approval; somebody else reviews it afterwards.
emergencies = sa.Table(
    "emergency",
    metadata,
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), primary_key=True),
    sa.Column("holder", SLACK_ID, nullable=False),
    sa.Column("entra_id", ID, nullable=False),
    sa.Column("package_id", ID, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("review_by", UtcDateTime, nullable=False),
    # Slack users who are asked to review it, and when to look (real time) whom else to ask.
    sa.Column("reviewers", sa.JSON, nullable=False, default=list),
    sa.Column("recipients_due_at", UtcDateTime),
    # When to look (real time) whether messages about it are still owed; empty when none are.
    sa.Column("news_due_at", UtcDateTime),
    # In business time: when to remind; and how often that was done.
    sa.Column("remind_at", UtcDateTime),
    sa.Column("reminders", sa.Integer, nullable=False, default=0),
    sa.Column("escalated_at", UtcDateTime),
    sa.Column("finding", sa.String(8)),
    sa.Column("comment", sa.Text),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", SLACK_ID),
    sa.Column("closed_entra_id", ID),
    sa.Column("closed_name", NAME),
    sa.Column("as_admin", sa.Boolean, nullable=False, default=False),
    sa.Column("for_user", SLACK_ID),
    sa.Column("for_name", NAME),
    # The request that takes the access away.
    sa.Column("removal_id", ID),
    sa.Index("emergency_of", "entra_id", "package_id", "opened_at"),
    partial_index("emergency_open", "opened_at", where=REVIEW_IS_OPEN),
    partial_index("emergency_reminds", "remind_at", where="remind_at IS NOT NULL"),
    partial_index(
        "emergency_seeks_reviewers", "recipients_due_at", where="recipients_due_at IS NOT NULL"
    ),
    partial_index("emergency_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    # What somebody has reviewed, and what delegates have for somebody, in its order.
    partial_index(
        "emergency_closed_by",
        *("closed_by", "closed_at", "request_id"),
        where="closed_by IS NOT NULL",
    ),
    partial_index(
        "emergency_closed_for",
        *("for_user", "closed_at", "request_id"),
        where="for_user IS NOT NULL",
    ),
    # Nobody reviews their own: the database says the same.
    sa.CheckConstraint(
        "closed_at IS NULL OR (closed_by IS NOT NULL AND closed_by <> holder "
        "AND closed_entra_id IS NOT NULL AND closed_entra_id <> entra_id)",
        name="emergency_not_reviewed_by_oneself",
    ),
)

# What somebody has said in the form of a review, before it is known whether that counts.
findings = sa.Table(
    "finding",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("emergency.request_id"), nullable=False),
    sa.Column("finding", sa.String(8), nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("team", SLACK_ID),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.String(8)),
    sa.Column("why", sa.Text),
    sa.Column("entra_id", ID),
    sa.Column("due_at", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("answered_at", UtcDateTime),
    sa.Index("finding_of_emergency", "request_id"),
    partial_index("finding_to_judge", "due_at", where=IS_UNPROCESSED_FINDING),
    partial_index("finding_to_answer", "due_at", where=UNTOLD),
)
