"""``latchkey check-settings FILE``: check a package settings file before it is used."""

from pathlib import Path

import click

from bot.cli.connection import Stop
from bot.packages.settings.read import read_package_settings
from bot.source import FileError


@click.command("check-settings")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check_settings(file: Path) -> None:
    """
    Check FILE of package settings; needs no tenant and no Slack.

    Exits with 1 and names each mistake with its line, column and the nearest word; a key on which nothing acts yet is one.  `latchkey
    doctor` says whether Entra and Slack know the names in it.

    Example: latchkey check-settings docs/latchkey.yml
    """
    try:
        read = read_package_settings(file)
    except FileError as error:
        raise Stop(*error.problems) from None
    packages, catalogs = len(read.content.packages), len(read.content.catalogs)
    click.echo(
        f"{file.name} is fine: it has {packages} package{'' if packages == 1 else 's'} and "
        f"{catalogs} catalog{'' if catalogs == 1 else 's'}."
    )
