"""Write entitlement management's objects as v1.0 does."""

from sandbox.tenant.entity import Entity, stamp
from sandbox.tenant.model import (
    Assignment,
    Catalog,
    Environment,
    Expiration,
    Json,
    Organization,
    Package,
    Policy,
    Request,
    Resource,
    ResourceRequest,
    ResourceRole,
    ResourceRoleScope,
    Stage,
    User,
)
from sandbox.tenant.policy_settings import show_expiration
from sandbox.tenant.shapes import group_entity, object_entity
from sandbox.tenant.world import World


class ShapesV1:
    """Builds v1.0 entities. The beta namesake answers to the same methods."""

    version = "v1.0"

    def __init__(self, world: World) -> None:
        self.world = world

    def catalog(self, catalog: Catalog) -> Entity:
        world = self.world
        return Entity(
            "accessPackageCatalog",
            {
                "id": catalog.id,
                "displayName": catalog.display_name,
                "description": catalog.description,
                "catalogType": catalog.catalog_type,
                "state": catalog.state,
                "isExternallyVisible": catalog.is_externally_visible,
                "createdDateTime": stamp(catalog.created_at),
                "modifiedDateTime": stamp(catalog.modified_at or catalog.created_at),
            },
            links={
                "accessPackages": lambda: [
                    self.package(p) for p in world.packages.values() if p.catalog_id == catalog.id
                ],
                "resources": lambda: [
                    self.resource(r) for r in world.resources.values() if r.catalog_id == catalog.id
                ],
            },
        )

    def resource(self, resource: Resource) -> Entity:
        return Entity(
            "accessPackageResource",
            {
                "id": resource.id,
                "displayName": resource.display_name,
                "description": resource.description,
                "originId": resource.origin_id,
                "originSystem": resource.origin_system,
                "createdDateTime": stamp(resource.created_at),
                "modifiedDateTime": stamp(resource.created_at),
                "attributes": resource.attributes,
            },
            links={
                "roles": lambda: [self.role(role) for role in self.world.roles_of(resource)],
                "scopes": lambda: [self.scope(resource)],
                "environment": lambda: self._environment_of(resource),
            },
        )

    def _environment_of(self, resource: Resource) -> Entity | None:
        found = self.world.environments.get(resource.environment_id or "")
        return self.environment(found) if found else None

    def role(self, role: ResourceRole) -> Entity:
        return Entity(
            "accessPackageResourceRole",
            {
                "id": role.id,
                "displayName": role.display_name,
                "description": None,
                "originSystem": role.resource.origin_system,
                "originId": role.origin_id,
            },
            links={"resource": lambda: self.resource(role.resource)},
        )

    def scope(self, resource: Resource) -> Entity:
        return Entity(
            "accessPackageResourceScope",
            {
                "id": resource.scope_id,
                "displayName": "Root",
                "description": "Root Scope",
                "originId": resource.origin_id,
                "originSystem": resource.origin_system,
                "isRootScope": True,
            },
            links={"resource": lambda: self.resource(resource)},
        )

    def role_scope(self, role_scope: ResourceRoleScope) -> Entity:
        return Entity(
            "accessPackageResourceRoleScope",
            {"id": role_scope.id, "createdDateTime": stamp(role_scope.created_at)},
            links={
                "role": lambda: self.role(used_role(self.world, role_scope)),
                "scope": lambda: self.scope(self.world.resources[role_scope.resource_id]),
            },
        )

    def resource_request(self, request: ResourceRequest) -> Entity:
        world = self.world
        return Entity(
            "accessPackageResourceRequest",
            {
                "id": request.id,
                "requestType": request.request_type,
                "state": request.state,
                "createdDateTime": stamp(request.created_at),
            },
            links={
                "catalog": lambda: self.catalog(world.catalogs[request.catalog_id]),
                "resource": lambda: (
                    self.resource(world.resources[request.resource_id])
                    if request.resource_id in world.resources
                    else None
                ),
            },
        )

    def environment(self, environment: Environment) -> Entity:
        return Entity(
            "accessPackageResourceEnvironment",
            {
                "id": environment.id,
                "displayName": environment.display_name,
                "description": environment.display_name,
                "originSystem": "SharePointOnline",
                "originId": environment.origin_id,
                "isDefaultEnvironment": environment.is_default,
                "connectionInfo": {"url": environment.origin_id},
            },
        )

    def package(self, package: Package) -> Entity:
        world = self.world
        return Entity(
            "accessPackage",
            {
                "id": package.id,
                "displayName": package.display_name,
                "description": package.description,
                "isHidden": package.is_hidden,
                "createdDateTime": stamp(package.created_at),
                "modifiedDateTime": stamp(package.modified_at or package.created_at),
            },
            links={
                "catalog": lambda: self.catalog(world.catalogs[package.catalog_id]),
                "assignmentPolicies": lambda: [
                    self.policy(p) for p in world.policies_of(package.id)
                ],
                "resourceRoleScopes": lambda: [self.role_scope(r) for r in package.role_scopes],
                "incompatibleAccessPackages": lambda: [
                    self.package(world.packages[p]) for p in package.incompatible_packages
                ],
                "accessPackagesIncompatibleWith": lambda: [
                    self.package(p)
                    for p in world.packages.values()
                    if package.id in p.incompatible_packages
                ],
                "incompatibleGroups": lambda: [
                    group_entity(world, world.groups[g], self.version)
                    for g in package.incompatible_groups
                    if g in world.groups
                ],
            },
        )

    def policy(self, policy: Policy) -> Entity:
        settings = policy.settings
        return Entity(
            "accessPackageAssignmentPolicy",
            {
                "id": policy.id,
                "displayName": policy.display_name,
                "description": policy.description,
                "allowedTargetScope": policy.allowed_target_scope,
                "specificAllowedTargets": policy.specific_allowed_targets,
                "expiration": show_expiration(policy.expiration),
                "createdDateTime": stamp(policy.created_at),
                "modifiedDateTime": stamp(policy.modified_at or policy.created_at),
                "requestorSettings": settings["requestorSettings"],
                "requestApprovalSettings": settings["requestApprovalSettings"],
                "automaticRequestSettings": settings.get("automaticRequestSettings"),
                "reviewSettings": settings.get("reviewSettings"),
                "notificationSettings": settings["notificationSettings"],
            },
            links={
                "accessPackage": lambda: self._package_of(policy.package_id),
                "catalog": lambda: self._catalog_of(policy.package_id),
                "questions": lambda: settings["questions"],
                "customExtensionStageSettings": lambda: settings["customExtensionStageSettings"],
            },
        )

    def _package_of(self, package_id: str) -> Entity | None:
        package = self.world.packages.get(package_id)
        return self.package(package) if package else None

    def _catalog_of(self, package_id: str) -> Entity | None:
        package = self.world.packages.get(package_id)
        return self.catalog(self.world.catalogs[package.catalog_id]) if package else None

    def _policy_of(self, policy_id: str) -> Entity | None:
        policy = self.world.policies.get(policy_id)
        return self.policy(policy) if policy else None

    def subject(self, user_id: str) -> Entity:
        user = self.world.person(user_id)
        return Entity(
            "accessPackageSubject",
            {
                "id": self.world.subject_id(user_id),
                "objectId": user_id,
                "displayName": user.display_name if user else None,
                "principalName": user.user_principal_name if user else None,
                "email": user.mail if user else None,
                "onPremisesSecurityIdentifier": None,
                "subjectType": "user",
                "subjectLifecycle": "notDefined",
            },
            links={"connectedOrganization": lambda: self._organization_of(user)},
        )

    def _organization_of(self, user: User | None) -> Entity | None:
        found = self.world.organizations.get((user and user.organization_id) or "")
        return self.organization(found) if found else None

    def organization(self, organization: Organization) -> Entity:
        def objects(ids: list[str]) -> list[Entity]:
            known = [each for each in ids if each in self.world.users or each in self.world.groups]
            return [object_entity(self.world, each, self.version) for each in known]

        return Entity(
            "connectedOrganization",
            {
                "id": organization.id,
                "displayName": organization.display_name,
                "description": organization.description,
                "createdDateTime": stamp(organization.created_at),
                "modifiedDateTime": stamp(organization.created_at),
                "identitySources": [],
                "state": organization.state,
            },
            links={
                "internalSponsors": lambda: objects(organization.internal_sponsors),
                "externalSponsors": lambda: objects(organization.external_sponsors),
            },
        )

    def assignment(self, assignment: Assignment) -> Entity:
        return Entity(
            "accessPackageAssignment",
            {
                "id": assignment.id,
                "state": assignment.state,
                "status": assignment.status,
                "expiredDateTime": stamp(assignment.expired_at),
                "schedule": show_schedule(assignment),
                "customExtensionCalloutInstances": [],
            },
            links={
                "target": lambda: self.subject(assignment.target_id),
                "accessPackage": lambda: self._package_of(assignment.package_id),
                "assignmentPolicy": lambda: self._policy_of(assignment.policy_id),
            },
        )

    def _assignment_of(self, request: Request) -> Entity | None:
        found = self.world.assignments.get(request.assignment_id or "")
        return self.assignment(found) if found else None

    def request(self, request: Request, *, is_receipt: bool = False) -> Entity:
        """A request; its times are still null in the receipt that answers the POST."""
        return Entity(
            "accessPackageAssignmentRequest",
            {
                "id": request.id,
                "requestType": request.request_type,
                "state": request.state,
                "status": request.status,
                "createdDateTime": None if is_receipt else stamp(request.created_at),
                "completedDateTime": stamp(request.completed_at),
                "schedule": show_asked_schedule(self.world, request),
                "answers": request.answers,
                "justification": request.justification,
                "customExtensionCalloutInstances": [],
            },
            links={
                "accessPackage": lambda: self._package_of(request.package_id),
                "assignment": lambda: self._assignment_of(request),
                "requestor": lambda: self.subject(request.requestor_id or request.target_id),
            },
        )

    def approval(self, request: Request, stages: list[Entity]) -> Entity:
        return Entity("approval", {"id": request.id}, links={"stages": lambda: stages})

    def stage(self, stage: Stage, *, assigned_to_me: bool) -> Entity:
        return Entity("approvalStage", show_stage(self.world, stage, assigned_to_me=assigned_to_me))


