"""The tables of people: which accounts are one person, who decides for whom, where Entra users are in Slack, and what they read."""

from typing import Final

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

NOT_CANCELED: Final = sa.text("canceled_at IS NULL")

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
    # When they had signed in to Microsoft as that Entra user: since then no address says who they are.
    sa.Column("proven_at", UtcDateTime),
    sa.Index("person_entra", "entra_id"),
    partial_index("person_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    sa.Column("called", EXACT_NAME, sa.Computed("lower(entra_name)")),
    sa.Index("person_called", "called"),
)

_theirs = people.alias("theirs")
# Only an address says that it is theirs, and by another account the same Entra user has signed in.  As a value, since PostgreSQL looks
# through the whole table for EXISTS behind NOT or OR.
IS_PROVEN_ELSEWHERE: Final = sa.and_(
    people.c.proven_at.is_(None),
    sa.select(sa.func.max(_theirs.c.proven_at))
    .where(_theirs.c.entra_id == people.c.entra_id)
    .scalar_subquery()
    .is_not(None),
)
# Whether an account counts as the Entra user to which it is bound: not before those concerned were told of a second one.
COUNTS_AS_BOUND: Final = sa.and_(people.c.news_due_at.is_(None), sa.not_(IS_PROVEN_ELSEWHERE))

# Whom an approver lets decide for them, and until when.  Slack accounts: whose they are is read at each decision.
delegations = sa.Table(
    "delegation",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("delegator", SLACK_ID, nullable=False),
    sa.Column("delegate", SLACK_ID, nullable=False),
    sa.Column("made_by", SLACK_ID, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    # Ended before that: by whom, and why if Latchkey itself did it.
    sa.Column("canceled_at", UtcDateTime),
    sa.Column("canceled_by", SLACK_ID),
    sa.Column("canceled_why", sa.Text),
    # By a fresh sign-in of whoever gives it: a digest of the identity token, whose it is, to whom in Entra it is given, when
    # they had signed in, and the authentication contexts that it has shown (blanks between them).
    sa.Column("proof", sa.String(64)),
    sa.Column("proven_as", ID),
    sa.Column("proven_to", ID),
    sa.Column("signed_in_at", UtcDateTime),
    sa.Column("proven_contexts", sa.Text),
    # When to look (real time) whether those concerned are still to be told.
    sa.Column("news_due_at", UtcDateTime),
    partial_index("delegation_to", "delegate", "ends_at", where=NOT_CANCELED),
    # Also of what was canceled: whoever has decided for somebody lately reviews no emergency of theirs.
    sa.Index("delegation_ever_to", "delegate", "ends_at"),
    partial_index("delegation_of", "delegator", "ends_at", where=NOT_CANCELED),
    partial_index("delegation_ends", "ends_at", "id", where=NOT_CANCELED),
    partial_index("delegation_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    partial_index("delegation_one_proof", "proof", where="proof IS NOT NULL", unique=True),
    sa.CheckConstraint("delegator <> delegate", name="delegation_to_another"),
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

# Which language somebody reads Slack in, and when Slack said so (real time).
languages = sa.Table(
    "language",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("locale", sa.String(20), nullable=False),
    sa.Column("read_at", UtcDateTime, nullable=False),
)
