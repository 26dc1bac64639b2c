"""
Since when a request waits for whom, who was reminded of it, and whom an approver lets decide for them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for name in ("waits_since", "nudge_at", "reminded_at"):
        op.add_column("request", sa.Column(name, moment))
    op.create_index(
        "request_nudges",
        "request",
        ["nudge_at"],
        sqlite_where=sa.text("nudge_at IS NOT NULL"),
        postgresql_where=sa.text("nudge_at IS NOT NULL"),
    )
    op.add_column("decision", sa.Column("for_user", sa.String(32)))
    op.add_column("decision", sa.Column("for_entra_id", sa.String(64)))
    op.add_column("decision", sa.Column("for_name", sa.String(256)))
    op.create_table(
        "delegation",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("delegator", sa.String(32), nullable=False),
        sa.Column("delegate", sa.String(32), nullable=False),
        sa.Column("made_by", sa.String(32), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("canceled_at", moment),
        sa.Column("canceled_by", sa.String(32)),
        sa.Column("canceled_why", sa.Text),
        sa.Column("news_due_at", moment),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("delegator <> delegate", name="delegation_to_another"),
    )
    for name, of in {
        "delegation_to": ["delegate", "ends_at"],
        "delegation_of": ["delegator", "ends_at"],
        "delegation_ends": ["ends_at", "id"],
    }.items():
        op.create_index(
            name,
            "delegation",
            of,
            sqlite_where=sa.text("canceled_at IS NULL"),
            postgresql_where=sa.text("canceled_at IS NULL"),
        )
    op.create_index(
        "delegation_owes_news",
        "delegation",
        ["news_due_at"],
        sqlite_where=sa.text("news_due_at IS NOT NULL"),
        postgresql_where=sa.text("news_due_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("delegation")
    for name in ("for_user", "for_entra_id", "for_name"):
        op.drop_column("decision", name)
    op.drop_index("request_nudges", "request")
    for name in ("waits_since", "nudge_at", "reminded_at"):
        op.drop_column("request", name)
