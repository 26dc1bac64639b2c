"""
Requests that Entra decides: since when one waits for whoever asked to connect their Microsoft account.

Programs before this would grant as an app what people must ask for in their own name.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
serves_from = "0032"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("request", sa.Column("needs_account_at", MOMENT))
    waits = sa.text("needs_account_at IS NOT NULL")
    op.create_index(
        "request_needs_account",
        "request",
        ["needs_account_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade() -> None:
    op.drop_index("request_needs_account", table_name="request")
    op.drop_column("request", "needs_account_at")
