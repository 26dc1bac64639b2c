"""
When any replica could last do all of its work, and the outage since.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("control", sa.Column("alive_at", sa.DateTime(timezone=True)))
    op.add_column("control", sa.Column("outage", sa.JSON(none_as_null=True)))
    op.add_column("control", sa.Column("probed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in ("probed_at", "outage", "alive_at"):
        op.drop_column("control", name)
