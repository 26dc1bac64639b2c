"""Keep for which package each entry of the package settings file was written, so that it holds whatever the package is called."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settings_binding",
        sa.Column("package_id", sa.String(64), primary_key=True),
        sa.Column("packages", sa.JSON, nullable=False),
        sa.Column("catalogs", sa.JSON, nullable=False),
        sa.Column("seen", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("settings_binding")
