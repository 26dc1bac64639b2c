"""DATABASE_URL: what it names, what is refused, and that nothing of a password is ever repeated."""

import contextlib
from functools import cache
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.__main__ import main
from bot.configuration import database_url
from bot.database import open_store, ping
from tests.bot.configuration.test_settings import GOOD

REFUSED = {
    "sqlite://latchkey.db": "two slashes",
    "sqlite://user:pw@host/latchkey.db": "two slashes",  # pragma: allowlist secret
    "sqlite:///latchkey.db?mode=ro": "no parameters",
    "sqlite:latchkey.db": "must start with",
    "postgresql://u:p@127.0.0.1:port/db": "no port in digits",
    "postgresql://u:p@127.0.0.1:0/db": "from 1 to 65535",
    "postgresql://u:p@127.0.0.1:65536/db": "from 1 to 65535",
    "postgresql://u:p@h 1/db": "one way only",
    "postgresql://u:p@ss#w/rd@127.0.0.1:5432/db": "one way only",
    "postgresql://u:p/w@127.0.0.1/db": "one way only",
    "postgresql://u:p?w@127.0.0.1/db": "one way only",
    "postgresql://u:100%@127.0.0.1/db": "one way only",
    "postgresql://u:%ff@127.0.0.1/db": "one way only",  # pragma: allowlist secret
    "postgresql://u:pw/db": "no port in digits",
    "postgresql://u:/db": "no port in digits",
    "postgresql://h1:1,h2:/db": "no port in digits",
    "postgresql://u:p@h1,[::1]/db": "IPv6",
    "postgresql://u:p@h1,,h2/db": "has no name",
    "postgresql://u@h/db?sslmod=require": "did you mean sslmode?",
    "postgresql://u@h/db?sslmode=require&sslmode=disable": "2 times",
    "postgresql://u@h/db?host=/run": "names a host twice",
    "postgresql://u@h/db?options=-c%20statement_timeout%3D1": "asks for statement_timeout",
    "postgresql://u@h/db?options=--lock-timeout%3D1": "asks for lock_timeout",
    "postgresql://u@h/db?options=-d%205": "does not understand",
    "postgresql://u@h/db?prepare_threshold=5": "does not know",
}


@pytest.mark.parametrize(("url", "words"), REFUSED.items())
def test_what_cannot_work_is_a_sentence(url, words):
    """And not a crash at the first connection."""
    (problem,) = database_url.problems(url)

    assert words in problem
    assert problem.endswith((".", ")."))


TAKEN = (
    "sqlite:///latchkey.db",
    "sqlite:////var/lib/latchkey/latchkey.db",
    "postgresql://latchkey_run@db.internal/latchkey",
    "postgresql://u:p%40ss%23w%2Frd@127.0.0.1:5432/db",  # pragma: allowlist secret
    "postgresql://u:a:b@[::1]:5432/db",
    "postgresql:///db",
    "postgresql://u:@/db?host=/var/run/postgresql",
    "postgresql://u:p@h1,h2:5433/db?target_session_attrs=read-write",
    "postgresql://u@h/db?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    "postgresql://u@h/db?options=-csearch_path%3Dlatchkey%20-c%20work_mem%3D8MB",
)


@pytest.mark.parametrize("url", TAKEN)
def test_what_can_work_is_taken(url):
    """Each form that PostgreSQL's own programs know, too; the driver can read it."""
    assert database_url.problems(url) == []
    sa.create_engine(database_url.with_our_driver(url))


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ("-csearch_path=one", {"search_path": "one"}),
        ("-c search_path=one,two -c work_mem=8MB", {"search_path": "one,two", "work_mem": "8MB"}),
        (r"--search-path=one,\ two", {"search_path": "one, two"}),
    ],
)
def test_what_is_asked_of_the_session_is_read(options, asked):
    """As libpq reads it."""
    url = f"postgresql://u@h/db?options={quote(options)}"
    assert database_url.session_settings(url) == asked


def test_parameters_reach_the_driver():
    """TLS among them; ours only where the address says nothing."""
    url = database_url.with_our_driver("postgresql://u@h/db?sslmode=verify-full&connect_timeout=9")
    engine = sa.create_engine(url)
    _, parameters = engine.dialect.create_connect_args(engine.url)
    assert (parameters["sslmode"], parameters["connect_timeout"]) == ("verify-full", "9")


def test_the_host_that_answers_is_taken(emptied_postgresql):
    """Of several, one of which is down."""
    folder = emptied_postgresql.query["host"]
    url = emptied_postgresql.set(
        query={"host": ["127.0.0.1:9", f"{folder}:5432"]}
    ).render_as_string(hide_password=False)
    with contextlib.closing(open_store(url)) as store:
        store.run_here(ping)


def test_a_list_of_hosts_is_written_as_the_driver_has_it():
    """Each with its port."""
    url = database_url.with_our_driver("postgresql://u:p@h1:1,h2/db?sslmode=require")
    engine = sa.create_engine(url)
    _, parameters = engine.dialect.create_connect_args(engine.url)
    assert (parameters["host"], parameters["port"]) == ("h1,h2", "1,")
    assert (parameters["user"], parameters["password"]) == ("u", "p")


def test_no_password_is_in_what_other_programs_are_given():
    """Neither before the host nor after the question mark."""
    url = "postgresql+psycopg://u:pw1@h1:1,h2/db?sslpassword=pw2&sslmode=require"  # pragma: allowlist secret
    assert database_url.without_secrets(url) == "postgresql://u@h1:1,h2/db?sslmode=require"


# No letter of it is in our own sentences: what is found of it in an output has come from it.
ODD = "@:/?#[]% &=+,;'\"\\$!"
PASSWORDS = st.text(
    alphabet="\u0416\u0429\u042e\u042f\u0424\u042d" + ODD + "0123456789", min_size=4, max_size=12
)
COMMANDS = (
    ("run",),
    ("doctor",),
    ("migrate",),
    ("migrate", "--grant-to", "x"),
    ("audit", "verify"),
)
# Nobody listens on the discard port of this machine.
PLACES = ("127.0.0.1:9/db", "127.0.0.1:9/db?sslmode=require", "nowhere.invalid/db")


def parts_of(password):
    """Everything in it, of four characters."""
    return {password[at : at + 4] for at in range(len(password) - 3)}


def run(password, place, command, form):
    """Run a command with a database's address that holds the password."""
    credentials = form.format(raw=password, coded=quote(password, safe=""))
    url = f"postgresql://u:{credentials}{place}"
    if not form:
        url = f"postgresql://u@{place}{'&' if '?' in place else '?'}password={password}"
    return CliRunner().invoke(
        main, list(command), env={**GOOD, "LATCHKEY_PORT": "0", "DATABASE_URL": url}
    )


@cache
def said_with_another(place, command, form):
    """Return what is said anyway: ids, moments and addresses of others hold any four digits."""
    return f"{place}{' '.join(command)}{run('zqxjkvwb', place, command, form).output}"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(
    password=PASSWORDS,
    place=st.sampled_from(PLACES),
    command=st.sampled_from(COMMANDS),
    form=st.sampled_from(("{raw}@", "{coded}@", "", "{raw}")),
)
def test_no_part_of_a_password_is_ever_printed(password, place, command, form, tmp_path_factory):
    """However it is written, whatever it is made of, and whatever fails."""
    # Latchkey must not find a file of settings or a database there.
    with contextlib.chdir(tmp_path_factory.getbasetemp()):
        result = run(password, place, command, form)
        usual = said_with_another(place, command, form)

    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    told = {part for part in parts_of(password) if part in result.output and part not in usual}
    assert not told, result.output
