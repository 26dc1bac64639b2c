"""
Past requests by whoever asked, and by whom they were for: people read their own, a page at a time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

IS_ENDED = "state IN ('delivered', 'refused', 'denied', 'canceled', 'lapsed', 'failed')"


def upgrade() -> None:
    for name, column, condition in (
        ("request_past", "asked_by", IS_ENDED),
        ("request_past_for", "holder", f"{IS_ENDED} AND wanted_for IS NOT NULL"),
    ):
        op.create_index(
            name,
            "request",
            [column, "asked_at", "id"],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


def downgrade() -> None:
    op.drop_index("request_past_for", table_name="request")
    op.drop_index("request_past", table_name="request")
