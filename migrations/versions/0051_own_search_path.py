"""
On PostgreSQL, the function that gives the sealed token of one person names its table with the schema.

It runs as the owner of the tables.  The function of 0031 looked for `account_token` among the caller's temporary
tables first, so a temporary view of that name ran whatever the caller liked, as the owner.  It is replaced, and not
made anew: who may call it stays the same.
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# PostgreSQL looks into pg_temp first wherever it is not named, so it is named last.
REMAKE = """
CREATE OR REPLACE FUNCTION {schema}.latchkey_sealed_token(whose text) RETURNS text
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp
AS $$SELECT sealed FROM {schema}.account_token WHERE slack_user = whose$$
"""


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    schema = bind.exec_driver_sql("SELECT current_schema()").scalar_one()
    bind.exec_driver_sql(REMAKE.format(schema=bind.dialect.identifier_preparer.quote(schema)))


def downgrade() -> None:
    """Leave the function as it is: the programs before call it just so."""
