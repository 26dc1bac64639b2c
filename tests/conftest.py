"""What every test may use: both databases, and a certificate for the stand-ins."""

import contextlib
import os
import shutil
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
import structlog

from bot import clock
from bot.database import open_store
from bot.database.schema import migrate
from sandbox.certificate import make_certificate
from tests.harness.simulation import WITHOUT_LIMITS

# What the tests say to Graph, held against Microsoft's metadata: see docs/explanation/conformance.md.
pytest_plugins = [
    "tests.audit_details",
    "tests.conformance.plugin",
    "tests.harness.plugin",
    "tests.harness.drawing",
    "tests.needed",
    "tests.postgres",
    "tests.slack_limits.plugin",
    "tests.pgbouncer",
]

# How long a machine takes is no fact about the code.
hypothesis.settings.register_profile(
    "latchkey", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("latchkey")

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
OURS = ("SLACK_", "AZURE_", "GRAPH_", "LATCHKEY_", "DATABASE_URL")


def pytest_configure():
    """No setting of this machine may reach a test, and no proxy may see loopback traffic."""
    for name in list(os.environ):
        if name in PROXIES or name.startswith(OURS):
            del os.environ[name]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A throw-away certificate that this process trusts, by the variables that production honors."""
    made = make_certificate(tmp_path_factory.mktemp("certificate"))
    os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = str(made.ca_file)
    return made


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated SQLite file to copy: migrating anew takes a tenth of a second, and there are many tests."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    store = open_store(f"sqlite+pysqlite:///{file}")
    migrate.upgrade(store)
    store.close()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """An empty, migrated database for one test, on each of the two; as DATABASE_URL would say it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "latchkey.db")
        return f"sqlite:///{tmp_path / 'latchkey.db'}"
    fixture = "own_postgresql" if request.param == "postgresql alone" else "emptied_postgresql"
    address = request.getfixturevalue(fixture).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)


@pytest.fixture
def store(database_url):
    """A store on an empty database; the test runs on SQLite and on PostgreSQL."""
    driver = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    scheme, _, rest = database_url.partition("://")
    opened = open_store(f"{driver[scheme]}://{rest}", limits=WITHOUT_LIMITS)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def business_time():
    """Business time is real time at the start of each test, and afterwards."""
    clock.set_offset(timedelta(0))
    yield
    clock.set_offset(timedelta(0))


@pytest.fixture(autouse=True)
def logs_as_they_were():
    """Whoever configures the logs does it for one test: each of our loggers would keep it for ever."""
    yield
    if not structlog.is_configured():
        return
    structlog.reset_defaults()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {"bot", "handlers", "graph"}:
            # What structlog keeps once a logger has been used.
            getattr(getattr(module, "log", None), "__dict__", {}).pop("bind", None)


@pytest.fixture
def shared_conformance():
    """Microsoft's and Slack's own metadata with its checkers, where somebody has put them beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "conformance"
    if not folder.is_dir():
        pytest.skip("no conformance data beside this checkout")
    return folder
