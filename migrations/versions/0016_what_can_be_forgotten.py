"""
What of the audit log can be forgotten, and the chain still holds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("salt", sa.String(32)))
    op.add_column("audit", sa.Column("forgotten", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("audit", "forgotten")
    op.drop_column("audit", "salt")
