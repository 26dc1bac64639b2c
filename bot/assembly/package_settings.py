"""Read the file of package settings, and refuse what the environment does not allow."""

from dataclasses import replace
from typing import Final

from bot.configuration.settings import Settings
from bot.errors import ConfigurationError
from bot.packages.settings.file import NO_FILE, PackageSettingsFile
from bot.source import FileError

NOBODY_TO_ASK: Final = "“on_call” needs LATCHKEY_ON_CALL_URL, the address that says who is on call; “everyone_in_policy” does not."
NO_TOKENS: Final = (
    "“decides: entra” needs LATCHKEY_TOKEN_KEY, and LATCHKEY_PUBLIC_URL or Socket Mode: people connect their Microsoft "
    "accounts, and Latchkey asks and approves in their name."
)
NO_SIGN_IN: Final = (
    "“approval: fresh sign-in” needs LATCHKEY_PUBLIC_URL, and an app registration with a credential of its own: people "
    "sign in there in their browsers."
)


def read_package_settings_of(settings: Settings) -> PackageSettingsFile:
    """
    Read the file of package settings, if there is one, beside what the environment says of all packages.

    Raises:
        ConfigurationError: It cannot be used; a sentence for each mistake, with its place.
    """
    return replace(_file_of(settings), always_approved=settings.approval == "always")


def _file_of(settings: Settings) -> PackageSettingsFile:
    if settings.package_settings is None:
        return NO_FILE
    # YAML is for those who have such a file.
    from bot.packages.settings.read import read_package_settings

    try:
        file = read_package_settings(settings.package_settings)
        if settings.token_key is None and (places := file.entra_decides()):
            raise FileError([file.source.problem(each, NO_TOKENS) for each in places])
        wanted = file.fresh_sign_ins()
        if wanted and (settings.public_url is None or settings.uses_managed_identity):
            raise FileError([file.source.problem(each, NO_SIGN_IN) for each in wanted])
    except FileError as error:
        raise ConfigurationError(
            [f"LATCHKEY_PACKAGE_SETTINGS: {problem}" for problem in error.problems]
        ) from None
    if settings.on_call_url is None and (places := file.on_call_places()):
        raise ConfigurationError(
            [
                f"LATCHKEY_PACKAGE_SETTINGS: {file.source.problem(at, NOBODY_TO_ASK)}"
                for at in places
            ]
        )
    return file
