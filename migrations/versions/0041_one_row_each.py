"""
One request in Graph is followed by one open request of ours.

Programs before this would meet what the index refuses as an error, and not look for their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
serves_from = "0041"


def upgrade() -> None:
    is_followed = sa.text(
        "state IN ('received', 'pending', 'approved', 'submitted') AND graph_request_id IS NOT NULL"
    )
    op.create_index(
        "request_one_open_in_graph",
        "request",
        ["graph_request_id"],
        unique=True,
        sqlite_where=is_followed,
        postgresql_where=is_followed,
    )


def downgrade() -> None:
    op.drop_index("request_one_open_in_graph", table_name="request")
