"""
What the admins' console searches by: the request behind an access, and the audit log by who, about whom and of what.

PostgreSQL lets nobody add audit rows while it makes the indexes: about a second for a million rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GAVE = sa.text("kind IN ('add', 'extend') AND state = 'delivered'")


def upgrade() -> None:
    op.create_index(
        "request_gave_access",
        "request",
        ["assignment_id", "ended_at"],
        sqlite_where=GAVE,
        postgresql_where=GAVE,
    )
    op.create_index("audit_by", "audit", ["actor", "position"])
    op.create_index("audit_about", "audit", ["subject_entra_id", "position"])
    op.create_index("audit_of_package", "audit", ["package_id", "position"])


def downgrade() -> None:
    op.drop_index("audit_of_package", "audit")
    op.drop_index("audit_about", "audit")
    op.drop_index("audit_by", "audit")
    op.drop_index("request_gave_access", "request")
