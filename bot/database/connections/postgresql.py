"""Connections to PostgreSQL that never wait for ever, whatever the server, a pooler or the network does."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from bot.database.connections.postgresql_limits import SessionLimits

# The execution options that name the limits of a transaction, and that it only reads, all of it as of one moment.
OPTION: Final = "latchkey_limits"
ONLY_READS: Final = "latchkey_only_reads"


# What libpq is told unless DATABASE_URL says otherwise.  The network may forget an idle connection without a word.
DEFAULTS: Final[Mapping[str, Any]] = {
    "application_name": "latchkey",
    "connect_timeout": 2,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def prepare(engine: sa.Engine, limits: SessionLimits) -> None:
    """Let *engine* make bounded connections, prepare no statements, and begin each transaction with these limits, or its own."""
    # Whoever works with SQLite needs no driver of PostgreSQL's.
    from bot.database.connections.postgresql_connection import BoundedConnection

    @sa.event.listens_for(engine, "do_connect")
    def connect(
        dialect: Any, record: Any, args: Any, parameters: dict[str, Any]
    ) -> BoundedConnection:
        # A prepared statement belongs to a session, and a pooler hands sessions round: the next client would run it,
        # or we another's.
        connection = BoundedConnection.connect(
            *args,
            # Transactions are begun below: the driver's own BEGIN would be one more way to the server and back.
            **{**DEFAULTS, **parameters, "prepare_threshold": None, "autocommit": True},
        )
        connection.answer_ms = limits.answer_ms
        return connection

    @sa.event.listens_for(engine, "begin")
    def begin(db: sa.Connection) -> None:
        options = db.get_execution_options()
        these: SessionLimits = options.get(OPTION, limits)
        driver: Any = db.connection.driver_connection
        driver.answer_ms = these.answer_ms
        db.exec_driver_sql(_beginning(these, only_reads=ONLY_READS in options))


def _beginning(limits: SessionLimits, *, only_reads: bool) -> str:
    # SET LOCAL, four times; with BEGIN in one way to the server and back.  Moments come in UTC: on the calendar's last
    # day some zones have one that Python does not know.
    mode = " ISOLATION LEVEL REPEATABLE READ READ ONLY" if only_reads else ""
    return (
        f"BEGIN{mode}; SELECT set_config('lock_timeout', '{limits.lock_ms}', true), "
        f"set_config('statement_timeout', '{limits.statement_ms}', true), "
        f"set_config('idle_in_transaction_session_timeout', '{limits.idle_ms}', true), "
        "set_config('TimeZone', 'UTC', true)"
    )


def settings_that_differ(db: sa.Connection, asked: Mapping[str, str]) -> list[str]:
    """Return names of those of *asked* that this session does not have: a pooler may have dropped them."""
    found = sa.text("SELECT current_setting(:name, true)")
    plain = sa.text("SELECT set_config(:name, :value, true)")
    differ = []
    for name, value in asked.items():
        has = db.execute(found, {"name": name}).scalar_one()
        # As the server spells it, units and quotes included; for this transaction only.
        if has != db.execute(plain, {"name": name, "value": value}).scalar_one():
            differ.append(name)
    return differ
