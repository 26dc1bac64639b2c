"""The ways to a PostgreSQL server that DATABASE_URL can name: TLS of each strictness, and several hosts."""

import contextlib
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.configuration.settings import read_settings
from bot.database import Busy, open_store
from bot.database.connections.engine import ping
from sandbox.certificate import make_certificate


def reached(address: str) -> str:
    """Open the store by that address; the name that the server knows the session by."""
    store = open_store(read_settings({"DATABASE_URL": address}).sqlalchemy_url)
    with contextlib.closing(store):
        store.run_here(ping)
        name: str = store.run_here(
            lambda db: db.execute(
                sa.text("SELECT current_setting('application_name')")
            ).scalar_one()
        )
        return name


@pytest.fixture
def over_tls(emptied_postgresql, behind_pgbouncer, certificate):
    """A real server that speaks TLS alone: PgBouncer's, as PostgreSQL's own wheel has none."""
    # Not below pytest's own folder, which is for one user only, and PgBouncer is another.
    with tempfile.TemporaryDirectory(prefix="latchkey-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for kind, file in (("cert", certificate.cert_file), ("key", certificate.key_file)):
            shutil.copy(file, folder / kind)
            (folder / kind).chmod(0o644)
        yield behind_pgbouncer(
            emptied_postgresql,
            mode="session",
            more=f"client_tls_sslmode = require\nclient_tls_cert_file = {folder}/cert\n"
            f"client_tls_key_file = {folder}/key",
        )


def test_a_server_is_reached_over_tls_that_is_verified(over_tls, certificate):
    """The certificate, and that it is this host's."""
    assert (
        reached(f"{over_tls}?sslmode=verify-full&sslrootcert={certificate.ca_file}") == "latchkey"
    )


def test_a_server_that_another_authority_vouches_for_is_refused(over_tls, tmp_path):
    """Whoever stands in between has a certificate, too."""
    other = make_certificate(tmp_path / "other")
    with pytest.raises(Busy, match="certificate verify failed"):
        reached(f"{over_tls}?sslmode=verify-full&sslrootcert={other.ca_file}")


def test_a_server_by_another_name_is_refused(over_tls, certificate):
    """verify-full asks whose certificate it is; verify-ca does not."""
    other = over_tls.replace("127.0.0.1", "db.example")
    named = f"{other}?hostaddr=127.0.0.1&sslrootcert={certificate.ca_file}"

    assert reached(f"{named}&sslmode=verify-ca") == "latchkey"
    with pytest.raises(Busy, match="does not match host name"):
        reached(f"{named}&sslmode=verify-full")


def test_a_server_without_tls_is_refused_where_tls_is_required(
    emptied_postgresql, behind_pgbouncer
):
    """Without `sslmode` libpq goes on unencrypted; docs/reference/settings.md says so."""
    plain = behind_pgbouncer(emptied_postgresql, mode="session")
    assert reached(plain) == "latchkey"
    with pytest.raises(Busy, match="SSL"):
        reached(f"{plain}?sslmode=require")


def test_the_first_host_that_answers_is_taken(emptied_postgresql, behind_pgbouncer):
    """Of several, a dead one among them, that which takes writes."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()[1]
    live = behind_pgbouncer(emptied_postgresql, mode="session")
    several = live.replace("127.0.0.1:", f"127.0.0.1:{dead},127.0.0.1:")
    assert reached(f"{several}?target_session_attrs=read-write") == "latchkey"


def test_a_session_may_have_another_name(emptied_postgresql):
    """So that replicas can be told apart in pg_stat_activity."""
    address = emptied_postgresql.update_query_dict({"application_name": "latchkey-eu"})
    text = address.set(drivername="postgresql").render_as_string(hide_password=False)
    assert reached(text) == "latchkey-eu"
