"""Open the database that the settings name, and insist that it is ours and sound."""

from bot.configuration.settings import Settings
from bot.database import Busy, Store, open_store
from bot.database.connections.sqlite_file import BeingRestored
from bot.database.schema import installation as installations
from bot.database.schema import migrate
from bot.database.schema.installation import Installation
from bot.errors import ConfigurationError
from bot.jobs import clock_check as clockwork
from bot.machine import MACHINE, Machine
from bot.slack.api import BotIdentity


def opened_store(settings: Settings, *, machine: Machine = MACHINE) -> Store:
    """
    The store that the settings name; connects on first use, or to see that it is what they ask for.

    Raises:
        ConfigurationError: It is being restored, or is not what they ask for.
    """
    try:
        store = open_store(
            settings.sqlalchemy_url,
            audit_key=settings.audit_key_bytes,
            threads=machine.threads,
            connections=settings.database_connections,
            limits=machine.session_limits,
        )
    except BeingRestored as error:
        raise ConfigurationError([str(error)]) from None
    try:
        migrate.check_session(store, settings.database_settings)
    except ConfigurationError:
        store.close()
        raise
    return store


def check_clock(store: Store, machine: Machine) -> None:
    """
    Insist that our clock and the database server's agree.

    Raises:
        ConfigurationError: They do not, or the server does not answer.
    """
    try:
        store.read_here(clockwork.check, machine.database_time)
    except (Busy, clockwork.SkewedClock) as error:
        raise ConfigurationError([str(error)]) from None


def find_installation(store: Store, identity: BotIdentity) -> Installation:
    """Return which installation the database is of; one of another Slack app's is somebody else's."""
    try:
        found = store.run_here(installations.of_app, app=identity.app_id, team=identity.team_id)
    except Busy as error:
        raise ConfigurationError([f"The database cannot be used: {error}."]) from None
    if (found.slack_app, found.slack_team) != (identity.app_id, identity.team_id):
        raise ConfigurationError(
            [
                f"The database belongs to the Slack app {found.slack_app} in the workspace {found.slack_team}, and "
                f"SLACK_BOT_TOKEN to {identity.app_id} in {identity.team_id}: set DATABASE_URL or the token right.  If "
                "the app was made anew, run `latchkey migrate --forget-slack-app` once."
            ]
        )
    return found
