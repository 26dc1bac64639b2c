"""
How often an endpoint has refused the event that is its next, whatever else went wrong between.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook", sa.Column("refusals", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("webhook", "refusals")
