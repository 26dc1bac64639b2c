"""
Why each of those is asked who are asked about a request.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decider", sa.Column("named_as", sa.String(16)))


def downgrade() -> None:
    op.drop_column("decider", "named_as")
