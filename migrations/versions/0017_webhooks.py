"""Store how far each webhook is in the audit log, and the events that it would not take."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("endpoint", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("disabled_at", MOMENT),
        sa.Column("delivered_at", MOMENT),
    )
    op.create_index("webhook_of_endpoint", "webhook", ["endpoint"])
    op.create_table(
        "webhook_dead",
        sa.Column("endpoint", sa.String(32), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("webhook_dead")
    op.drop_index("webhook_of_endpoint", "webhook")
    op.drop_table("webhook")
