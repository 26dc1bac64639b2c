"""PgBouncer between the tests and their PostgreSQL: Debian's own, in either mode, with one connection to the server."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from tests.needed import skip_unless_needed

PROGRAM: Final = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
SETTINGS: Final = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 100
ignore_startup_parameters = {ignored}
{more}
"""

# Gives the address behind a pooler: in some mode, with so many connections to the server.
Behind = Callable[..., str]


@pytest.fixture
def behind_pgbouncer(
    postgresql: sa.URL, pytestconfig: pytest.Config
) -> Iterator[Callable[..., str]]:
    """Starts a PgBouncer before a database; gives the address by which DATABASE_URL would name it."""
    if PROGRAM is None:
        skip_unless_needed(pytestconfig, "PGBOUNCER", "PgBouncer is not installed")
        raise AssertionError("skipped")
    with contextlib.ExitStack() as stack:

        def start(
            address: str | sa.URL,
            *,
            mode: str,
            size: int = 1,
            ignored: str = "extra_float_digits",
            more: str = "",
        ) -> str:
            url = sa.make_url(address)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latchkey-pool-")))
            own = _free_port()
            (folder / "pgbouncer.ini").write_text(
                SETTINGS.format(
                    host=url.host or url.query["host"],
                    port=url.port or 5432,
                    user=url.username or "postgres",
                    own=own,
                    mode=mode,
                    size=size,
                    ignored=ignored,
                    more=more,
                )
            )
            log = stack.enter_context((folder / "log").open("wb"))
            running = subprocess.Popen(  # noqa: S603 (our own words)
                [str(PROGRAM), "-q", str(folder / "pgbouncer.ini")],
                user=_somebody(folder),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
            stack.callback(running.wait)
            stack.callback(running.kill)
            _wait_until_it_listens(own, running, folder / "log")
            user = url.username or "postgres"
            return f"postgresql://{user}@127.0.0.1:{own}/{url.database}"

        yield start


def _somebody(folder: Path) -> int | None:
    """PgBouncer does not run as root; the server's own user, which its wheel makes then, may open its socket."""
    if os.getuid() != 0:
        return None
    user = pwd.getpwnam("pgserver")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _wait_until_it_listens(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    while running.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
    raise AssertionError(log.read_text())
