"""The resources behind the roles that a package gives: the package has their ids, its catalog the rest."""

from graph.calls.objects import Objects, Readable
from graph.calls.paths import catalog_path
from graph.models import AccessPackage, AccessPackageResource, ResourceRoleScope

ResourcesByOrigin = dict[str, AccessPackageResource]


def lacks_resources(package: AccessPackage) -> bool:
    """Tell whether a package gives something of a resource that only its catalog describes."""
    return any(map(_lacks_resource, package.resource_role_scopes))


def with_resources(package: AccessPackage, resources: ResourcesByOrigin) -> AccessPackage:
    """Return the package, each role with its resource, where the catalog knows it."""
    given = [_with_resource(each, resources) for each in package.resource_role_scopes]
    return package.model_copy(update={"resource_role_scopes": given})


class PackageResources:
    """Complete packages with the resources of their catalogs, each catalog read once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def of_catalog(self, catalog_id: str) -> ResourcesByOrigin:
        """Read the resources of a catalog, by origin id."""
        return _by_origin(
            await self._objects.all("resource", AccessPackageResource, _path(catalog_id))
        )

    async def complete(self, packages: list[AccessPackage]) -> list[AccessPackage]:
        """Return the packages, each role with its resource, where the catalog knows it."""
        whole = []
        known: dict[str, ResourcesByOrigin] = {}
        for package in packages:
            catalog_id = package.catalog.id if package.catalog else None
            if catalog_id and lacks_resources(package):
                if catalog_id not in known:
                    known[catalog_id] = await self.of_catalog(catalog_id)
                package = with_resources(package, known[catalog_id])
            whole.append(package)
        return whole

    async def complete_readable(
        self, packages: list[AccessPackage]
    ) -> tuple[list[AccessPackage], set[str]]:
        """Do the same without the packages that give what cannot be read, and return the ids of those, too."""
        whole: list[AccessPackage] = []
        unsure: set[str] = set()
        known: dict[str, Readable[AccessPackageResource]] = {}
        for package in packages:
            catalog_id = package.catalog.id if package.catalog else None
            if not catalog_id or not lacks_resources(package):
                whole.append(package)
                continue
            if catalog_id not in known:
                known[catalog_id] = await self._objects.readable(
                    "resource", AccessPackageResource, _path(catalog_id)
                )
            found = known[catalog_id]
            completed = with_resources(package, _by_origin(found.objects))
            if found.unreadable and lacks_resources(completed):
                unsure.add(package.id)
            else:
                whole.append(completed)
        return whole, unsure


def _path(catalog_id: str) -> str:
    return f"{catalog_path(catalog_id)}/resources"


def _by_origin(resources: list[AccessPackageResource]) -> ResourcesByOrigin:
    return {each.origin_id: each for each in resources if each.origin_id}


def _lacks_resource(given: ResourceRoleScope) -> bool:
    return given.role is not None and given.role.resource is None


def _with_resource(given: ResourceRoleScope, resources: ResourcesByOrigin) -> ResourceRoleScope:
    # A role and the thing it belongs to share the scope's origin id: the group, the
    # application or the site itself.
    resource = resources.get((given.scope and given.scope.origin_id) or "")
    if given.role is None or given.role.resource is not None or resource is None:
        return given
    return given.model_copy(update={"role": given.role.model_copy(update={"resource": resource})})
