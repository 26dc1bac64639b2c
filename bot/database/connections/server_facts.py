"""Say which product the database is, and how large."""

import sqlalchemy as sa

from bot.database.connections.engine import Transaction


def product(db: Transaction) -> str:
    """Return the product with its version, "PostgreSQL 15.8"."""
    if db.dialect.name == "sqlite":
        version = db.execute(sa.text("SELECT sqlite_version()")).scalar_one()
        return f"SQLite {version}"
    version = db.execute(sa.text("SELECT current_setting('server_version')")).scalar_one()
    return f"PostgreSQL {str(version).split()[0]}"


def size(db: Transaction) -> int:
    """Return how many bytes the database has on PostgreSQL."""
    return int(db.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
