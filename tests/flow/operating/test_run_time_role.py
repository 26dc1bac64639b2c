"""The bot on PostgreSQL as a role that can change neither tables nor the audit log."""

import contextlib
import re
import uuid

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from psycopg.errors import InsufficientPrivilege

from bot import clock
from bot.__main__ import main
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.database import Unusable, open_store
from bot.database.audit_log import audit
from bot.database.schema import migrate, roles
from bot.database.tables import metadata
from bot.doctor import database as doctor_on_databases
from bot.errors import ConfigurationError
from tests.harness.camera import empty_postgresql, life
from tests.harness.doctoring import subject_of
from tests.harness.simulation import simulation
from tests.harness.world import DANA
from tests.proofs.crash_sweep.deeds import DELIVERY, read
from tests.proofs.crash_sweep.stories import STORIES

ROLE = "latchkey_run"


@pytest.fixture
def owners(postgresql):
    """The address of a migrated database, as its owner; DATABASE_URL would say it so."""
    return next(empty_postgresql(postgresql))


@pytest.fixture
def restricted(owners, monkeypatch, tmp_path):
    """The same database's address, as a role that `latchkey migrate --grant-to` has been run for."""
    run(owners, f"CREATE ROLE {ROLE} LOGIN")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", owners)
    granted = CliRunner().invoke(main, ["migrate", "--grant-to", ROLE])
    assert granted.exit_code == 0, granted.output
    yield sa.make_url(owners).set(username=ROLE).render_as_string(hide_password=False)
    run(owners, f"DROP OWNED BY {ROLE}")
    run(owners, f"DROP ROLE {ROLE}")


def with_driver(address: str) -> str:
    return address.replace("postgresql:", "postgresql+psycopg:")


def run(address: str, statement: str) -> None:
    engine = sa.create_engine(with_driver(address), poolclass=sa.NullPool)
    with engine.begin() as db:
        db.execute(sa.text(statement))


@pytest.fixture
def store(restricted):
    """A store that runs as that role."""
    opened = open_store(with_driver(restricted))
    yield opened
    opened.close()


@pytest.fixture
async def world(simulated, restricted):
    """A bot that runs as that role."""
    async with simulation(restricted) as around:
        outside = around.outside
        outside.tenant.world.delivery = DELIVERY
        async with life(around) as made:
            await made.synced()
            yield made


# Together they use every table.
LIVES = ("denial", "extension", "misdelivery", "removal", "two stages")


@pytest.mark.parametrize("name", LIVES)
async def test_the_whole_life_of_access_needs_no_more(name, world):
    """Asked, decided, delivered, reminded of, extended, taken away; and nothing was refused on the way."""
    refused: list[str] = []

    def note(context: sa.engine.ExceptionContext) -> None:
        if isinstance(context.original_exception, InsufficientPrivilege):
            refused.append(context.statement or "")

    sa.event.listen(world.bot.store.engine, "handle_error", note)
    story = STORIES[name]
    await world.slack.open_home(user=DANA)
    if story.before is not None:
        await story.before(world)
    await story.act(world)

    assert not refused
    assert (await read(world, audit.verify, b"")).wrong is None


async def test_the_doctor_is_content_with_it(world):
    """And says so."""
    assert all(each.fine for each in await doctor_on_databases.role(subject_of(world.bot)))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (f"GRANT UPDATE ON audit TO {ROLE}", "may do more than the bot needs: UPDATE on audit"),
        (f"REVOKE INSERT ON request FROM {ROLE}", "lacks INSERT on request"),
    ],
)
async def test_the_doctor_names_what_is_too_much_or_too_little(said, words, owners, world):
    """With what to do."""
    run(owners, said)
    (found,) = await doctor_on_databases.role(subject_of(world.bot))
    assert not found.fine
    assert words in found.sentence
    assert "latchkey migrate" in found.sentence


def test_each_table_has_its_line():
    """A table that comes later is not forgotten."""
    assert set(roles.NEEDED) == {*metadata.tables, "alembic_version"}


def test_a_sealed_token_is_read_of_one_person_at_a_time(store):
    """Kept, renewed, read and deleted by the role of the bot."""
    now = clock.now()
    account = ConnectedAccount(
        slack_user="U0ANN",
        entra_id="ann",
        scopes=("A.Read",),
        is_public=False,
        connected_at=now,
        used_at=now,
    )
    store.run_here(accounts.connect, account, "sealed")
    assert store.run_here(accounts.renewed, account, "sealed anew")
    store.run_here(accounts.connect, account, "sealed once more")
    assert store.read_here(accounts.sealed_token, "U0ANN") == "sealed once more"
    assert store.read_here(accounts.sealed_token, "U0CY") is None
    assert store.read_here(roles.missing_rights) == []
    assert store.read_here(roles.excess_rights) == []
    store.run_here(accounts.disconnect, "U0ANN", by="U0ANN")
    assert store.read_here(accounts.sealed_token, "U0ANN") is None


