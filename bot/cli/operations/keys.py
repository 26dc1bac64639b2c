"""Make and rotate the key that seals people's tokens: `latchkey keys`."""

import base64
import os

import click

from bot.accounts import rotation
from bot.accounts.sealing import TokenKeys
from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import bots_database, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.configuration.accounts import KEY_BYTES, problems_with_keys, read_key
from bot.configuration.settings import Settings
from bot.database import Busy


@click.group()
def keys() -> None:
    """Make and rotate the key that seals people's Microsoft tokens."""


@keys.command("new", short_help="Print a new key, for LATCHKEY_TOKEN_KEY or its file.")
def new() -> None:
    """
    Print a new key, for LATCHKEY_TOKEN_KEY or the file that LATCHKEY_TOKEN_KEY_FILE names.

    Example: latchkey keys new > token.key
    """
    click.echo(base64.b64encode(os.urandom(KEY_BYTES)).decode())


@keys.command("rotate", short_help="Seal all tokens with the new key.")
def rotate() -> None:
    """
    Seal all tokens with LATCHKEY_TOKEN_KEY that are still sealed with LATCHKEY_TOKEN_KEY_PREVIOUS.

    First set both and restart every replica; the bot may run meanwhile.  Afterwards the previous key can go.
    Tokens that open with neither are deleted: those people connect their account again.

    Example: latchkey keys rotate
    """
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    opened = _keys(settings)
    with bots_database(settings) as store:
        try:
            done = rotation.rotate(store, opened, by=by.actor)
        except Busy as error:
            raise Stop(
                f"The database does not answer: {error}.  Not every token is done: do it again."
            ) from None
    click.echo(
        f"Sealed with the new key: {done.sealed}.  Were already: {done.already}.  "
        f"Opened with no key, and deleted: {done.deleted}."
    )
    click.echo("LATCHKEY_TOKEN_KEY_PREVIOUS can go now.", err=True)


def _keys(settings: Settings) -> TokenKeys:
    problems = problems_with_keys(settings)
    if problems:
        raise WrongSettings(*problems)
    if settings.token_key is None or settings.token_key_previous is None:
        raise WrongSettings(
            "Set LATCHKEY_TOKEN_KEY to the new key and LATCHKEY_TOKEN_KEY_PREVIOUS to the old one; "
            "`latchkey keys new` makes one."
        )
    return TokenKeys(
        read_key(settings.token_key.get_secret_value()),
        read_key(settings.token_key_previous.get_secret_value()),
    )
