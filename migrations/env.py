"""Runs the migrations on the connection that `bot.database.schema.migrate` lends."""

from alembic import context

from bot.database.tables import metadata


def run() -> None:
    connection = context.config.attributes["connection"]
    # SQLite cannot alter a table in place; alembic copies it then.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
