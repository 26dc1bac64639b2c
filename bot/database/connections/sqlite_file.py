"""
SQLite's file: whether it is whole, a copy of it while the bot runs, and a copy put back in its place.

The file is not the database: what was committed last may be in ``-wal`` beside it, and belongs to this file only.
Whoever puts another file in its place without taking that away gets a mixture of the two.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from bot.database.connections.copies import PRIVATE, CannotCopy, Copied

if sys.platform != "win32":
    import fcntl

# Beyond so many bytes only what can be looked at quickly is, at a start; a restore always looks at everything.
LOOK_AT_ALL_OF: Final = 256 * 2**20
# Notes a restore that has begun; what stands in it is where the file before goes.
MARK: Final = ".restoring"
LOCK: Final = ".lock"
PAUSE_SECONDS: Final = 0.01
WAL, SHM = "-wal", "-shm"
# Each waits for readers as long as any statement does.
TRIES_TO_EMPTY: Final = 3


class BeingRestored(Exception):
    """A backup is being put in the file's place, or that was cut short; a sentence."""


def write_ahead(db: sqlite3.Connection, *, within_seconds: float) -> None:
    """
    Have the file written ahead (WAL), which it remembers.

    Only of a file that is not yet: SQLite lets whoever meets another in that very moment fail at once, whatever time-out is set.

    Raises:
        sqlite3.OperationalError: It is locked all that time, or cannot be written.
    """
    until = time.monotonic() + within_seconds
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def empty_write_ahead(db: sqlite3.Connection) -> bool:
    """Take everything from ``-wal`` into the file and leave it empty; False if somebody who reads kept it from that."""
    for _ in range(TRIES_TO_EMPTY):
        try:
            is_busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            continue
        if not is_busy:
            return True
    return False


