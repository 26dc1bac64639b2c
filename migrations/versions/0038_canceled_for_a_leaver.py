"""
Requests that an admin cancels because their person leaves: who wants that, and why, until it is known that they may.

Programs before this would go on with what is to be canceled.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
serves_from = "0038"


def upgrade() -> None:
    op.add_column("request", sa.Column("cancel_by", sa.String(32)))
    op.add_column("request", sa.Column("cancel_why", sa.Text))


def downgrade() -> None:
    op.drop_column("request", "cancel_why")
    op.drop_column("request", "cancel_by")
