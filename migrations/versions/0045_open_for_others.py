"""
Open requests for somebody else by whoever asked: who asks once more for the same person is answered at once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_for_other = sa.text(
        "state IN ('received', 'pending', 'approved', 'submitted') AND wanted_for IS NOT NULL"
    )
    op.create_index(
        "request_open_for_other",
        "request",
        ["asked_by", "wanted_for"],
        sqlite_where=is_for_other,
        postgresql_where=is_for_other,
    )


def downgrade() -> None:
    op.drop_index("request_open_for_other", table_name="request")