class InUse:
    """Keeps a restore away for as long as somebody has the database open; ends by itself with the process."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def begin(cls, file: Path) -> Self:
        """
        Raises:
            BeingRestored: A restore is at work, or was cut short.
        """
        if file.name in {"", ":memory:"}:
            return cls(None)
        descriptor = _lock(file, alone=False)
        if _beside(file, MARK).exists():
            cls(descriptor).end()
            raise BeingRestored(
                f"A restore of {file} was cut short: run `latchkey restore FILE` again, before anything else."
            )
        return cls(descriptor)

    def end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(file: Path, *, alone: bool) -> int | None:
    """Return a lock for all who use *file* together, or for one *alone*; None where there is nothing to lock."""
    if sys.platform == "win32":
        # There nobody can put another file in the place of an open one anyway.
        return None
    try:
        descriptor = os.open(_beside(file, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError:
        # SQLite cannot write beside it either, and says so.
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise BeingRestored(
            f"Latchkey runs with {file}, or a command of its does: stop it first."
            if alone
            else f"A backup is being put in the place of {file}: try again when `latchkey restore` is done."
        ) from None
    return descriptor


def problems(db: sqlite3.Connection, *, thoroughly: bool) -> list[str]:
    """
    Return what is wrong with the database of a connection, in SQLite's words; empty when it is whole.

    Args:
        thoroughly: Compare the indexes with their tables as well, which takes longer.
    """
    try:
        found = db.execute(f"PRAGMA {'integrity' if thoroughly else 'quick'}_check(3)").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [str(row[0]) for row in found if row[0] != "ok"]


def damage(db: sqlite3.Connection) -> str | None:
    """Return the first thing that is wrong with a database in use, and None if it is whole; large ones are looked at quickly."""
    try:
        pages, size = (
            db.execute(f"PRAGMA page_{each}").fetchone()[0] for each in ("count", "size")
        )
    except sqlite3.DatabaseError as error:
        return str(error)
    return next(iter(problems(db, thoroughly=pages * size <= LOOK_AT_ALL_OF)), None)


def back_up(file: Path, to: Path) -> Copied:
    """
    Copy the database to a new file, as of one moment, while others work with it.

    Raises:
        CannotCopy: The copy would not be whole, or *to* is there already.
    """
    if to.exists():
        raise CannotCopy(f"{to} is there already: name a file that is not.")
    with _told(to):
        partial = _beside(to, ".partial")
        try:
            copied = _whole_copy(file, partial)
            _keep(partial)
            partial.rename(to)
            _keep(to.parent)
        finally:
            partial.unlink(missing_ok=True)
    return copied


def restore(backup: Path, file: Path, *, now: datetime) -> Copied:
    """
    Put a copy of *backup* in the place of *file*, and keep what was there, with its ``-wal``.

    It may die at any line: until it is done nobody can open the database, and the next try finishes it.

    Raises:
        CannotCopy: *backup* is none, or not whole; nothing has changed.
        BeingRestored: Somebody has the database open; nothing has changed.
    """
    if not backup.is_file():
        raise CannotCopy(f"There is no file {backup}.")
    if backup.resolve() == file.resolve():
        raise CannotCopy(f"{backup} is the database itself: name a backup of it.")
    wal = _beside(backup, WAL)
    if wal.exists() and wal.stat().st_size:
        raise CannotCopy(
            f"{wal} lies beside the backup, and nobody can tell whether it belongs to it: restore a file that "
            "`latchkey backup` made, or take it away if it does not belong there."
        )
    lock = _lock(file, alone=True)
    try:
        _check_not_in_use(file)
        with _told(file):
            return _put_back(backup, file, now=now)
    finally:
        if lock is not None:
            os.close(lock)


def _put_back(backup: Path, file: Path, *, now: datetime) -> Copied:
    fresh, mark = _beside(file, ".restored"), _beside(file, MARK)
    copied = _whole_copy(backup, fresh, how="immutable=1")
    _keep(fresh)
    if not mark.exists():
        mark.write_text(f"{file.name}.before-{now:%Y%m%dT%H%M%SZ}")
        _keep(mark)
        _keep(file.parent)
    before = file.with_name(mark.read_text() or f"{file.name}.before")
    # The -wal first: beside nothing it does no harm, beside another file it does.
    if _beside(file, WAL).exists():
        _beside(file, WAL).replace(_beside(before, WAL))
    _beside(file, SHM).unlink(missing_ok=True)
    # If it is there, an earlier try got as far as this, and what is in place is a copy already.
    if file.exists() and not before.exists():
        file.replace(before)
    fresh.replace(file)
    _keep(file.parent)
    mark.unlink()
    return Copied(rows=copied.rows, head=copied.head, kept=before if before.exists() else None)


def _whole_copy(source: Path, to: Path, *, how: str = "mode=ro") -> Copied:
    """
    Return a copy in one file, that nobody else can read, if it is a whole database of Latchkey's.

    Args:
        how: "immutable=1" for a file in which nobody writes; SQLite then makes nothing beside it.
    """
    if not source.is_file():
        raise CannotCopy(f"There is no database at {source}.")
    to.unlink(missing_ok=True)
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    address = f"file:{quote(str(source.absolute()))}?{how}"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as read,
            closing(sqlite3.connect(to)) as written,
        ):
            read.backup(written)
            written.execute("PRAGMA journal_mode=DELETE")
            wrong = problems(written, thoroughly=True)
            if wrong:
                raise CannotCopy(f"{source} is damaged: {wrong[0].splitlines()[0]}.")
            rows, head = written.execute("SELECT position, hash FROM audit_head").fetchone()
            written.execute("SELECT version_num FROM alembic_version").fetchone()
            return Copied(rows=rows, head=head)
    except CannotCopy:
        to.unlink(missing_ok=True)
        raise
    except (sqlite3.Error, TypeError) as error:
        to.unlink(missing_ok=True)
        raise CannotCopy(f"{source} cannot be read as a database of Latchkey's: {error}.") from None


def _check_not_in_use(file: Path) -> None:
    """Whoever has the file open without our lock, such as SQLite's own shell, is noticed by SQLite's."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise BeingRestored(f"Some program has {file} open: close it first.") from None
        except sqlite3.DatabaseError:
            # Damaged: that is what a restore is for.
            return


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotCopy(f"{file} cannot be written: {error.strerror or error}.") from None


def _keep(path: Path) -> None:
    """See to it that it outlives a power cut, a folder's entries too."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)
