"""The tables of approvals: who is asked to decide, and each decision."""

from typing import Final

import sqlalchemy as sa

from bot.database.tables.columns import ID, NAME, SLACK_ID, UtcDateTime, metadata, partial_index

# Who is asked about a pending request, as its column `deciders` says: for the list of what waits for somebody.
deciders = sa.Table(
    "decider",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), primary_key=True),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    # Why they: named by the policy, in a group of it, the manager …
    sa.Column("named_as", sa.String(16)),
    sa.Index("decider_listed", "slack_user", "asked_at", "request_id"),
    sa.Index("decider_of_request", "request_id"),
)

ACCEPTED: Final = sa.text("outcome = 'accepted'")
IS_UNPROCESSED: Final = sa.text("outcome IS NULL")
# How often somebody is told at most why their click did not count.
MOST_ANSWERS: Final = 5
IS_UNANSWERED: Final = sa.text(
    f"outcome IN ('refused', 'late') AND answered_at IS NULL AND attempts < {MOST_ANSWERS}"
)

decisions = sa.Table(
    "decision",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), nullable=False),
    sa.Column("verb", sa.String(8), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("team", SLACK_ID),
    sa.Column("reason", sa.Text),
    sa.Column("channel", SLACK_ID),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.String(8)),
    sa.Column("why", sa.Text),
    sa.Column("entra_id", ID),
    sa.Column("name", NAME),
    # An admin's decision in place of the approvers whom the policy names.
    sa.Column("as_admin", sa.Boolean, nullable=False, default=False),
    # The approver whom the policy names, where their delegate has decided for them.
    sa.Column("for_user", SLACK_ID),
    sa.Column("for_entra_id", ID),
    sa.Column("for_name", NAME),
    # An approver's own end, and the later one that it takes the place of; empty: as was asked for.
    sa.Column("ends_at", UtcDateTime),
    sa.Column("instead_of", UtcDateTime),
    # Which of its stage's decisions it is: several must approve where the package settings want a quorum.
    sa.Column("place", sa.Integer, nullable=False, default=1, server_default="1"),
    # Of an approval by a fresh sign-in: a digest of the identity token, whose it is, when they had signed in, and the
    # authentication contexts that it has shown (blanks between them).
    sa.Column("proof", sa.String(64)),
    sa.Column("proven_as", ID),
    sa.Column("signed_in_at", UtcDateTime),
    sa.Column("proven_contexts", sa.Text),
    # The person the request is for, repeated here so that the database itself forbids self-approval.
    sa.Column("holder", SLACK_ID),
    sa.Column("holder_entra_id", ID),
    sa.Column("answered_at", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", UtcDateTime),
    sa.Index("decision_of_request", "request_id"),
    # Not by when they were made: a draft that was left alone is never due.
    partial_index("decision_to_weigh", "due_at", where=f"{IS_UNPROCESSED} AND due_at IS NOT NULL"),
    partial_index("decision_to_answer", "due_at", where=IS_UNANSWERED),
    partial_index(
        "decision_one_accepted",
        *("request_id", "round", "stage", "place"),
        where=ACCEPTED,
        unique=True,
    ),
    partial_index("decision_one_proof", "proof", where="proof IS NOT NULL", unique=True),
    # What somebody has decided, in its order.
    partial_index("decision_by", "slack_user", "at", "id", where=ACCEPTED),
    # What delegates have decided for somebody, in the same order.
    partial_index(
        "decision_for", "for_user", "at", "id", where=f"{ACCEPTED} AND for_user IS NOT NULL"
    ),
    # One person approves one stage of a round at most; while that needs others as well, they may still deny it.
    partial_index(
        "decision_one_stage_each",
        *("request_id", "round", "entra_id"),
        where=sa.text(f"{ACCEPTED} AND verb = 'approve'"),
        unique=True,
    ),
    sa.CheckConstraint(
        "outcome IS NULL OR outcome <> 'accepted' OR "
        "(holder IS NOT NULL AND holder_entra_id IS NOT NULL AND slack_user <> holder "
        "AND entra_id IS NOT NULL AND entra_id <> holder_entra_id)",
        name="decision_not_for_oneself",
    ),
)

# What those who decide have asked about a request: judged like their decisions, then told, then answered.
approver_questions = sa.Table(
    "approver_question",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("team", SLACK_ID),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    # Of the request, as it was then: who answers.
    sa.Column("requester", SLACK_ID),
    sa.Column("holder", SLACK_ID),
    # Whether it counts; empty until whoever asked has been judged.
    sa.Column("outcome", sa.String(8)),
    sa.Column("why", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("answered_by", SLACK_ID),
    sa.Column("answered_at", UtcDateTime),
    # When to look (real time) whether it is to be judged, or somebody is still to be told.
    sa.Column("news_due_at", UtcDateTime),
    sa.Index("approver_question_of_request", "request_id", "at"),
    partial_index("approver_question_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
)