def used_role(world: World, role_scope: ResourceRoleScope) -> ResourceRole:
    """The role that a package's role scope hands out."""
    resource = world.resources[role_scope.resource_id]
    return next(r for r in world.roles_of(resource) if r.origin_id == role_scope.role_origin_id)


def show_schedule(assignment: Assignment) -> Json:
    """The schedule of an assignment: a delivered one carries its concrete end."""
    if assignment.start is None:
        expiration = Expiration()
    elif assignment.end is None:
        expiration = Expiration("noExpiration")
    else:
        expiration = Expiration("afterDateTime", end=assignment.end)
    return {
        "startDateTime": stamp(assignment.start),
        "recurrence": None,
        "expiration": show_expiration(expiration),
    }


def show_asked_schedule(world: World, request: Request) -> Json:
    """The schedule of a request: empty until it is on its way."""
    is_known = request.state != "submitted" and request.expiration is not None
    return {
        "startDateTime": stamp(request.start),
        "recurrence": None,
        "expiration": show_expiration(
            _asked_expiration(world, request) if is_known else Expiration()
        ),
    }


def _asked_expiration(world: World, request: Request) -> Expiration:
    agreed = request.expiration or Expiration()
    if request.names_end or world.unnamed_end is None:
        return agreed
    if world.unnamed_end == "afterDuration":
        # The policy's own, if it gives a length.
        given = request.given
        return given if given is not None and given.type == "afterDuration" else agreed
    return Expiration(world.unnamed_end)


def show_stage(world: World, stage: Stage, *, assigned_to_me: bool) -> Json:
    reviewer = world.person(stage.reviewed_by) if stage.reviewed_by else None
    return {
        "id": stage.id,
        "displayName": None,
        "reviewedDateTime": stamp(stage.reviewed_at),
        "reviewResult": stage.review_result,
        "status": stage.status,
        "assignedToMe": assigned_to_me,
        "justification": stage.justification,
        "reviewedBy": {"id": reviewer.id, "displayName": reviewer.display_name}
        if reviewer
        else None,
    }
