"""Whether somebody has ever had access under a policy, without reading every assignment: for the digest and the report."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("assignment_of_policy", "assignment", ["policy_id"])


def downgrade() -> None:
    op.drop_index("assignment_of_policy", "assignment")
