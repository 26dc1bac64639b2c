"""When the access ended that was to be extended: since then it is a request for new access."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("request", sa.Column("access_ended_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("request", "access_ended_at")
