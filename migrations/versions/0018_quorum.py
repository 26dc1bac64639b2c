"""
How many have approved a stage, and which of its approvals a decision is.

Programs before this know no quorum.  What they write is the first decision of its stage, and stays the only one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
serves_from = "0018"

ACCEPTED = sa.text("outcome = 'accepted'")
STAGE = ["request_id", "round", "stage"]


def upgrade() -> None:
    op.add_column(
        "request", sa.Column("approvals", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("decision", sa.Column("place", sa.Integer(), server_default="1", nullable=False))
    op.drop_index("decision_one_accepted", table_name="decision")
    _one_accepted([*STAGE, "place"])


def downgrade() -> None:
    op.drop_index("decision_one_accepted", table_name="decision")
    _one_accepted(STAGE)
    op.drop_column("decision", "place")
    op.drop_column("request", "approvals")


def _one_accepted(columns: list[str]) -> None:
    op.create_index(
        "decision_one_accepted",
        "decision",
        columns,
        unique=True,
        sqlite_where=ACCEPTED,
        postgresql_where=ACCEPTED,
    )
