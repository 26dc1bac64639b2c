"""
Approvals that a fresh sign-in proves: what a sign-in is bound to, and what stays of its proof.

Programs before this would take such an approval without the proof.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
serves_from = "0030"

MOMENT = sa.DateTime(timezone=True)
OF_SIGN_IN = {"decision_id": 64, "ask_id": 64, "terms_hash": 64, "auth_context": 16}


def upgrade() -> None:
    for name, length in OF_SIGN_IN.items():
        op.add_column("sign_in", sa.Column(name, sa.String(length)))
    op.add_column("decision", sa.Column("proof", sa.String(64)))
    op.add_column("decision", sa.Column("proven_as", sa.String(64)))
    op.add_column("decision", sa.Column("signed_in_at", MOMENT))
    is_proven = sa.text("proof IS NOT NULL")
    op.create_index(
        "decision_one_proof",
        "decision",
        ["proof"],
        unique=True,
        sqlite_where=is_proven,
        postgresql_where=is_proven,
    )


def downgrade() -> None:
    op.drop_index("decision_one_proof", table_name="decision")
    for name in ("signed_in_at", "proven_as", "proof"):
        op.drop_column("decision", name)
    for name in OF_SIGN_IN:
        op.drop_column("sign_in", name)
