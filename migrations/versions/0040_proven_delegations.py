"""
Delegations that a fresh sign-in of their giver proves, and the authentication contexts that a saved proof has shown.

Programs before this would take an approval whose proof lacks the context that is asked for by now.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
serves_from = "0040"

OF_DELEGATION: dict[str, sa.types.TypeEngine[Any]] = {
    "proof": sa.String(64),
    "proven_as": sa.String(64),
    "proven_to": sa.String(64),
    "signed_in_at": sa.DateTime(timezone=True),
    "proven_contexts": sa.Text(),
}


def upgrade() -> None:
    for name, kind in OF_DELEGATION.items():
        op.add_column("delegation", sa.Column(name, kind))
    is_proven = sa.text("proof IS NOT NULL")
    op.create_index(
        "delegation_one_proof",
        "delegation",
        ["proof"],
        unique=True,
        sqlite_where=is_proven,
        postgresql_where=is_proven,
    )
    op.add_column("sign_in", sa.Column("delegation_id", sa.String(64)))
    op.add_column("decision", sa.Column("proven_contexts", sa.Text))
    # What the programs before have insisted on, as long as they remember it; of older proofs nothing is believed.
    op.execute(
        "UPDATE decision SET proven_contexts = (SELECT min(sign_in.auth_context) FROM sign_in "
        "WHERE sign_in.decision_id = decision.id AND sign_in.outcome = 'proven') "
        "WHERE proof IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("decision", "proven_contexts")
    op.drop_column("sign_in", "delegation_id")
    op.drop_index("delegation_one_proof", table_name="delegation")
    for name in OF_DELEGATION:
        op.drop_column("delegation", name)