REFUSED = {
    "a new table": "CREATE TABLE mine (id int)",
    "a new column": "ALTER TABLE request ADD COLUMN mine int",
    "no table": "DROP TABLE notice",
    "an index": "CREATE INDEX mine ON request (state)",
    "a changed row": "UPDATE audit SET actor = 'U0CY'",
    "a changed hash": "UPDATE audit SET hash = ''",
    "a deleted row": "DELETE FROM audit",
    "an empty log": "TRUNCATE audit",
    "no triggers": "ALTER TABLE audit DISABLE TRIGGER ALL",
    "no trigger": "DROP TRIGGER audit_no_update ON audit",
    "no triggers for replication": "SET session_replication_role = replica",
    "another trigger function": "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger "
    "LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
    "another owner": f"ALTER TABLE audit OWNER TO {ROLE}",
    "a rule": "CREATE RULE mine AS ON INSERT TO audit DO INSTEAD NOTHING",
    "another schema": "UPDATE alembic_version SET version_num = '9999'",
    "a deleted request": "DELETE FROM request",
    "all sealed tokens": "SELECT sealed FROM account_token",
    "a sealed token": "SELECT sealed FROM account_token WHERE slack_user = 'U0ANN'",
    "all of their columns": "SELECT * FROM account_token",
    "a copy of them": "UPDATE account SET challenge = (SELECT max(sealed) FROM account_token)",
    "another function for it": "CREATE OR REPLACE FUNCTION latchkey_sealed_token(whose text) RETURNS text "
    "LANGUAGE sql AS 'SELECT string_agg(sealed, '','') FROM account_token'",
    "a temporary table": "CREATE TEMPORARY TABLE account_token (slack_user text, sealed text)",
    "a temporary view": "CREATE TEMPORARY VIEW account_token AS SELECT 'x' AS slack_user",
    "a temporary function": "CREATE FUNCTION pg_temp.evil() RETURNS text LANGUAGE sql AS 'SELECT 1'",
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_it_is_refused_whatever_the_bot_does_not_need(what, store):
    """By PostgreSQL itself, and not by a trigger."""
    with pytest.raises(Unusable) as refused:
        store.run_here(lambda db: db.execute(sa.text(REFUSED[what])))
    assert re.search(r"permission denied|must be owner", refused.value.detail)


EVIL = """
CREATE FUNCTION pg_temp.evil() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE public.audit DISABLE TRIGGER audit_no_update;
  UPDATE public.audit SET actor = 'U0EVIL';
  RETURN (SELECT string_agg(sealed, ',') FROM public.account_token);
END $$;
CREATE TEMPORARY VIEW account_token AS SELECT pg_temp.evil() AS sealed, 'x'::text AS slack_user;
GRANT SELECT ON pg_temp.account_token TO PUBLIC;
"""


def test_temporary_tables_do_not_stand_in_for_those_of_the_owner(owners, store):
    """What runs as the owner looks at the owner's table, even where temporary tables are allowed."""
    run(owners, f"GRANT TEMPORARY ON DATABASE {sa.make_url(owners).database} TO {ROLE}")
    store.run_here(lambda db: audit.record(db, at=clock.now(), actor="U0ANN", verb="refused"))
    run(owners, "INSERT INTO account_token (slack_user, sealed) VALUES ('U0ANN', 'sealed')")

    def attack(db):
        db.exec_driver_sql(EVIL)
        said = db.execute(
            sa.text("SELECT latchkey_sealed_token('x'), latchkey_sealed_token('U0ANN')")
        )
        actors = db.execute(sa.text("SELECT actor FROM public.audit")).scalars()
        return tuple(said.one()), list(actors)

    assert store.run_here(attack) == ((None, "sealed"), ["U0ANN"])


def test_what_runs_as_the_owner_has_a_search_path_that_ends_in_pg_temp(owners, store):
    """Each such function of the schema, also one that comes later."""
    paths = store.read_here(
        lambda db: (
            db.execute(
                sa.text(
                    "SELECT array_to_string(proconfig, ';') FROM pg_proc "
                    "WHERE prosecdef AND pronamespace = 'public'::regnamespace"
                )
            )
            .scalars()
            .all()
        )
    )
    assert paths == ["search_path=pg_catalog, public, pg_temp"]


@pytest.mark.parametrize(
    "words",
    [
        ("forget", "U0ANN", "--yes"),
        ("audit", "archive", "audit.zip", "--before", "2999-01-01", "--yes"),
        ("delete-old",),
    ],
    ids=lambda words: words[0],
)
def test_what_deletes_or_changes_what_was_is_for_the_owner(words, restricted, monkeypatch):
    """A sentence says so, before anything is changed or written."""
    monkeypatch.setenv("DATABASE_URL", restricted)
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", "a key")
    monkeypatch.setenv("LATCHKEY_KEEP_REQUESTS_DAYS", "30")
    said = CliRunner().invoke(main, words)

    assert said.exit_code == 1
    assert "as the owner of the tables" in said.stderr


def test_a_role_that_lacks_something_is_named_with_the_fix(owners, restricted, store):
    """A table that came with a migration, and no grant after it."""
    run(owners, f"REVOKE INSERT ON inbox FROM {ROLE}")
    with pytest.raises(ConfigurationError) as refused:
        migrate.prepare(store, with_driver(restricted))
    assert f"{ROLE} lacks INSERT on inbox" in str(refused.value)
    assert f"latchkey migrate --grant-to {ROLE}" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("GRANT UPDATE ON audit", "UPDATE on audit"),
        ("GRANT UPDATE (actor) ON audit", "UPDATE on audit"),
        ("GRANT TRUNCATE ON audit", "TRUNCATE on audit"),
        ("GRANT CREATE ON SCHEMA public", "create tables"),
        ("GRANT CREATE ON DATABASE {database}", "create tables"),
    ],
)
def test_what_it_may_do_beyond_is_found_and_taken_away(given, words, owners, store):
    """The doctor names it; granting again leaves exactly what is needed."""
    run(owners, f"{given.format(database=sa.make_url(owners).database)} TO {ROLE}")
    assert store.run_here(roles.excess_rights) == [words]

    run_as_owner(owners)
    assert store.run_here(roles.excess_rights) == []
    assert store.run_here(roles.missing_rights) == []


