"""
On PostgreSQL, a function that gives the sealed token of one person: the bot's role may read no column of them.

A function runs as its owner, who owns the table; nobody may call it to whom that is not granted.  Programs before this
read the table itself, which `latchkey migrate --grant-to` takes away from their role.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
serves_from = "0031"

MAKE = """
CREATE FUNCTION latchkey_sealed_token(whose text) RETURNS text
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path FROM CURRENT
AS 'SELECT sealed FROM account_token WHERE slack_user = whose'
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(MAKE)
    op.execute("REVOKE ALL ON FUNCTION latchkey_sealed_token(text) FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION latchkey_sealed_token(text)")
