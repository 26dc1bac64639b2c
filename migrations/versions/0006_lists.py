"""
What lists of many rows are read by: names in small letters, and who is asked about what waits.

PostgreSQL writes the tables of assignments and people anew for the new column, and nobody reads them meanwhile: about
a second for 100,000 rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite makes such a column when it is read, PostgreSQL when the row is written.
    is_kept = op.get_bind().dialect.name != "sqlite"
    name = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")
    op.add_column(
        "assignment",
        sa.Column("called", name, sa.Computed("lower(holder_name)", persisted=is_kept)),
    )
    op.add_column(
        "person", sa.Column("called", name, sa.Computed("lower(entra_name)", persisted=is_kept))
    )
    op.create_index(
        "assignment_called",
        "assignment",
        ["called", "entra_id"],
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_index("person_called", "person", ["called"])
    op.create_table(
        "decider",
        sa.Column("slack_user", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("slack_user", "request_id"),
    )
    op.create_index("decider_listed", "decider", ["slack_user", "asked_at", "request_id"])
    op.create_index("decider_of_request", "decider", ["request_id"])


def downgrade() -> None:
    op.drop_table("decider")
    op.drop_index("person_called", "person")
    op.drop_index("assignment_called", "assignment")
    op.drop_column("person", "called")
    op.drop_column("assignment", "called")
