"""Resource requests: how groups, applications and sites come into a catalog and leave it."""

from dataclasses import dataclass

from sandbox.tenant.call import EM, Answer, Ask
from sandbox.tenant.errors import bad_request, not_found
from sandbox.tenant.model import Catalog, Group, Json, Resource, ResourceRequest
from sandbox.tenant.policy_beta import question_from_beta
from sandbox.tenant.policy_settings import one_of
from sandbox.tenant.routes import Route

_ORIGIN_SYSTEMS = ("AadGroup", "AadApplication", "SharePointOnline")
_REQUEST_TYPES = ("adminAdd", "adminUpdate", "adminRemove")
# What an application needs beside EntitlementManagement.ReadWrite.All to hand out a resource.
_OWNERSHIP = {
    "AadGroup": "Group.ReadWrite.All",
    "AadApplication": "Application.ReadWrite.All",
    "SharePointOnline": "Sites.FullControl.All",
}
# Words of beta that Microsoft's tutorial has in v1.0, too.
_OF_BETA = ("catalogId", "justification", "accessPackageResource")
# Of an attribute: what each version calls it, and what v1.0 does.
_OF_ATTRIBUTES_IN_V1 = {
    name: name
    for name in ("name", "source", "destination", "isEditable", "isPersistedOnAssignmentRemoval")
}
_OF_ATTRIBUTES_IN_BETA = {
    "id": "id",
    "attributeName": "name",
    "attributeSource": "source",
    "attributeDestination": "destination",
    "isEditable": "isEditable",
    "isPersistedOnAssignmentRemoval": "isPersistedOnAssignmentRemoval",
}


@dataclass
class _NewResourceRequest:
    kind: str
    catalog: Catalog
    details: Json
    justification: str | None


def _requests_context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageResourceRequests' if ask.is_beta else 'resourceRequests'}"


def _read(ask: Ask) -> _NewResourceRequest:
    """In v1.0 both bodies are read: Microsoft's tutorial has there beta's.  In beta there is only beta's."""
    blank = ask.shapes.resource_request(
        ResourceRequest(
            id="", request_type="", catalog_id="", resource_id="", created_at=ask.world.now()
        )
    )
    ask.refuse_unknown(blank, also=() if ask.is_beta else _OF_BETA)
    catalog_id = ask.part("catalog").get("id") or ask.text("catalogId")
    catalog = ask.world.catalogs.get(str(catalog_id))
    if catalog is None:
        raise not_found("The catalog was not found.", code="CatalogNotFound")
    details = ask.part("resource") or ask.part("accessPackageResource")
    blank = ask.shapes.resource(
        Resource(
            id="",
            catalog_id="",
            display_name="",
            origin_id="",
            origin_system="AadGroup",
            created_at=ask.world.now(),
        )
    )
    ask.refuse_unknown(blank, also=() if ask.is_beta else ("resourceType", "url"), part=details)
    kind = one_of(_REQUEST_TYPES, ask.need("requestType"), what="accessPackageRequestType")
    return _NewResourceRequest(kind, catalog, details, ask.text("justification"))


def create_resource_request(ask: Ask) -> Answer:
    new = _read(ask)
    resource = _find_resource(ask, new)
    if new.kind == "adminAdd":
        if resource is not None:
            raise bad_request(
                "The specified resource is already onboarded to ELM.",
                code="ResourceAlreadyOnboarded",
            )
        resource = _onboard(ask, new)
    elif resource is None:
        raise not_found("The resource was not found in the catalog.")
    elif new.kind == "adminRemove":
        _remove(ask, resource)
    elif "attributes" in new.details:
        # What becomes of those of a resource that is sent without is not documented: they stay.
        resource.attributes = _attributes(ask, new.details)
    request = ResourceRequest(
        id=ask.world.new_id(),
        request_type=new.kind,
        catalog_id=new.catalog.id,
        resource_id=resource.id,
        created_at=ask.world.now(),
        justification=new.justification,
    )
    ask.world.resource_requests[request.id] = request
    ask.world.touch()
    return ask.one(ask.shapes.resource_request(request), _requests_context(ask), status=201)


def _find_resource(ask: Ask, new: _NewResourceRequest) -> Resource | None:
    for resource in ask.world.resources.values():
        if resource.catalog_id == new.catalog.id and (
            resource.id == new.details.get("id")
            or (resource.origin_id, resource.origin_system)
            == (new.details.get("originId"), new.details.get("originSystem"))
        ):
            return resource
    return None


