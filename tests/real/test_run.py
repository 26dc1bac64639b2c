"""`latchkey run` as people start it: what is wrong is said in sentences, and a stop is a clean one."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from multiprocessing.connection import wait

import pytest
import pytest_asyncio
import sqlalchemy as sa

from sandbox.run import stand_ins
from tests.harness.real import become_latchkey
from tests.harness.world import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Nobody listens on the discard port of this machine.
NOWHERE = "127.0.0.1:9"
SECRET = "xoxp-a-token-in-the-wrong-place"


@dataclass
class Ended:
    """How a command ended, and all that it printed."""

    code: int | None
    said: str


async def latchkey(folder, *command, **environment):
    """Run a command in *folder* to its end."""
    output = folder / "output"
    process = become_latchkey(folder, command, environment, output)
    # Only wait there: whoever starts another process reads how this one ended, and only one of us can.
    await asyncio.to_thread(wait, [process.sentinel])
    process.join()
    ended = Ended(process.exitcode, output.read_text())
    output.unlink()
    return ended


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(tmp_path_factory, certificate):
    """Stand-ins that a bot in another process can reach."""
    folder = tmp_path_factory.mktemp("outside")
    async with stand_ins(folder, certificate=certificate, socket_mode=False) as made:
        made.environment |= {
            "SSL_CERT_FILE": str(certificate.ca_file),
            "REQUESTS_CA_BUNDLE": str(certificate.ca_file),
            "LATCHKEY_PORT": "0",
        }
        yield made


@pytest.fixture(scope="module")
def postgresqls(postgresql):
    """Two databases that are not ready: an empty one, and one of an earlier version."""
    engine = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as db:
        db.execute(sa.text("CREATE DATABASE empty_one"))
        db.execute(sa.text("CREATE DATABASE old_one TEMPLATE template_latchkey"))
    old = sa.create_engine(
        postgresql.set(database="old_one"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with old.connect() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))

    def url(name):
        shown = postgresql.set(database=name).render_as_string(hide_password=False)
        return shown.replace("postgresql+psycopg:", "postgresql:")

    return {"empty": url("empty_one"), "old": url("old_one")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endings(tmp_path_factory, outside, postgresqls, sqlite_template):
    """Every start that must fail, all tried at the same time."""
    right = {**outside.environment}
    del right["DATABASE_URL"]
    taken = socket.create_server(("127.0.0.1", 0))
    socket_mode = {**right, "SLACK_APP_TOKEN": "xapp-wrong"}
    del socket_mode["SLACK_SIGNING_SECRET"]
    starts = {
        "nothing": {},
        "wrong": {
            **right,
            "SLACK_BOT_TOKEN": SECRET,
            "AZURE_TENANT_ID": "",
            "GRAPH_URL": "http://graph.example",
            "LATCHKEY_ADMINS": "dana@contoso.example, S0IAM",
            "LATCHKEY_ADMIN_CHANNEL": "#access-approvals",
            "DATABASE_URL": "mysql://localhost/latchkey",
            "AZURE_CLIENT_SECRET": "",
            "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere/certificate.pem",
        },
        "unreadable": {
            **right,
            "GRAPH_API_VERSION": "v2.0",
            "LATCHKEY_PORT": SECRET,
            "LATCHKEY_REMINDER_DAYS": "soon",
            "LATCHKEY_POLL_SECONDS": "0",
        },
        "slack token": {**right, "SLACK_BOT_TOKEN": "xoxb-wrong"},
        "slack unreachable": {**right, "SLACK_API_URL": f"http://{NOWHERE}/api/"},
        "app token": socket_mode,
        "client secret": {**right, "AZURE_CLIENT_SECRET": "wrong"},
        "graph unreachable": {**right, "GRAPH_URL": f"https://{NOWHERE}"},
        "login unreachable": {**right, "AZURE_AUTHORITY_HOST": f"https://{NOWHERE}"},
        "untrusted": {**right, "SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""},
        "empty database": {**right, "DATABASE_URL": postgresqls["empty"]},
        "old database": {**right, "DATABASE_URL": postgresqls["old"]},
        "no database": {**right, "DATABASE_URL": f"postgresql://{NOWHERE}/latchkey"},
        "no folder": {**right, "DATABASE_URL": "sqlite:////nowhere/at/all/latchkey.db"},
        "port taken": {**right, "LATCHKEY_PORT": str(taken.getsockname()[1])},
        "admin group": {**right, "LATCHKEY_ADMINS": "S0NOBODY"},
    }
    few_at_a_time = asyncio.Semaphore(4)

    async def start(name):
        folder = tmp_path_factory.mktemp("start")
        # Each with a file of its own: one that writes keeps the others waiting.
        shutil.copy(sqlite_template, folder / "latchkey.db")
        settings = {"DATABASE_URL": f"sqlite:///{folder}/latchkey.db", **starts[name]}
        async with few_at_a_time:
            return name, await latchkey(folder, "run", **(settings if starts[name] else {}))

    with taken:
        return dict(await asyncio.gather(*map(start, starts)))


EXPECTED = {
    "nothing": (
        2,
        [
            "SLACK_BOT_TOKEN",
            "SLACK_SIGNING_SECRET",
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "Entra credential",
            "LATCHKEY_ADMINS",
            "LATCHKEY_ADMIN_CHANNEL",
        ],
    ),
    "wrong": (
        2,
        [
            "SLACK_BOT_TOKEN",
            "AZURE_TENANT_ID",
            "GRAPH_URL",
            "dana@contoso.example",
            "LATCHKEY_ADMIN_CHANNEL",
            "DATABASE_URL",
            "AZURE_CLIENT_CERTIFICATE_PATH",
        ],
    ),
    "unreadable": (
        2,
        ["GRAPH_API_VERSION", "LATCHKEY_PORT", "LATCHKEY_REMINDER_DAYS", "LATCHKEY_POLL_SECONDS"],
    ),
    "slack token": (1, ["SLACK_BOT_TOKEN", "invalid_auth"]),
    "slack unreachable": (1, ["SLACK_API_URL"]),
    "app token": (1, ["SLACK_APP_TOKEN"]),
    "client secret": (1, ["AADSTS7000215"]),
    "graph unreachable": (1, ["GRAPH_URL"]),
    "login unreachable": (1, ["Entra gives no token"]),
    "untrusted": (1, ["certificate"]),
    "empty database": (1, ["latchkey migrate"]),
    "old database": (1, ["0000", "latchkey migrate"]),
    "no database": (1, ["DATABASE_URL"]),
    "no folder": (1, ["DATABASE_URL"]),
    "port taken": (1, ["LATCHKEY_PORT"]),
    "admin group": (1, ["LATCHKEY_ADMINS"]),
}


@pytest.mark.parametrize("start", EXPECTED)
async def test_a_start_that_cannot_work_says_all_of_it(endings, start):
    """A sentence for everything that is wrong, and the exit code that says whose fault it is."""
    code, words = EXPECTED[start]
    ended = endings[start]

    assert ended.code == code, ended.said
    for word in words:
        assert word in ended.said


@pytest.mark.parametrize("start", EXPECTED)
async def test_a_start_that_cannot_work_shows_no_traceback(endings, start):
    """People read sentences: no traceback, no warning of a library, no secret."""
    said = endings[start].said

    assert "Traceback" not in said
    assert "Unclosed" not in said
    assert "Warning" not in said
    assert SECRET not in said
    assert [line for line in said.splitlines() if not line.startswith("•")] == []


async def test_missing_permissions_are_named(tmp_path, outside):
    """An app registration without admin consent: which permissions it needs, and where to read on."""
    granted = set(outside.tenant.permissions)
    outside.tenant.permissions.clear()
    try:
        ended = await latchkey(tmp_path, "run", **outside.environment)
    finally:
        outside.tenant.permissions.update(granted)

    assert ended.code == 1, ended.said
    assert "EntitlementManagement.ReadWrite.All" in ended.said
    assert "Traceback" not in ended.said


async def test_the_bot_runs_until_it_is_told_to_stop(tmp_path, outside):
    """It says where it listens, works, and ends with 0 on SIGTERM, with nothing left half-way."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ROOT,
            **outside.environment,
            "LATCHKEY_PORT": str(port),
            "DATABASE_URL": "sqlite:///latchkey.db",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "readyz" not in lines[-1]:
        line = await process.stdout.readline()
        assert line, lines
        lines.append(line.decode())
    outside.workspace.request_url = f"http://127.0.0.1:{port}/slack/events"

    async def offered() -> bool:
        outcome = await outside.workspace.command(
            user="U0ANN", channel="C0GENERAL", command="/request-access", text="list"
        )
        return "marketing-campaign" in str(outcome.text)

    try:
        await eventually(offered)
        assert (await outside.workspace.verify_request_url()).ok
    finally:
        outside.workspace.request_url = None
        process.send_signal(signal.SIGTERM)
        rest = (await process.stdout.read()).decode()

    assert await process.wait() == 0, rest
    assert "Traceback" not in "".join(lines) + rest


