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
# The functions that a trigger runs, or that run as the owner.
FUNCTIONS: Final = ("audit_is_append_only", "latchkey_sealed_token")
# Whether role r is an owner of one of the tables or functions or of their schema, or can become one.
OWNS: Final = (
    "(SELECT coalesce(bool_or(pg_has_role(r.oid, owner, 'MEMBER')), false) FROM ("
    "SELECT relowner AS owner FROM pg_class "
    "WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:tables) "
    "UNION SELECT proowner FROM pg_proc "
    "WHERE pronamespace = current_schema()::regnamespace AND proname = ANY(:functions) "
    "UNION SELECT nspowner FROM pg_namespace WHERE oid = current_schema()::regnamespace"
    ") AS owners)"
)
# Whether role r is a superuser, or can become one.
RULES: Final = (
    "(SELECT bool_or(s.rolsuper) FROM pg_roles AS s WHERE pg_has_role(r.oid, s.oid, 'MEMBER'))"
)
# What lets a role, or one that it can become, past the rights on tables; in words.
PAST_RIGHTS: Final[Mapping[str, str]] = {
    "rolcreaterole": "make and change roles (CREATEROLE)",
    "rolreplication": "copy the whole server (REPLICATION)",
}
# PostgreSQL's own roles by which one reads or writes the server's files, or runs programs there.
OF_THE_SERVER: Final = (
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_write_server_files",
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
            f"SELECT {RULES} AS rules, {OWNS} AS owns, current_schema() AS schema, "  # noqa: S608 (our own words)
            "current_database() AS base, (SELECT pg_has_role(current_user, datdba, 'USAGE') "
            "FROM pg_database WHERE datname = current_database()) AS owns_base "
            "FROM pg_roles AS r WHERE rolname = :role"
        ),
        {"role": role, "tables": list(NEEDED), "functions": list(FUNCTIONS)},
    ).one_or_none()
    if facts is None:
        raise CannotGrant(
            f"There is no role {role}: make it first (CREATE ROLE … LOGIN), and give it a password."
        )
    if facts.rules or facts.owns:
        raise CannotGrant(
            f"{role} owns the tables or is a superuser, so nothing can be kept from it: "
            "name a role of its own for the running bot."
        )
    quote = db.dialect.identifier_preparer.quote
    name, schema = quote(role), quote(facts.schema)
    db.execute(sa.text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    db.execute(sa.text(f"REVOKE CREATE ON SCHEMA {schema} FROM {name}"))
    db.execute(sa.text(f"REVOKE CREATE, TEMPORARY ON DATABASE {quote(facts.base)} FROM {name}"))
    # Everybody may make temporary tables unless it is taken from everybody.  In somebody else's database, where others
    # may need theirs, that is for its owner: the doctor says so.
    if facts.owns_base:
        db.execute(sa.text(f"REVOKE TEMPORARY ON DATABASE {quote(facts.base)} FROM PUBLIC"))
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
            f"SELECT {RULES} AS rules, {OWNS} AS owns, "  # noqa: S608 (our own words)
            "has_schema_privilege(current_schema(), 'CREATE') "
            "OR has_database_privilege(current_database(), 'CREATE') AS creates, "
            "has_database_privilege(current_database(), 'TEMPORARY') AS creates_temporary, "
            "current_database() AS base "
            "FROM pg_roles AS r WHERE rolname = current_user"
        ),
        {"tables": list(NEEDED), "functions": list(FUNCTIONS)},
    ).one()
    if facts.rules:
        return ["do everything, as a superuser"]
    found = _past_rights(db)
    if facts.creates:
        found.append("create tables")
    if facts.owns:
        return [*found, "change and drop the tables, as their owner"]
    if facts.creates_temporary:
        base = db.dialect.identifier_preparer.quote(facts.base)
        found.append(
            f"create temporary tables (where the database has another owner, that one takes it away: "
            f"REVOKE TEMPORARY ON DATABASE {base} FROM PUBLIC)"
        )
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


def _past_rights(db: Transaction) -> list[str]:
    """Return what lets this connection's role past the rights on tables, in words."""
    roles = db.execute(
        sa.text(
            f"SELECT rolname, {', '.join(PAST_RIGHTS)} FROM pg_roles "  # noqa: S608 (our own words)
            "WHERE pg_has_role(current_user, oid, 'MEMBER')"
        )
    ).all()
    found = [
        words
        for attribute, words in PAST_RIGHTS.items()
        if any(getattr(r, attribute) for r in roles)
    ]
    names = {each.rolname for each in roles}
    return found + [f"be a member of {each}" for each in OF_THE_SERVER if each in names]


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
