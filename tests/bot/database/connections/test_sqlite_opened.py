"""A new SQLite file that several processes open in the same moment: none is told that it is locked."""

import multiprocessing
import sqlite3
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from bot.database import open_store
from bot.database.connections.engine import ping

OPENERS = 4
FILES = 25

forked = multiprocessing.get_context("fork")


def _open_all(folder: Path, together: Barrier, said: Any) -> None:
    """Open each file at the same moment as the others; say what went wrong."""
    wrong = []
    for number in range(FILES):
        together.wait()
        try:
            with closing(open_store(f"sqlite+pysqlite:///{folder / f'{number}.db'}")) as store:
                store.run_here(ping)
        except Exception as error:
            wrong.append(str(error))
    said.put(wrong)


def test_several_open_a_new_file_at_once(tmp_path):
    """Whoever comes first sets how it is written; SQLite by itself lets the others fail at once."""
    for number in range(FILES):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as new:
            new.execute("CREATE TABLE something (id INTEGER)")
    together, said = forked.Barrier(OPENERS), forked.Queue()
    openers = [
        forked.Process(target=_open_all, args=(tmp_path, together, said)) for _ in range(OPENERS)
    ]
    for each in openers:
        each.start()
    wrong = [said.get() for _ in openers]
    for each in openers:
        each.join()
    assert wrong == [[]] * OPENERS
    for number in range(FILES):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as known:
            assert known.execute("PRAGMA journal_mode").fetchone() == ("wal",)
