"""Grant and check the rights that the running bot's role needs on PostgreSQL."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction

READ: Final = frozenset({"SELECT"})
WRITE: Final = frozenset({"SELECT", "INSERT", "UPDATE"})
# By table, and nothing else.  Rows of the audit log can be added, and neither changed nor taken away.
NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "account": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    # What is sealed there is read by the function below, of one person at a time.
    "account_token": frozenset({"INSERT", "UPDATE", "DELETE"}),
    "alembic_version": READ,
    "allowance": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "approver_question": WRITE,
    "assignment": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "audit": frozenset({"SELECT", "INSERT"}),
    "audit_checkpoint": READ,
    "audit_head": frozenset({"SELECT", "UPDATE"}),
    "contact": WRITE,
    "control": WRITE,
    "decider": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "decision": WRITE,
    "delegation": WRITE,
    "drift": WRITE,
    "emergency": WRITE,
    "finding": WRITE,
    "form": frozenset({"SELECT", "INSERT", "DELETE"}),
    "hold": WRITE,
    "home": WRITE,
    "inbox": frozenset({"SELECT", "INSERT", "DELETE"}),
    "language": WRITE,
    "notice": WRITE,
    "package": frozenset({"SELECT", "INSERT", "DELETE"}),
    "person": WRITE,
    "request": WRITE,
    "settings_binding": frozenset({"SELECT", "INSERT", "DELETE"}),
    "sign_in": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "slack_wait": WRITE,
    "sweep": WRITE,
    "trouble": WRITE,
    # A replay that is done is taken away, and so is the note of an event that is replayed.
    "webhook": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
    "webhook_dead": frozenset({"SELECT", "INSERT", "DELETE"}),
}
# Rows of what is over, which the running bot's role need not be able to delete: then the command line does it as their owner.
OF_WHAT_IS_OVER: Final = (
    "approver_question",
    "assignment",
    "decider",
    "decision",
    "emergency",
    "finding",
    "hold",
    "notice",
    "request",
)
# Whether role r is an owner of one of the tables, or can become one.
OWNS: Final = (
    "(SELECT coalesce(bool_or(pg_has_role(r.oid, relowner, 'MEMBER')), false) FROM pg_class "
    "WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:tables))"
)
# Columns that may be read where the whole table may not.
READABLE: Final[Mapping[str, tuple[str, ...]]] = {"account_token": ("slack_user",)}
SEALED_TOKEN: Final = "latchkey_sealed_token(text)"  # noqa: S105
MAY_CALL: Final = f"SELECT has_function_privilege('{SEALED_TOKEN}', 'EXECUTE')"
OF_TABLES: Final = ("DELETE", "TRUNCATE", "TRIGGER")
OF_COLUMNS: Final = ("SELECT", "INSERT", "UPDATE", "REFERENCES")


class CannotGrant(Exception):
    """The role is none to give so little to, or this one may not give it; a sentence."""


def grant(db: Transaction, role: str) -> None:
    """
    Give *role* exactly what the running bot needs, and take away what it had beyond that.

    Raises:
        CannotGrant: There is no such role, or it may do everything anyway.
    """
    facts = db.execute(
        sa.text(
            f"SELECT rolsuper, {OWNS} AS owns, current_schema() AS schema, current_database() AS base "  # noqa: S608 (our own words)
            "FROM pg_roles AS r WHERE rolname = :role"
        ),
        {"role": role, "tables": list(NEEDED)},
    ).one_or_none()
    if facts is None:
        raise CannotGrant(
            f"There is no role {role}: make it first (CREATE ROLE … LOGIN), and give it a password."
        )
    if facts.rolsuper or facts.owns:
        raise CannotGrant(
            f"{role} owns the tables or is a superuser, so nothing can be kept from it: "
            "name a role of its own for the running bot."
        )
    quote = db.dialect.identifier_preparer.quote
    name, schema = quote(role), quote(facts.schema)
    db.execute(sa.text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    db.execute(sa.text(f"REVOKE CREATE ON SCHEMA {schema} FROM {name}"))
    db.execute(sa.text(f"REVOKE CREATE ON DATABASE {quote(facts.base)} FROM {name}"))
    for table, needed in NEEDED.items():
        on = f"ON {schema}.{quote(table)}"
        db.execute(sa.text(f"REVOKE ALL {on} FROM {name}"))
        db.execute(sa.text(f"GRANT {', '.join(sorted(needed))} {on} TO {name}"))
        if table in READABLE:
            columns = ", ".join(quote(each) for each in READABLE[table])
            db.execute(sa.text(f"GRANT SELECT ({columns}) {on} TO {name}"))
    db.execute(sa.text(f"GRANT EXECUTE ON FUNCTION {schema}.{SEALED_TOKEN} TO {name}"))


def may_delete_what_is_over(db: Transaction) -> bool:
    """Tell whether this connection's role may; who can open an SQLite file may."""
    if db.dialect.name == "sqlite":
        return True
    granted = _granted(db)
    return all("DELETE" in granted[table] for table in OF_WHAT_IS_OVER)


