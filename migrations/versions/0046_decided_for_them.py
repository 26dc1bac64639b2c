"""
What delegates have decided in somebody's name: people read it among what they decided.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_for_another = sa.text("outcome = 'accepted' AND for_user IS NOT NULL")
    op.create_index(
        "decision_for",
        "decision",
        ["for_user", "at", "id"],
        sqlite_where=is_for_another,
        postgresql_where=is_for_another,
    )


def downgrade() -> None:
    op.drop_index("decision_for", table_name="decision")
