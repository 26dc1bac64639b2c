"""
The shorter end that an approver sets.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("ends_at", sa.DateTime(timezone=True)))
    op.add_column("decision", sa.Column("instead_of", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("decision", "instead_of")
    op.drop_column("decision", "ends_at")
