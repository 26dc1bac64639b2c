"""Find the packages that Entra decides about, among those of the last sync."""

from collections.abc import Iterable

from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile


def entras_own(offered: Iterable[Package], settings: PackageSettingsFile) -> list[Package]:
    """Return those of the packages that Entra decides about, by the package settings."""
    return [
        each
        for each in offered
        if settings.settings_for(each.name, package_id=each.id, catalog=each.catalog).entra_decides
    ]