TEMPORARY = (
    "create temporary tables (where the database has another owner, that one takes it away: "
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC)"
)


@pytest.mark.parametrize("whom", [ROLE, "PUBLIC"])
def test_temporary_tables_are_found_and_taken_away(whom, owners, store):
    """From everybody, as PostgreSQL gives them to everybody."""
    database = sa.make_url(owners).database
    run(owners, f"GRANT TEMPORARY ON DATABASE {database} TO {whom}")
    assert store.run_here(roles.excess_rights) == [TEMPORARY.format(database=database)]

    run_as_owner(owners)
    assert store.run_here(roles.excess_rights) == []


@pytest.mark.parametrize(
    ("given", "taken", "words"),
    [
        (
            f"ALTER ROLE {ROLE} CREATEROLE",
            f"ALTER ROLE {ROLE} NOCREATEROLE",
            "make and change roles (CREATEROLE)",
        ),
        (
            f"ALTER ROLE {ROLE} REPLICATION",
            f"ALTER ROLE {ROLE} NOREPLICATION",
            "copy the whole server (REPLICATION)",
        ),
        (
            f"GRANT pg_write_server_files TO {ROLE}",
            f"REVOKE pg_write_server_files FROM {ROLE}",
            "be a member of pg_write_server_files",
        ),
        (
            f"GRANT postgres TO {ROLE}",
            f"REVOKE postgres FROM {ROLE}",
            "do everything, as a superuser",
        ),
    ],
)
def test_what_lets_a_role_past_the_rights_on_tables_is_named(given, taken, words, owners, store):
    """Of itself, or of a role that it can become."""
    run(owners, given)
    assert store.run_here(roles.excess_rights) == [words]
    run(owners, taken)
    assert store.run_here(roles.excess_rights) == []


def test_an_owner_of_the_trigger_function_is_named(owners, store):
    """Whoever owns it can replace what refuses to change the audit log."""
    run(owners, f"ALTER FUNCTION audit_is_append_only() OWNER TO {ROLE}")
    assert store.run_here(roles.excess_rights) == ["change and drop the tables, as their owner"]
    run(owners, "ALTER FUNCTION audit_is_append_only() OWNER TO CURRENT_USER")


def run_as_owner(owners: str) -> None:
    with contextlib.closing(open_store(with_driver(owners))) as opened:
        migrate.grant(opened, ROLE)


def test_an_owner_is_named_by_the_doctor(owners, store):
    """Whoever owns the tables can drop their triggers."""
    run(owners, f"ALTER TABLE audit OWNER TO {ROLE}")
    assert store.run_here(roles.excess_rights) == ["change and drop the tables, as their owner"]

    with pytest.raises(ConfigurationError, match="owns the tables or is a superuser"):
        run_as_owner(owners)


def test_a_role_that_is_not_there_is_said_to_be_none(owners, monkeypatch, tmp_path):
    """With the fix, and without a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", owners)
    result = CliRunner().invoke(main, ["migrate", "--grant-to", f"nobody_{uuid.uuid4().hex}"])
    assert result.exit_code == 1
    assert "There is no role nobody_" in result.stderr


def test_sqlite_has_no_roles(monkeypatch, tmp_path):
    """A wrong command line, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["migrate", "--grant-to", ROLE])
    assert result.exit_code == 2
    assert "SQLite has no roles" in result.stderr
    assert not list(tmp_path.iterdir())
