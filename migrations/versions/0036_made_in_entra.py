"""Requests that people make in Entra themselves: each is looked for by Graph's id of it."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    in_graph = sa.text("graph_request_id IS NOT NULL")
    op.create_index(
        "request_in_graph",
        "request",
        ["graph_request_id"],
        sqlite_where=in_graph,
        postgresql_where=in_graph,
    )


def downgrade() -> None:
    op.drop_index("request_in_graph", table_name="request")
