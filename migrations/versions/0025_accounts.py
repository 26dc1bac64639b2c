"""
Sign-ins to Microsoft, connected accounts and their tokens, and who has proven whose a Slack account is.

Programs before this find everybody by their e-mail address.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("person", sa.Column("proven_at", MOMENT))
    op.create_table(
        "sign_in",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("slack_user", sa.String(32), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("flow", sa.Text),
        sa.Column("is_device", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(64)),
        sa.Column("browser", sa.String(64)),
        sa.Column("due_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("outcome", sa.String(16)),
        sa.Column("other_entra_id", sa.String(64)),
        sa.Column("news_due_at", MOMENT),
    )
    op.create_index("sign_in_made", "sign_in", ["made_at"])
    op.create_index("sign_in_of", "sign_in", ["slack_user"])
    _partial("sign_in_state", "state", unique=True)
    _partial("sign_in_due", "due_at")
    _partial("sign_in_owes_news", "news_due_at")
    op.create_table(
        "account",
        sa.Column("slack_user", sa.String(32), primary_key=True),
        sa.Column("entra_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("connected_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("challenge", sa.Text),
    )
    op.create_index("account_used", "account", ["used_at"])
    op.create_index("account_checked", "account", ["checked_at"])
    op.create_table(
        "account_token",
        sa.Column("slack_user", sa.String(32), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("account_token", "account", "sign_in"):
        op.drop_table(table)
    op.drop_column("person", "proven_at")


def _partial(name: str, column: str, *, unique: bool = False) -> None:
    condition = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        name,
        "sign_in",
        [column],
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
