"""An index of the ids of what is held now: a sweep walks along it to find what Graph has not shown."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CURRENT = sa.text("state <> 'ended'")


def upgrade() -> None:
    op.create_index(
        "assignment_current_by_id",
        "assignment",
        ["id"],
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("assignment_current_by_id", "assignment")
