"""
Decisions that count by whoever made them: people read their own, a page at a time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counts = sa.text("outcome = 'accepted'")
    op.create_index(
        "decision_by",
        "decision",
        ["slack_user", "at", "id"],
        sqlite_where=counts,
        postgresql_where=counts,
    )


def downgrade() -> None:
    op.drop_index("decision_by", table_name="decision")
