"""
Access at once in an emergency, and its review.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, name = sa.DateTime(timezone=True), sa.String(256)
    slack_id, id_ = sa.String(32), sa.String(64)
    op.add_column(
        "request",
        sa.Column("emergency", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column("request", sa.Column("no_emergency_why", sa.Text))
    op.add_column(
        "assignment",
        sa.Column("is_emergency", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "emergency",
        sa.Column("request_id", id_, sa.ForeignKey("request.id"), nullable=False),
        sa.Column("holder", slack_id, nullable=False),
        sa.Column("entra_id", id_, nullable=False),
        sa.Column("package_id", id_, nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("review_by", moment, nullable=False),
        sa.Column("reviewers", sa.JSON, nullable=False),
        sa.Column("recipients_due_at", moment),
        sa.Column("news_due_at", moment),
        sa.Column("remind_at", moment),
        sa.Column("reminders", sa.Integer, nullable=False),
        sa.Column("escalated_at", moment),
        sa.Column("finding", sa.String(8)),
        sa.Column("comment", sa.Text),
        sa.Column("closed_at", moment),
        sa.Column("closed_by", slack_id),
        sa.Column("closed_entra_id", id_),
        sa.Column("closed_name", name),
        sa.Column("as_admin", sa.Boolean, nullable=False),
        sa.Column("for_user", slack_id),
        sa.Column("for_name", name),
        sa.Column("removal_id", id_),
        sa.PrimaryKeyConstraint("request_id"),
        sa.CheckConstraint(
            "closed_at IS NULL OR (closed_by IS NOT NULL AND closed_by <> holder "
            "AND closed_entra_id IS NOT NULL AND closed_entra_id <> entra_id)",
            name="emergency_not_reviewed_by_oneself",
        ),
    )
    op.create_index("emergency_of", "emergency", ["entra_id", "package_id", "opened_at"])
    _partial("emergency_open", "emergency", "opened_at", where="closed_at IS NULL")
    for index, column in {
        "emergency_reminds": "remind_at",
        "emergency_seeks_reviewers": "recipients_due_at",
        "emergency_owes_news": "news_due_at",
    }.items():
        _partial(index, "emergency", column, where=f"{column} IS NOT NULL")
    op.create_table(
        "finding",
        sa.Column("id", id_, nullable=False),
        sa.Column("request_id", id_, sa.ForeignKey("emergency.request_id"), nullable=False),
        sa.Column("finding", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("slack_user", slack_id, nullable=False),
        sa.Column("team", slack_id),
        sa.Column("at", moment, nullable=False),
        sa.Column("outcome", sa.String(8)),
        sa.Column("why", sa.Text),
        sa.Column("entra_id", id_),
        sa.Column("due_at", moment),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answered_at", moment),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("finding_of_emergency", "finding", ["request_id"])
    _partial("finding_to_judge", "finding", "due_at", where="outcome IS NULL")
    _partial(
        "finding_to_answer",
        "finding",
        "due_at",
        where="outcome IN ('refused', 'late') AND answered_at IS NULL",
    )
    # Also of what was canceled: who has decided for somebody lately reviews no emergency of theirs.
    op.create_index("delegation_ever_to", "delegation", ["delegate", "ends_at"])


def _partial(index: str, table: str, column: str, *, where: str) -> None:
    condition = sa.text(where)
    op.create_index(index, table, [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_index("delegation_ever_to", "delegation")
    op.drop_table("finding")
    op.drop_table("emergency")
    op.drop_column("assignment", "is_emergency")
    op.drop_column("request", "no_emergency_why")
    op.drop_column("request", "emergency")
