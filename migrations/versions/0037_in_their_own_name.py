"""
What people do in Entra in their own name: what a request was sent as, that it is to be canceled there, and who decided it there.

Programs before this would send a return as the app that was sent in the holder's name, and post it twice.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
serves_from = "0037"


def upgrade() -> None:
    op.add_column("request", sa.Column("sent_as", sa.String(16)))
    op.add_column("request", sa.Column("cancel_wanted_at", sa.DateTime(timezone=True)))
    op.add_column(
        "request", sa.Column("decided_there", sa.JSON, nullable=False, server_default="[]")
    )
    op.add_column("request", sa.Column("not_canceled_why", sa.Text))
    refused = sa.text("not_canceled_why IS NOT NULL")
    op.create_index(
        "request_not_canceled",
        "request",
        ["cancel_wanted_at"],
        sqlite_where=refused,
        postgresql_where=refused,
    )


def downgrade() -> None:
    op.drop_index("request_not_canceled", table_name="request")
    for name in ("not_canceled_why", "decided_there", "cancel_wanted_at", "sent_as"):
        op.drop_column("request", name)
