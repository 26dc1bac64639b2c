"""Run the bot itself: `latchkey run`, `migrate`, `doctor` and `sandbox`."""

import asyncio
import gc
import json
import logging
import sys
from importlib.metadata import version

import click

from bot.app import running
from bot.assembly.database import opened_store
from bot.assembly.package_settings import read_package_settings_of
from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import settings_for_database
from bot.cli.operator import at_the_command_line
from bot.cli.without_sandbox import needs_sandbox
from bot.configuration.problems import read_settings_for_running
from bot.configuration.settings import Settings
from bot.configuration.urls import in_address
from bot.database.schema import migrate as migrations
from bot.errors import ConfigurationError
from bot.logs import LogFormat, configure_logs
from bot.monitoring import tracing
from bot.serving import web
from bot.words import ENGLISH, LANGUAGES


@click.command()
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged at least; LATCHKEY_LOG_LEVEL, or info.",
)
@click.option(
    "--log-format",
    type=click.Choice([each.value for each in LogFormat]),
    help="How lines are written: json for machines, console for people; LATCHKEY_LOG_FORMAT, or json.",
)
def run(log_level: str | None, log_format: str | None) -> None:
    """
    Run the bot: Socket Mode when SLACK_APP_TOKEN is set, otherwise HTTP.

    Exits with 2 when settings are missing or wrong, and with 1 when something it needs refuses it.

    Example: latchkey run --log-format console
    """
    settings = _settings_for_running()
    configure_logs(
        logging.getLevelNamesMapping()[(log_level or settings.log_level).upper()],
        LogFormat(log_format or settings.log_format),
    )
    try:
        # Read once more when the bot is put together; here, because a mistake in it does not get better by another start.
        read_package_settings_of(settings)
        tracing.use_opentelemetry(version("latchkey"))
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    try:
        asyncio.run(_serve(settings))
    except ConfigurationError as error:
        raise Stop(*error.problems) from None
    finally:
        tracing.close()


@click.command()
@click.option(
    "--grant-to",
    metavar="ROLE",
    help="PostgreSQL: give the role of the running bot what it needs, and nothing else.",
)
@click.option(
    "--forget-slack-app",
    is_flag=True,
    help="Let the database be used with another Slack app than it has been: it was made anew.",
)
def migrate(grant_to: str | None, forget_slack_app: bool) -> None:
    """
    Bring the database to the newest schema.

    Run it as the role that owns the tables.  The bot itself should run as another, which can read and write rows,
    but neither change tables nor the audit log: --grant-to gives that role exactly so much, each time.

    Example: latchkey migrate --grant-to latchkey_run
    """
    settings = settings_for_database()
    if grant_to is not None and settings.sqlite_file is not None:
        raise WrongSettings("--grant-to is for PostgreSQL: SQLite has no roles.")
    try:
        store = opened_store(settings)
    except ConfigurationError as error:
        raise Stop(*error.problems) from None
    try:
        revision = migrations.upgrade(store)
        if grant_to is not None:
            migrations.grant(store, grant_to)
        if forget_slack_app:
            migrations.check_key(store)
            by = at_the_command_line(settings.operator)
            migrations.forget_slack_app(store, actor=by.actor, facts=by.facts)
    except ConfigurationError as error:
        raise Stop(*error.problems) from None
    finally:
        store.close()
    click.echo(f"The database has schema {revision}.")
    if grant_to is not None:
        click.echo(f"{grant_to} may do with it what the running bot needs, and nothing else.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For a program: a list of findings.")
def doctor(as_json: bool) -> None:
    """
    Look at everything the bot needs, one by one, and say what to do about what is wrong.

    Nothing is changed, sent or carried out, and what is wrong keeps nothing else from being looked at.  (Whether the app may post to its
    channels is seen by a scheduled message that is taken back at once.)

    Exits with 0 when all is well, 3 when something deserves a warning, 1 when something is broken, and 2 when the settings are wrong.

    Example: latchkey doctor --json
    """
    settings = _settings_for_running()
    configure_logs(logging.ERROR)
    code = asyncio.run(_examine(settings, as_json=as_json))
    if code:
        sys.exit(code)


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8080,
    show_default=True,
    help="Port of the page, on 127.0.0.1.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option(
    "--large", is_flag=True, help="With 200 packages, 300 more people and 2,000 assignments."
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=ENGLISH,
    show_default=True,
    help="In which everybody reads Slack, and channels are written to.",
)
def sandbox(port: int, no_browser: bool, large: bool, language: str) -> None:
    """
    Try everything with no accounts: a stand-in Slack and tenant around the real bot, on this machine only.

    Example: latchkey sandbox --port 8090
    """
    try:
        from sandbox.run import run_sandbox
    except ModuleNotFoundError as missing:
        raise needs_sandbox("This command", missing) from None
    try:
        asyncio.run(
            run_sandbox(port=port, open_browser=not no_browser, large=large, language=language)
        )
    except ConfigurationError as error:
        raise Stop(*error.problems) from None


def _settings_for_running() -> Settings:
    try:
        return read_settings_for_running()
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None


async def _serve(settings: Settings) -> None:
    with web.listening(settings.host, settings.port) as listener:
        async with running(settings) as latchkey:
            where = "Socket Mode" if settings.uses_socket_mode else "HTTP"
            port = listener.getsockname()[1]
            click.echo(
                f"Latchkey takes Slack's requests over {where}; "
                f"http://{in_address(settings.host)}:{port}/readyz says how it is."
            )
            # What is loaded now stays: a collection that walks through it takes 20 ms and more, and nobody is answered.
            gc.collect()
            gc.freeze()
            await web.serve(latchkey.asgi, listener)


async def _examine(settings: Settings, *, as_json: bool) -> int:
    from bot.doctor.connecting import subject_by
    from bot.doctor.table import examine, exit_code

    async with subject_by(settings) as subject:
        found = await examine(subject)
    if as_json:
        shown = [
            {"check": each.check, "severity": each.severity.name.lower(), "sentence": each.sentence}
            for each in found
        ]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        for each in found:
            click.echo(f"{each.severity.mark} {each.sentence}")
    return exit_code(found)
