"""
For whom somebody else asks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("request", sa.Column("wanted_for", sa.String(32)))


def downgrade() -> None:
    op.drop_column("request", "wanted_for")
