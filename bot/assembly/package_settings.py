"""Read the file of package settings, and refuse what the environment does not allow."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot import clock
from bot.configuration.settings import Settings
from bot.database import Store
from bot.errors import ConfigurationError
from bot.packages.settings.bindings import LatestBindings
from bot.packages.settings.file import NO_FILE, PackageSettingsFile
from bot.packages.store import catalog, settings_bindings
from bot.source import FileError

# How soon a replica knows what another has found in Entra.
LOOK_AT_BINDINGS: Final = timedelta(seconds=30)
READ_AT_LEAST: Final = timedelta(minutes=5)
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
    return replace(
        _file_of(settings), always_approved=settings.approval == "always", bindings=LatestBindings()
    )


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


class KnownBindings:
    """Keeps what this process knows of which entry was written for which package as the database has it."""

    def __init__(self, store: Store, file: PackageSettingsFile) -> None:
        self._store = store
        self._file = file
        self._version: str | None = None
        self._read_at = clock.real()

    def read_now(self) -> None:
        """
        Read them before anything is decided.

        Raises:
            Busy: The database does not answer.
        """
        self._file.bindings.know(self._store.read_here(settings_bindings.list_all))

    async def look(self) -> None:
        """Read what the replica whose turn the sync was has found: when the packages have changed, and now and then."""
        version, now = await self._store.read(catalog.version_of), clock.real()
        if version == self._version and now - self._read_at < READ_AT_LEAST:
            return
        self._file.bindings.know(await self._store.read(settings_bindings.list_all))
        self._version, self._read_at = version, now
