"""
The policies of a package under which nobody can ask: what people have under them, they may still extend or return.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "package", sa.Column("other_policies", sa.JSON, nullable=False, server_default="[]")
    )


def downgrade() -> None:
    op.drop_column("package", "other_policies")
