"""Brings the database to the schema this version needs."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, TypeVar

import structlog

from bot.database import Busy, Store, Transaction, Unusable, flags
from bot.database.connections import postgresql, sqlite_file
from bot.database.connections.faults import is_locked, is_of_a_file
from bot.database.schema import installation, roles
from bot.errors import ConfigurationError

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


class WrongSchema(ConfigurationError):
    """The database's schema is not one that this version works with: something else must be run first."""


def upgrade(store: Store) -> str:
    """
    Bring the database to the newest schema; return its revision.

    Raises:
        ConfigurationError: The database cannot be opened, or has a schema that this version does not know.
    """
    # Alembic takes time and memory, and most starts have nothing for it to do.
    from bot.database.schema.upgrade import UnknownSchema, upgrade

    try:
        _open(store.run_patiently, upgrade)
    except UnknownSchema as error:
        raise ConfigurationError(
            [
                f"The database's schema is not one that this version knows: {_on_one_line(error)}. "
                "Run the Latchkey that wrote it."
            ]
        ) from None
    return max(revisions())


def revisions() -> set[str]:
    """Return the schemas that this version knows: a file of migrations begins with that which it leads to."""
    names = [each.name for each in files("migrations").joinpath("versions").iterdir()]
    return {name.partition("_")[0] for name in names if name.endswith(".py") and name[0].isdigit()}


def grant(store: Store, role: str) -> None:
    """
    Give *role* what the running bot needs, and nothing else.

    Raises:
        ConfigurationError: It cannot be given, with the fix.
    """
    try:
        _open(store.run_here, lambda db: roles.grant(db, role))
    except roles.CannotGrant as error:
        raise ConfigurationError([str(error)]) from None


def forget_slack_app(store: Store, *, actor: str, facts: Mapping[str, Any]) -> None:
    """
    Let the database be used with another Slack app.

    Raises:
        ConfigurationError: It cannot be written.
    """
    _open(store.run_here, lambda db: installation.forget_app(db, actor=actor, facts=facts))


def prepare(store: Store, url: str, *, upgrades: bool = True) -> None:
    """
    See to it that this version can work with the schema: SQLite is upgraded, PostgreSQL must be already.

    Args:
        upgrades: False leaves SQLite as it is, too: for a command beside a bot of the version before, or on a copy that
            somebody keeps as it was.

    Several replicas start at once on PostgreSQL, and their role need not be allowed to change tables.  A newer
    schema that still serves this version is fine: the replicas that have not been replaced yet run on it.

    Raises:
        ConfigurationError: The database cannot be opened, is too old or too new, or its role may do too little,
            with the fix.
    """
    known = revisions()
    newest = max(known)
    current = _open(store.read_here, flags.revision)
    if current is not None and current > newest and current not in known:
        _accept_newer(store, current, newest)
    elif url.startswith("sqlite") and upgrades:
        # What is up to date already is left alone: whoever only looks must not wait for the write lock.
        if current != newest:
            upgrade(store)
        return
    elif current is None:
        raise ConfigurationError(
            ["The database is empty: run `latchkey migrate` once before the bot starts."]
        )
    elif current != newest:
        raise WrongSchema(
            [
                f"The database has schema {current}, and this version of Latchkey needs {newest}: "
                "run `latchkey migrate`."
            ]
        )
    if not url.startswith("sqlite"):
        _check_role(store)


def check_whole(store: Store) -> None:
    """
    See to it that SQLite's file is whole before anybody works with it.

    Raises:
        ConfigurationError: It is damaged, with the fix.
    """
    wrong = _open(store.read_here, damage)
    if wrong:
        raise ConfigurationError(
            [
                f"The database file is damaged ({wrong}): put a backup back with `latchkey restore FILE`."
            ]
        )


def damage(db: Transaction) -> str | None:
    """Return the first thing that is wrong with SQLite's file; None if it is whole, or the database is a server."""
    if db.dialect.name != "sqlite":
        return None
    driver: Any = db.connection.driver_connection
    wrong = sqlite_file.damage(driver)
    return _on_one_line(wrong) if wrong else None


def check_key(store: Store) -> None:
    """
    See to it that LATCHKEY_AUDIT_KEY is that of the audit log, before anything is written with another.

    Raises:
        ConfigurationError: It is not; or the last row was altered, which looks the same.
    """
    if not _open(store.read_here, store.audit_key_fits):
        raise ConfigurationError(
            [
                "LATCHKEY_AUDIT_KEY is not the key that the audit log was written with: set it as it was (docs/how-to/operations.md). "
                "If it is the same, its last row was altered: `latchkey audit verify`."
            ]
        )


def check_session(store: Store, asked: Mapping[str, str]) -> None:
    """
    See to it that the database's sessions have what DATABASE_URL asks of them.

    Args:
        asked: Settings of PostgreSQL by name.

    Raises:
        ConfigurationError: They have not, because a pooler in between drops it.
    """
    if not asked:
        return
    differ = _open(store.read_here, lambda db: postgresql.settings_that_differ(db, asked))
    if differ:
        raise ConfigurationError(
            [
                f"DATABASE_URL asks for {', '.join(differ)} in its options, and the database's sessions do not have it: a "
                "pooler in between drops it. Set it for the role instead: ALTER ROLE … SET …."
            ]
        )


def _accept_newer(store: Store, current: str, newest: str) -> None:
    serves_from = _open(store.read_here, flags.serves_from)
    if serves_from is None or serves_from > newest:
        raise WrongSchema(
            [
                f"The database has schema {current}, which is too new for this version of Latchkey "
                f"(schema {newest}): run the newer Latchkey."
            ]
        )
    log.info("newer-schema", schema=current, ours=newest)


def _check_role(store: Store) -> None:
    lacking = _open(store.read_here, roles.missing_rights)
    if lacking:
        role = _open(store.read_here, roles.role_of)
        raise ConfigurationError(
            [
                f"The database role {role} lacks {', '.join(lacking)}: run "
                f"`latchkey migrate --grant-to {role}` as the role that owns the tables."
            ]
        )


def _open(
    how: Callable[[Callable[[Transaction], Result]], Result],
    work: Callable[[Transaction], Result],
) -> Result:
    try:
        return how(work)
    except Unusable as error:
        said = f": {_on_one_line(error.detail)}" if error.detail else ""
        raise ConfigurationError(
            [f"The database cannot be used: {_on_one_line(error)}{said}. Check DATABASE_URL, too."]
        ) from None
    except Busy as error:
        if is_locked(error):
            raise ConfigurationError(
                [
                    "Another process is writing to the database file: a Latchkey that starts, a migration or a "
                    "backup. Wait until it has ended, and try again."
                ]
            ) from None
        said = _on_one_line(error).rstrip("?")
        also = (
            "your rights to the file and its folder"
            if is_of_a_file(error)
            else "that the server runs"
        )
        raise ConfigurationError(
            [f"The database cannot be opened: {said}. Check DATABASE_URL, and {also}."]
        ) from None


def _on_one_line(error: BaseException | str) -> str:
    return " ".join(str(error).split()).rstrip(".")
