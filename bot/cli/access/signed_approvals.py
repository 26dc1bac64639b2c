"""Refuse at the command line to skip an approval that takes a fresh sign-in, or that is Entra's to give."""

from bot.assembly.package_settings import KnownBindings, read_package_settings_of
from bot.cli.access.granting import Grant
from bot.cli.connection import Stop, WrongSettings, graph_settings
from bot.cli.database import MigrateFirst, bots_database
from bot.configuration.settings import Settings
from bot.database import Busy
from bot.errors import ConfigurationError
from bot.packages.names import clean
from bot.packages.settings.file import PackageSettingsFile


def insist_on_sign_in(grant: Grant) -> None:
    """
    Let nobody skip an approval by their name alone, where the package settings want it proven, or decided in Entra.

    Raises:
        Stop: The package takes approvals by a fresh sign-in only, Entra decides, or a database that is there cannot tell which it is.
        WrongSettings: The package settings cannot be read.
    """
    if not grant.stages:
        return
    settings = graph_settings()
    try:
        file = read_package_settings_of(settings)
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    _read_bindings(settings, file)
    package = grant.package
    said = file.settings_for(
        package.display_name or "",
        package_id=package.id,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
        policy=grant.policy.display_name,
    )
    if said.entra_decides:
        raise Stop(
            f"Microsoft Entra decides about {clean(package.display_name or package.id)} (“decides: entra” in the package "
            "settings), which --skip-approval does not pass by: let them ask in Slack or in My Access."
        )
    if said.fresh_sign_in:
        raise Stop(
            f"{clean(package.display_name or package.id)} takes approvals by a fresh sign-in only (“approval: fresh "
            "sign-in” in the package settings), which --skip-approval does not pass by: let them ask in Slack."
        )


def _read_bindings(settings: Settings, file: PackageSettingsFile) -> None:
    """Read which packages the entries of the file were about before, whatever they are called now."""
    try:
        with bots_database(settings, to_write=False) as store:
            KnownBindings(store, file).read_now()
    except Busy as error:
        raise Stop(f"The database does not answer: {error}") from None
    except MigrateFirst:
        raise
    except Stop:
        # Without the bot's database, as with --without-audit, names are all there is to go by.
        return
