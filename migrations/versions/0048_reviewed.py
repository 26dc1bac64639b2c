"""
Which emergencies somebody has reviewed, or a delegate in their name: people read it among what they decided.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

INDEXES = {"emergency_closed_by": "closed_by", "emergency_closed_for": "for_user"}


def upgrade() -> None:
    for name, who in INDEXES.items():
        is_theirs = sa.text(f"{who} IS NOT NULL")
        op.create_index(
            name,
            "emergency",
            [who, "closed_at", "request_id"],
            sqlite_where=is_theirs,
            postgresql_where=is_theirs,
        )


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="emergency")
