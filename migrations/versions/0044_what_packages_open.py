"""
What of each package whoever has it can open, as links.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("package", sa.Column("opens", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("package", "opens")
