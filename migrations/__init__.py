"""The database's history, for alembic."""
