"""Catalogs: what is in them and which roles that offers."""

from sandbox.tenant.body_types import BOOLEAN, Properties, check_body
from sandbox.tenant.call import EM, NO_CONTENT, Answer, Ask
from sandbox.tenant.errors import bad_request, not_found
from sandbox.tenant.model import Catalog
from sandbox.tenant.policy_settings import one_of
from sandbox.tenant.routes import Route

_SWITCHES: Properties = {"isExternallyVisible": BOOLEAN}


def _context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageCatalogs' if ask.is_beta else 'catalogs'}"


def _catalog(ask: Ask) -> Catalog:
    found = ask.world.catalogs.get(ask.ids["catalog"])
    if found is None:
        raise not_found("The catalog was not found.", code="CatalogNotFound")
    return found


def list_catalogs(ask: Ask) -> Answer:
    return ask.many(
        ask.world.catalogs.values(),
        _context(ask),
        shape=ask.shapes.catalog,
        filterable=("id", "displayName"),
    )


def get_catalog(ask: Ask) -> Answer:
    return ask.one(ask.shapes.catalog(_catalog(ask)), _context(ask))


def create_catalog(ask: Ask) -> Answer:
    check_body(ask.body, _SWITCHES)
    state = ask.text("catalogStatus" if ask.is_beta else "state") or "published"
    catalog = Catalog(
        id=ask.world.new_id(),
        display_name=ask.need("displayName"),
        created_at=ask.world.now(),
        description=ask.text("description"),
        state=one_of(("unpublished", "published"), state, what="accessPackageCatalogState"),
        is_externally_visible=bool(ask.body.get("isExternallyVisible", False)),
    )
    ask.refuse_unknown(ask.shapes.catalog(catalog))
    ask.world.catalogs[catalog.id] = catalog
    ask.world.touch()
    return ask.one(ask.shapes.catalog(catalog), _context(ask), status=201)


def update_catalog(ask: Ask) -> Answer:
    catalog = _catalog(ask)
    ask.refuse_unknown(ask.shapes.catalog(catalog))
    check_body(ask.body, _SWITCHES)
    catalog.display_name = ask.text("displayName") or catalog.display_name
    if "description" in ask.body:
        catalog.description = ask.text("description")
    if isinstance(ask.body.get("isExternallyVisible"), bool):
        catalog.is_externally_visible = ask.body["isExternallyVisible"]
    state = ask.text("catalogStatus" if ask.is_beta else "state")
    if state:
        catalog.state = one_of(("unpublished", "published"), state, what="Edm.String")
    catalog.modified_at = ask.world.now()
    ask.world.touch()
    return NO_CONTENT


def delete_catalog(ask: Ask) -> Answer:
    catalog = _catalog(ask)
    if any(package.catalog_id == catalog.id for package in ask.world.packages.values()):
        raise bad_request("The catalog cannot be deleted while it has access packages.")
    del ask.world.catalogs[catalog.id]
    for resource in [r for r in ask.world.resources.values() if r.catalog_id == catalog.id]:
        del ask.world.resources[resource.id]
    ask.world.touch()
    return NO_CONTENT


def list_resources(ask: Ask) -> Answer:
    catalog = _catalog(ask)
    segment = "accessPackageResources" if ask.is_beta else "resources"
    found = [each for each in ask.world.resources.values() if each.catalog_id == catalog.id]
    context = f"{_context(ask)}('{catalog.id}')/{segment}"
    return ask.many(found, context, shape=ask.shapes.resource)


def list_roles(ask: Ask) -> Answer:
    """Roles of one resource: the filter must name the origin system and the resource."""
    catalog = _catalog(ask)
    resource_path = "accesspackageresource/id" if ask.is_beta else "resource/id"
    condition = ask.query.filter
    if condition is None or not {"originsystem", resource_path} <= set(condition.paths):
        raise bad_request(
            "The filter must name the originSystem and the id of the resource whose roles to list."
        )
    roles = [
        role
        for resource in ask.world.resources.values()
        if resource.catalog_id == catalog.id
        for role in ask.world.roles_of(resource)
    ]
    segment = "accessPackageResourceRoles" if ask.is_beta else "resourceRoles"
    context = f"{_context(ask)}('{catalog.id}')/{segment}"
    return ask.many(roles, context, shape=ask.shapes.role)


def list_environments(ask: Ask) -> Answer:
    """SharePoint geographies. The filter is mandatory."""
    condition = ask.query.filter
    if condition is None or "originsystem" not in condition.paths:
        raise bad_request("The query must be filtered by originSystem.")
    found = ask.world.environments.values()
    return ask.many(found, _environments_context(ask), shape=ask.shapes.environment)


def _environments_context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageResourceEnvironments' if ask.is_beta else 'resourceEnvironments'}"


def get_environment(ask: Ask) -> Answer:
    found = ask.world.environments.get(ask.ids["environment"])
    if found is None:
        raise not_found("The resource environment was not found.")
    return ask.one(ask.shapes.environment(found), _environments_context(ask))


def routes() -> list[Route]:
    """The paths of catalogs and what is in them."""
    v1, beta = f"{EM}/catalogs", f"{EM}/accessPackageCatalogs"
    one, beta_one = f"{v1}/{{catalog}}", f"{beta}/{{catalog}}"
    places, beta_places = f"{EM}/resourceEnvironments", f"{EM}/accessPackageResourceEnvironments"
    return [
        Route("GET", v1, beta, list_catalogs, "read"),
        Route("POST", v1, beta, create_catalog, "write"),
        Route("GET", one, beta_one, get_catalog, "read"),
        Route("PATCH", one, beta_one, update_catalog, "write"),
        Route("DELETE", one, beta_one, delete_catalog, "write"),
        Route(
            "GET",
            f"{one}/resources",
            f"{beta_one}/accessPackageResources",
            list_resources,
            "read",
        ),
        Route(
            "GET",
            f"{one}/resourceRoles",
            f"{beta_one}/accessPackageResourceRoles",
            list_roles,
            "read",
        ),
        Route("GET", places, beta_places, list_environments, "read"),
        Route(
            "GET",
            f"{places}/{{environment}}",
            f"{beta_places}/{{environment}}",
            get_environment,
            "read",
        ),
    ]
