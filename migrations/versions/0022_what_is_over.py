"""
What is over, by when it was: for whatever is kept for some time only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ended = sa.text("state = 'ended'")
    op.create_index(
        "assignment_ended",
        "assignment",
        ["ended_at"],
        sqlite_where=ended,
        postgresql_where=ended,
    )
    sent = sa.text("sent_at IS NOT NULL")
    op.create_index("notice_sent", "notice", ["sent_at"], sqlite_where=sent, postgresql_where=sent)


def downgrade() -> None:
    op.drop_index("notice_sent", "notice")
    op.drop_index("assignment_ended", "assignment")
