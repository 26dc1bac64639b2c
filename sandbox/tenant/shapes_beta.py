"""Write entitlement management's objects as beta does."""

from sandbox.tenant.entity import Entity, stamp
from sandbox.tenant.model import (
    Assignment,
    Catalog,
    Environment,
    Json,
    Package,
    Policy,
    Request,
    Resource,
    ResourceRequest,
    ResourceRole,
    ResourceRoleScope,
    Stage,
)
from sandbox.tenant.policy_beta import fields_for_beta, question_to_beta
from sandbox.tenant.shapes import group_entity
from sandbox.tenant.shapes_v1 import (
    ShapesV1,
    show_asked_schedule,
    show_schedule,
    show_stage,
    used_role,
)

# Who beta says has made things; v1.0 does not tell.
AUTHOR = "admin@contoso.example"
_RESOURCE_TYPES = {
    "AadGroup": "Security Group",
    "AadApplication": "Application",
    "SharePointOnline": "SharePoint Online Site",
    "DirectoryRole": "Directory Role",
}


def pascal(word: str) -> str:
    """pendingApproval -> PendingApproval."""
    return word[:1].upper() + word[1:]


class ShapesBeta(ShapesV1):
    """Builds beta entities: longer names, Pascal words, ids beside links, authors."""

    version = "beta"

    def catalog(self, catalog: Catalog) -> Entity:
        v1 = super().catalog(catalog)
        return Entity(
            v1.type,
            {
                "id": catalog.id,
                "displayName": catalog.display_name,
                "description": catalog.description,
                "catalogType": pascal(catalog.catalog_type),
                "catalogStatus": pascal(catalog.state),
                "isExternallyVisible": catalog.is_externally_visible,
                "createdBy": AUTHOR,
                "createdDateTime": v1.fields["createdDateTime"],
                "modifiedBy": AUTHOR,
                "modifiedDateTime": v1.fields["modifiedDateTime"],
            },
            links={
                "accessPackages": v1.links["accessPackages"],
                "accessPackageResources": v1.links["resources"],
            },
        )

    def resource(self, resource: Resource) -> Entity:
        v1 = super().resource(resource)
        return Entity(
            v1.type,
            {
                "id": resource.id,
                "displayName": resource.display_name,
                "description": resource.description,
                "url": resource.origin_id if resource.origin_system == "SharePointOnline" else None,
                "resourceType": _RESOURCE_TYPES[resource.origin_system],
                "originId": resource.origin_id,
                "originSystem": resource.origin_system,
                "isPendingOnboarding": False,
                "addedBy": AUTHOR,
                "addedOn": stamp(resource.created_at),
                "attributes": [_attribute_to_beta(each) for each in resource.attributes],
            },
            links={
                "accessPackageResourceRoles": v1.links["roles"],
                "accessPackageResourceScopes": v1.links["scopes"],
                "accessPackageResourceEnvironment": v1.links["environment"],
            },
        )

    def role(self, role: ResourceRole) -> Entity:
        v1 = super().role(role)
        return Entity(v1.type, v1.fields, links={"accessPackageResource": v1.links["resource"]})

    def scope(self, resource: Resource) -> Entity:
        v1 = super().scope(resource)
        extra = {"roleOriginId": None, "url": None}
        return Entity(
            v1.type, v1.fields | extra, links={"accessPackageResource": v1.links["resource"]}
        )

    def role_scope(self, role_scope: ResourceRoleScope) -> Entity:
        created = stamp(role_scope.created_at)
        return Entity(
            "accessPackageResourceRoleScope",
            {
                "id": role_scope.id,
                "createdBy": AUTHOR,
                "createdDateTime": created,
                "modifiedBy": AUTHOR,
                "modifiedDateTime": created,
            },
            links={
                "accessPackageResourceRole": lambda: self.role(used_role(self.world, role_scope)),
                "accessPackageResourceScope": lambda: self.scope(
                    self.world.resources[role_scope.resource_id]
                ),
            },
        )

    def resource_request(self, request: ResourceRequest) -> Entity:
        v1 = super().resource_request(request)
        return Entity(
            v1.type,
            {
                "id": request.id,
                "catalogId": request.catalog_id,
                "executeImmediately": False,
                "requestType": pascal(request.request_type),
                "requestState": pascal(request.state),
                "requestStatus": "Fulfilled",
                "isValidationOnly": False,
                "expirationDateTime": None,
                "justification": request.justification,
            },
            links={"accessPackageResource": v1.links["resource"], "requestor": lambda: None},
        )

    def environment(self, environment: Environment) -> Entity:
        v1 = super().environment(environment)
        root = environment.display_name
        detail = f"GeoLocation: , RootSiteUrl: {root}, TenantAdminUrl: {environment.origin_id}"
        return Entity(v1.type, v1.fields | {"description": detail})

    def package(self, package: Package) -> Entity:
        v1 = super().package(package)
        return Entity(
            v1.type,
            {
                "id": package.id,
                "catalogId": package.catalog_id,
                "displayName": package.display_name,
                "description": package.description,
                "isHidden": package.is_hidden,
                "isRoleScopesVisible": False,
                "createdBy": AUTHOR,
                "createdDateTime": v1.fields["createdDateTime"],
                "modifiedBy": AUTHOR,
                "modifiedDateTime": v1.fields["modifiedDateTime"],
            },
            links={
                "accessPackageCatalog": v1.links["catalog"],
                "accessPackageAssignmentPolicies": v1.links["assignmentPolicies"],
                "accessPackageResourceRoleScopes": v1.links["resourceRoleScopes"],
                "incompatibleAccessPackages": v1.links["incompatibleAccessPackages"],
                "accessPackagesIncompatibleWith": v1.links["accessPackagesIncompatibleWith"],
                "incompatibleGroups": lambda: [
                    group_entity(self.world, self.world.groups[g], self.version)
                    for g in package.incompatible_groups
                    if g in self.world.groups
                ],
            },
        )

    def policy(self, policy: Policy) -> Entity:
        v1 = super().policy(policy)
        return Entity(
            v1.type,
            {
                "id": policy.id,
                "accessPackageId": policy.package_id,
                "displayName": policy.display_name,
                "description": policy.description,
                "createdBy": AUTHOR,
                "createdDateTime": v1.fields["createdDateTime"],
                "modifiedBy": AUTHOR,
                "modifiedDateTime": v1.fields["modifiedDateTime"],
            }
            | fields_for_beta(policy),
            links={
                "accessPackage": v1.links["accessPackage"],
                "accessPackageCatalog": v1.links["catalog"],
                "customExtensionHandlers": list,
                "customExtensionStageSettings": v1.links["customExtensionStageSettings"],
            },
        )

    def subject(self, user_id: str) -> Entity:
        v1 = super().subject(user_id)
        shown = {k: v for k, v in v1.fields.items() if k not in ("subjectType", "subjectLifecycle")}
        user = self.world.person(user_id)
        shown |= {"connectedOrganizationId": user.organization_id if user else None}
        return Entity(v1.type, shown | {"type": "User", "altSecId": None}, links=v1.links)

    def assignment(self, assignment: Assignment) -> Entity:
        v1 = super().assignment(assignment)
        package = self.world.packages.get(assignment.package_id)
        return Entity(
            v1.type,
            {
                "id": assignment.id,
                "catalogId": package.catalog_id if package else None,
                "accessPackageId": assignment.package_id,
                "assignmentPolicyId": assignment.policy_id,
                "targetId": assignment.subject_id,
                "assignmentStatus": assignment.status,
                "assignmentState": pascal(assignment.state),
                "isExtended": assignment.is_extended,
                "expiredDateTime": stamp(assignment.expired_at),
                "schedule": show_schedule(assignment),
            },
            links={
                "target": v1.links["target"],
                "accessPackage": v1.links["accessPackage"],
                "accessPackageAssignmentPolicy": v1.links["assignmentPolicy"],
                "accessPackageAssignmentRequests": lambda: [
                    self.request(request)
                    for request in self.world.requests.values()
                    if request.assignment_id == assignment.id
                ],
                "accessPackageAssignmentResourceRoles": lambda: self.delivered_roles(assignment),
            },
        )

    def delivered_roles(self, assignment: Assignment) -> list[Entity]:
        """Return what an assignment really gave, role by role."""
        return [
            Entity(
                "accessPackageAssignmentResourceRole",
                {
                    "id": f"{assignment.id}_{number}",
                    "originId": role,
                    "originSystem": system,
                    "status": "Fulfilled" if assignment.is_live else "Removed",
                },
                links={"accessPackageSubject": lambda: self.subject(assignment.target_id)},
            )
            for number, (system, _, role) in enumerate(assignment.given)
        ]

    def request(self, request: Request, *, is_receipt: bool = False) -> Entity:
        v1 = super().request(request, is_receipt=is_receipt)
        return Entity(
            v1.type,
            {
                "id": request.id,
                "createdDateTime": v1.fields["createdDateTime"],
                "completedDate": stamp(request.completed_at),
                "requestType": pascal(request.request_type),
                "requestState": pascal(request.state),
                "requestStatus": request.status,
                "isValidationOnly": False,
                "expirationDateTime": None,
                "justification": request.justification,
                "answers": request.answers,
                "schedule": show_asked_schedule(self.world, request),
            },
            links={
                "accessPackage": v1.links["accessPackage"],
                "accessPackageAssignment": v1.links["assignment"],
                "requestor": v1.links["requestor"],
            },
        )

    def approval(self, request: Request, stages: list[Entity]) -> Entity:
        return Entity("approval", {"id": request.id}, links={"steps": lambda: stages})

    def stage(self, stage: Stage, *, assigned_to_me: bool) -> Entity:
        return Entity("approvalStep", show_stage(self.world, stage, assigned_to_me=assigned_to_me))


def _attribute_to_beta(attribute: Json) -> Json:
    """v1.0 {name, source, destination} as beta's attributeName, attributeSource ..."""
    renamed = {
        "name": "attributeName",
        "source": "attributeSource",
        "destination": "attributeDestination",
    }
    shown = {renamed.get(key, key): value for key, value in attribute.items()}
    source = shown.get("attributeSource") or {}
    if isinstance(source.get("question"), dict):
        shown["attributeSource"] = source | {"question": question_to_beta(source["question"])}
    return shown
