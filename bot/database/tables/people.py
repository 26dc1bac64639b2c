"""The tables of people: which accounts are one person, and where Entra users are found in Slack."""

import sqlalchemy as sa

from bot.database.tables.columns import (
    EXACT_NAME,
    ID,
    NAME,
    SLACK_ID,
    UtcDateTime,
    metadata,
    partial_index,
)

people = sa.Table(
    "person",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("slack_name", NAME, nullable=False),
    sa.Column("entra_id", ID, nullable=False),
    sa.Column("entra_name", NAME, nullable=False),
    sa.Column("bound_at", UtcDateTime, nullable=False),
    # Of a second Slack account of one Entra user: when to look (real time) whether the first account and the
    # admins are still to be told of it, and when they had been.  Until then it may do nothing.
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("told_at", UtcDateTime),
    sa.Index("person_entra", "entra_id"),
    partial_index("person_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    sa.Column("called", EXACT_NAME, sa.Computed("lower(entra_name)")),
    sa.Index("person_called", "called"),
)

# Where an Entra user is found in Slack, for cards; or that they were not found.  Never for rights.
contacts = sa.Table(
    "contact",
    metadata,
    sa.Column("entra_id", ID, primary_key=True),
    sa.Column("slack_user", SLACK_ID),
    # Real time: when Slack was searched, and when it last said that this is still the one.
    sa.Column("looked_up_at", UtcDateTime, nullable=False),
    sa.Column("verified_at", UtcDateTime),
)