def _onboard(ask: Ask, new: _NewResourceRequest) -> Resource:
    if new.details.get("originSystem") == "DirectoryRole":
        # "Assign Microsoft Entra roles": it takes a Privileged Role Administrator, apps included.
        raise bad_request("The caller is not the resource owner.", code="CallerNotResourceOwner")
    system = one_of(_ORIGIN_SYSTEMS, new.details.get("originSystem"), what="originSystem")
    if ask.caller.user_id is None and _OWNERSHIP[system] not in ask.caller.grants:
        raise bad_request("The caller is not the resource owner.", code="CallerNotResourceOwner")
    origin_id = str(new.details.get("originId"))
    name, description = _origin(ask, system, origin_id)
    resource = Resource(
        id=ask.world.new_id(),
        catalog_id=new.catalog.id,
        display_name=new.details.get("displayName") or name,
        origin_id=origin_id,
        origin_system=system,
        created_at=ask.world.now(),
        description=new.details.get("description") or description,
        attributes=_attributes(ask, new.details),
        environment_id=_environment(ask, new.details),
        scope_id=ask.world.new_id(),
    )
    ask.world.resources[resource.id] = resource
    return resource


def _origin(ask: Ask, system: str, origin_id: str) -> tuple[str, str | None]:
    """Name and description of what stands behind a resource. Raises Refusal while unknown."""
    world = ask.world
    if system == "AadGroup":
        group = world.groups.get(origin_id)
        # Entitlement management sees the directory with a delay.
        if group and world.now() >= group.created_at + world.directory_lag:
            _check_group(group)
            return group.display_name, group.description
    elif system == "AadApplication" and origin_id in world.applications:
        return world.applications[origin_id].display_name, None
    elif system == "SharePointOnline" and origin_id in world.sites:
        return world.sites[origin_id].display_name, None
    raise bad_request(
        "The resource was not found in its origin system.", code="ResourceNotFoundInOriginSystem"
    )


def _check_group(group: Group) -> None:
    """
    Refuse a group whose members entitlement management cannot change: a distribution list, or one that a rule fills.

    Source: Microsoft Learn, "Troubleshoot entitlement management", Resources; how Graph says it is not documented.
    """
    is_filled_by_rule = "DynamicMembership" in group.group_types
    takes_members = group.security_enabled or "Unified" in group.group_types
    if is_filled_by_rule or not takes_members:
        raise bad_request("The group cannot be added to a catalog: its members cannot be changed.")


def _environment(ask: Ask, details: Json) -> str | None:
    """The geography of a site, given by @odata.bind or by its originId."""
    name = "accessPackageResourceEnvironment" if ask.is_beta else "environment"
    bound = details.get(f"{name}@odata.bind")
    described = details.get(name) or {}
    if not bound and not described:
        return None
    wanted = str(bound).rstrip("/").rsplit("/", 1)[-1].strip("')") if bound else None
    for environment in ask.world.environments.values():
        if environment.id == wanted or environment.origin_id == described.get("originId"):
            return environment.id
    raise not_found("The resource environment was not found.")


def _attributes(ask: Ask, details: Json) -> list[Json]:
    names = _OF_ATTRIBUTES_IN_BETA if ask.is_beta else _OF_ATTRIBUTES_IN_V1
    given = details.get("attributes") or []
    for name in (each for attribute in given for each in attribute):
        if "@" not in name and name not in names:
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.accessPackageResourceAttribute'."
            )
    attributes = [
        {names.get(key, key): value for key, value in attribute.items()} for attribute in given
    ]
    for attribute in attributes:
        source = attribute.get("source") or {}
        if isinstance(source.get("question"), dict):
            question = source["question"]
            if ask.is_beta:
                question = question_from_beta(question)
            question |= {"id": question.get("id") or ask.world.new_id()}
            attribute["source"] = source | {"question": question}
    return attributes


def _remove(ask: Ask, resource: Resource) -> None:
    for package in ask.world.packages.values():
        if any(each.resource_id == resource.id for each in package.role_scopes):
            raise bad_request(
                "The resource cannot be removed while access packages use it.",
                code="InvalidDeleteResourceHasEntitlements",
            )
    del ask.world.resources[resource.id]


def list_resource_requests(ask: Ask) -> Answer:
    found = ask.world.resource_requests.values()
    return ask.many(found, _requests_context(ask), shape=ask.shapes.resource_request)


def get_resource_request(ask: Ask) -> Answer:
    found = ask.world.resource_requests.get(ask.ids["request"])
    if found is None:
        raise not_found("The resource request was not found.")
    return ask.one(ask.shapes.resource_request(found), _requests_context(ask))


def routes() -> list[Route]:
    """The paths of resource requests."""
    v1, beta = f"{EM}/resourceRequests", f"{EM}/accessPackageResourceRequests"
    return [
        Route("GET", v1, beta, list_resource_requests, "read"),
        Route("POST", v1, beta, create_resource_request, "write"),
        Route("GET", f"{v1}/{{request}}", f"{beta}/{{request}}", get_resource_request, "read"),
    ]