async def test_doctor_finds_nothing_wrong_in_the_sandbox(tmp_path, outside):
    """Nothing is broken; that it has one admin and one approver deserves a warning."""
    ended = await latchkey(tmp_path, "doctor", **outside.environment)

    assert ended.code == 3, ended.said
    assert "✓" in ended.said
    assert "✗" not in ended.said


async def test_migrate_makes_the_database(tmp_path):
    """An empty database gets the newest schema; a second time nothing changes."""
    settings = {"DATABASE_URL": "sqlite:///here.db"}

    first = await latchkey(tmp_path, "migrate", **settings)
    second = await latchkey(tmp_path, "migrate", **settings)

    assert (first.code, second.code) == (0, 0), first.said + second.said
    assert first.said == second.said
    assert (tmp_path / "here.db").is_file()


async def test_the_stand_ins_leave_this_process_as_it_was(tmp_path, monkeypatch):
    """A client that it makes afterwards trusts what it trusted, and a certificate that is gone keeps none from starting."""
    monkeypatch.setenv("SSL_CERT_FILE", "/theirs.pem")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")

    def said():
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY")
        return [os.environ.get(name) for name in names]

    async with stand_ins(tmp_path, socket_mode=False):
        file, bundle, proxy = said()
        assert file is not None
        assert file.startswith(str(tmp_path))
        assert (bundle, proxy) == (file, None)

    assert said() == ["/theirs.pem", None, "http://proxy.example"]
