"""
What those who decide are shown about whoever asks, and by what it is found: access that is over, and denials.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IS_DENIED = sa.text("state = 'denied'")
IS_OVER = sa.text("state = 'ended'")


def upgrade() -> None:
    op.add_column("request", sa.Column("evidence", sa.JSON(none_as_null=True)))
    op.create_index(
        "request_denied",
        "request",
        ["entra_id", "package_id", "ended_at"],
        sqlite_where=IS_DENIED,
        postgresql_where=IS_DENIED,
    )
    op.create_index(
        "assignment_past",
        "assignment",
        ["entra_id", "package_id", "ended_at"],
        sqlite_where=IS_OVER,
        postgresql_where=IS_OVER,
    )


def downgrade() -> None:
    op.drop_index("assignment_past", "assignment")
    op.drop_index("request_denied", "request")
    op.drop_column("request", "evidence")
