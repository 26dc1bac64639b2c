"""Check what the links take by which people open what packages give: everything else works without them."""

from collections.abc import Sequence

from bot.doctor.entra import covers
from bot.doctor.model import CheckFinding, CheckSubject, fine, note
from bot.packages.opening import Openings, given_resources
from bot.packages.settings.model import RESOURCES
from graph.clouds import links_of
from graph.models import AccessPackage


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Compare what the packages give with the permissions, and the tenant's id, that links to it take."""
    listed = await subject.graph.packages.list_readable()
    packages = [
        each for each in subject.bounds.within(listed.objects) if _opens_resources(subject, each)
    ]
    cloud = links_of(subject.settings.graph_url)
    openings = Openings(cloud, tenant_id=subject.settings.azure_tenant_id)
    apps, groups = openings.applications(packages), openings.groups(packages)
    found = []
    unlinked = set() if apps or cloud.my_apps_url is None else _applications(packages)
    if unlinked:
        found.append(
            note(
                f"No link is made to an enterprise application, and packages give {len(unlinked)}: set AZURE_TENANT_ID to the "
                "tenant's id, which is a GUID, and not to a domain."
            )
        )
    roles = await subject.graph.granted.roles()
    if roles is None:
        return [
            *found,
            note("Whether links can be made is not known: the token for Graph cannot be read."),
        ]
    if apps and not covers(roles, "Application.Read.All"):
        found.append(
            note(
                f"Links to {len(apps)} enterprise applications need the permission Application.Read.All; everything else works "
                "without it (docs/how-to/entra-app.md)."
            )
        )
    if groups and not covers(roles, "Team.ReadBasic.All"):
        found.append(
            note(
                f"Links to the teams of {len(groups)} groups, where they have one, need the permission Team.ReadBasic.All; everything "
                "else works without it (docs/how-to/entra-app.md)."
            )
        )
    return found or [fine("Whatever links to what packages give take can be read.")]


def _opens_resources(subject: CheckSubject, package: AccessPackage) -> bool:
    """Tell whether a package is to open as what its resources open as, and not as the package settings say."""
    said = subject.package_settings.settings_for(
        package.display_name or "",
        package_id=package.id,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
    )
    return said.opens == RESOURCES


def _applications(packages: Sequence[AccessPackage]) -> set[str]:
    return {
        given.origin_id
        for package in packages
        for given in given_resources(package)
        if given.system == "aadapplication"
    }
