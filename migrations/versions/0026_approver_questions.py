"""
What those who decide have asked about a request, and what was answered; and whoever has approved may still deny.

Programs before this let nobody deny who has approved, and go on so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
serves_from = "0018"

MOMENT = sa.DateTime(timezone=True)
OWES_NEWS = sa.text("news_due_at IS NOT NULL")
ACCEPTED = sa.text("outcome = 'accepted'")
APPROVED = sa.text("outcome = 'accepted' AND verb = 'approve'")


def upgrade() -> None:
    op.create_table(
        "approver_question",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("request_id", sa.String(64), sa.ForeignKey("request.id"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("slack_user", sa.String(32), nullable=False),
        sa.Column("team", sa.String(32)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("requester", sa.String(32)),
        sa.Column("holder", sa.String(32)),
        sa.Column("outcome", sa.String(8)),
        sa.Column("why", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("answered_by", sa.String(32)),
        sa.Column("answered_at", MOMENT),
        sa.Column("news_due_at", MOMENT),
    )
    op.create_index("approver_question_of_request", "approver_question", ["request_id", "at"])
    op.create_index(
        "approver_question_owes_news",
        "approver_question",
        ["news_due_at"],
        sqlite_where=OWES_NEWS,
        postgresql_where=OWES_NEWS,
    )
    op.drop_index("decision_one_stage_each", table_name="decision")
    _one_stage_each(APPROVED)


def downgrade() -> None:
    op.drop_index("decision_one_stage_each", table_name="decision")
    _one_stage_each(ACCEPTED)
    op.drop_table("approver_question")


def _one_stage_each(where: sa.TextClause) -> None:
    op.create_index(
        "decision_one_stage_each",
        "decision",
        ["request_id", "round", "entra_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