def role_of(db: Transaction) -> str:
    """Return the role that this connection runs as."""
    return str(db.execute(sa.text("SELECT current_user")).scalar_one())


def missing_rights(db: Transaction) -> list[str]:
    """Return what this connection's role needs and may not do, “INSERT on inbox”."""
    granted = _granted(db)
    missing = [
        f"{privilege} on {table}"
        for table, needed in NEEDED.items()
        for privilege in sorted(needed - granted[table])
    ]
    missing += [
        f"SELECT on {table}.{column}"
        for table, columns in READABLE.items()
        for column in columns
        if column not in _readable(db, table)
    ]
    if not db.execute(sa.text(MAY_CALL)).scalar_one():
        missing.append(f"EXECUTE on {SEALED_TOKEN}")
    return missing


def _readable(db: Transaction, table: str) -> set[str]:
    """Return the columns of a table that this connection's role may read."""
    statement = sa.text(
        "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:of_table AS regclass) AND attnum > 0 "
        "AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')"
    )
    return set(db.execute(statement, {"of_table": table}).scalars())


def excess_rights(db: Transaction) -> list[str]:
    """Return what this connection's role may do and the running bot does not need, in words."""
    facts = db.execute(
        sa.text(
            f"SELECT rolsuper, {OWNS} AS owns, "  # noqa: S608 (our own words)
            "has_schema_privilege(current_schema(), 'CREATE') "
            "OR has_database_privilege(current_database(), 'CREATE') AS creates "
            "FROM pg_roles AS r WHERE rolname = current_user"
        ),
        {"tables": list(NEEDED)},
    ).one()
    if facts.rolsuper:
        return ["do everything, as a superuser"]
    found = ["create tables"] if facts.creates else []
    if facts.owns:
        return [*found, "change and drop the tables, as their owner"]
    granted = _granted(db, even_of_one_column=True)
    for table, columns in READABLE.items():
        granted[table].discard("SELECT")
        beyond = sorted(_readable(db, table) - set(columns))
        found += [f"SELECT on {table}.{column}" for column in beyond]
    return found + [
        f"{privilege} on {table}"
        for table, needed in NEEDED.items()
        for privilege in sorted(granted[table] - needed)
    ]


def _granted(db: Transaction, *, even_of_one_column: bool = False) -> dict[str, set[str]]:
    """Return what this connection's role may do with each table, by table."""
    question = "has_table_privilege(t, p)"
    if even_of_one_column:
        # PostgreSQL does not know the others for columns, and says so with an error.
        question = f"CASE WHEN p = ANY(:of_columns) THEN has_any_column_privilege(t, p) ELSE {question} END"
    statement = sa.text(
        f"SELECT t, p, {question} FROM unnest(CAST(:tables AS text[])) AS t, "  # noqa: S608 (our own words)
        "unnest(CAST(:privileges AS text[])) AS p"
    )
    facts = {"tables": list(NEEDED), "privileges": [*OF_TABLES, *OF_COLUMNS]}
    if even_of_one_column:
        facts["of_columns"] = list(OF_COLUMNS)
    rows = db.execute(statement, facts).all()
    granted: dict[str, set[str]] = {table: set() for table in NEEDED}
    for table, privilege, has in rows:
        if has:
            granted[table].add(privilege)
    return granted
