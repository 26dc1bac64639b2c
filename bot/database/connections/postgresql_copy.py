"""
Copy a PostgreSQL database while the bot runs with it, and put a copy back, by PostgreSQL's own programs.

The copy is of one moment, and the anchor that is said of it is of the same: ``pg_dump`` reads the snapshot of the
transaction that has read the anchor.  A copy is put back in one transaction: all of it, or nothing.

Source: PostgreSQL, "pg_dump" (``--snapshot``) and "pg_restore" (``--single-transaction``).
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
import sqlalchemy.exc

from bot.database.audit_log import audit
from bot.database.connections.copies import PRIVATE, CannotCopy, Copied

SNAPSHOT: Final = sa.text("SELECT pg_export_snapshot()")
HAS_SCHEMA: Final = sa.text("SELECT to_regclass('alembic_version') IS NOT NULL")
SCHEMA: Final = sa.text("SELECT version_num FROM alembic_version")
# Whoever works with it, and not what PostgreSQL does for itself, which is in nobody's name.  What kind of session it is,
# is told to superusers only of those of other roles (PostgreSQL, "pg_stat_activity"), and replicas have a role of their own.
OTHERS: Final = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
)
# A session that its program has closed is there until its process has ended, which takes a busy machine a while.
LEAVES_WITHIN: Final = timedelta(seconds=10)
BETWEEN_LOOKS: Final = timedelta(seconds=0.1)
SCHEMA_IN_COPY: Final = re.compile(r"^COPY \S*alembic_version .*\n(\w+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Server:
    """
    A PostgreSQL database, as our driver and as PostgreSQL's programs name it.

    Attributes:
        url: With our driver and its password.
        address: For PostgreSQL's programs, without a secret in it: others of the machine see their arguments.
    """

    url: str
    address: str

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment of a program that works with it."""
        password = sa.make_url(self.url).password
        return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def back_up(server: Server, to: Path) -> Copied:
    """
    Copy the database to a new file, as of one moment, while others work with it.

    Raises:
        CannotCopy: The copy would not be whole, or *to* is there already.
    """
    if to.exists():
        raise CannotCopy(f"{to} is there already: name a file that is not.")
    partial = to.with_name(f"{to.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        with _connected(server) as db:
            if not db.execute(HAS_SCHEMA).scalar_one():
                raise CannotCopy("The database has no tables of Latchkey's: is it the right one?")
            snapshot = db.execute(SNAPSHOT).scalar_one()
            rows, head = audit.head(db)
            _run(
                server,
                "pg_dump",
                *("--format=custom", f"--snapshot={snapshot}", "--no-password"),
                *("--file", str(partial), "--dbname", server.address),
            )
        _schema_in(server, partial)
        partial.rename(to)
    except OSError as error:
        raise CannotCopy(f"{to} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
    return Copied(rows=rows, head=head)


def restore(
    server: Server, backup: Path, *, now: datetime, leaves_within: timedelta = LEAVES_WITHIN
) -> Copied:
    """
    Put *backup* in the place of what the database holds, in one transaction; what was there is copied to a file first.

    Args:
        leaves_within: Wait so long for whoever still works with the database, such as a replica that was just stopped.

    Raises:
        CannotCopy: It is no backup, somebody works with the database, or its tables are of another version; nothing
            has changed.
    """
    if not backup.is_file():
        raise CannotCopy(f"There is no file {backup}.")
    schema = _schema_in(server, backup)
    with _connected(server) as db:
        _wait_until_alone(db, leaves_within)
        is_there = db.execute(HAS_SCHEMA).scalar_one()
        schema_now = db.execute(SCHEMA).scalar_one() if is_there else None
    if schema_now not in (None, schema):
        raise CannotCopy(
            f"The backup's tables are of version {schema}, the database's of {schema_now}: make an empty database, name it "
            "in DATABASE_URL, and restore into that. Nothing has changed."
        )
    kept = None
    if schema_now is not None:
        kept = backup.with_name(f"{backup.name}.before-{now:%Y%m%dT%H%M%SZ}")
        back_up(server, kept)
    _run(
        server,
        "pg_restore",
        *("--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--no-password"),
        *("--dbname", server.address, str(backup)),
    )
    with _connected(server) as db:
        rows, head = audit.head(db)
    return Copied(rows=rows, head=head, kept=kept)


def _wait_until_alone(db: sa.Connection, leaves_within: timedelta) -> None:
    """
    Wait until nobody else works with the database.

    Raises:
        CannotCopy: Somebody stays.
    """
    until = time.monotonic() + leaves_within.total_seconds()
    while others := db.execute(OTHERS).scalar_one():
        if time.monotonic() >= until:
            raise CannotCopy(
                f"{others} other connections work with the database: stop every replica (and a pooler in front of it) "
                "first. Nothing has changed."
            )
        # In a transaction the same sessions are shown again and again.
        db.rollback()
        time.sleep(BETWEEN_LOOKS.total_seconds())


def _schema_in(server: Server, backup: Path) -> str:
    """
    Return the version of the tables in a copy.

    Raises:
        CannotCopy: It is no copy of a database of Latchkey's.
    """
    said = _run(
        server, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(backup)
    )
    found = SCHEMA_IN_COPY.search(said)
    if found is None:
        raise CannotCopy(f"{backup} is no backup of a database of Latchkey's.")
    return found[1]


@contextmanager
def _connected(server: Server) -> Iterator[sa.Connection]:
    engine = sa.create_engine(server.url, poolclass=sa.NullPool, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as db:
            yield db
    except sqlalchemy.exc.DBAPIError as error:
        raise CannotCopy(
            f"The database cannot be read: {type(error.orig).__name__}. `latchkey doctor` says more."
        ) from None
    finally:
        engine.dispose()


def _run(server: Server, program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs; what it writes to standard output."""
    found = shutil.which(program)
    if found is None:
        raise CannotCopy(
            f"There is no {program} on this machine: install PostgreSQL's client programs, of the server's version or a newer "
            "one (Debian: postgresql-client)."
        )
    done = subprocess.run(  # noqa: S603  (no shell; the address is a setting)
        (found, *arguments),
        env=dict(server.environment),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise CannotCopy(f"{program} says: {lines[0]}")
    return done.stdout
