"""Say what whoever has a package is offered to open: what its resources open as, or what the package settings say."""

from collections.abc import Collection, Mapping

from bot.packages.model import Package
from bot.packages.opening import Opening, OpeningKind
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import RESOURCES

# What each package opens, by its id.
OpeningsByPackage = Mapping[str, Collection[Opening]]


def openings_of(package: Package, settings: PackageSettingsFile) -> tuple[Opening, ...]:
    """Return what people who have *package* are offered to open; its own address of the settings goes before all else."""
    said = settings.settings_for(package.name, package_id=package.id, catalog=package.catalog).opens
    if said is None:
        return ()
    if said == RESOURCES:
        return package.opens
    return (Opening(kind=OpeningKind.OWN, origin_id="", name=package.name, url=said),)
