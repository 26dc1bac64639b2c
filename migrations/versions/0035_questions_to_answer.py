"""An index of what people have asked for somebody else, while it waits: of its questions they are shown those without an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text("state = 'pending' AND wanted_for IS NOT NULL")
    op.create_index(
        "request_pending_for_other",
        "request",
        ["asked_by"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade() -> None:
    op.drop_index("request_pending_for_other", table_name="request")
