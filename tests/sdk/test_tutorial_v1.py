"""Microsoft's tutorial in v1.0, step by step, as its Python snippets write it with msgraph-sdk."""

from datetime import timedelta

import pytest

from tests.sdk.conftest import BUILDERS_WARN, REASON, query

pytest.importorskip("msgraph", reason=REASON)

from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph.generated.models.access_package_assignment_approval_settings import (
    AccessPackageAssignmentApprovalSettings,
)
from msgraph.generated.models.access_package_assignment_policy import AccessPackageAssignmentPolicy
from msgraph.generated.models.access_package_assignment_request import (
    AccessPackageAssignmentRequest,
)
from msgraph.generated.models.access_package_assignment_requestor_settings import (
    AccessPackageAssignmentRequestorSettings,
)
from msgraph.generated.models.access_package_assignment_state import AccessPackageAssignmentState
from msgraph.generated.models.access_package_catalog import AccessPackageCatalog
from msgraph.generated.models.access_package_catalog_state import AccessPackageCatalogState
from msgraph.generated.models.access_package_catalog_type import AccessPackageCatalogType
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.access_package_resource import AccessPackageResource
from msgraph.generated.models.access_package_resource_request import AccessPackageResourceRequest
from msgraph.generated.models.access_package_resource_role import AccessPackageResourceRole
from msgraph.generated.models.access_package_resource_role_scope import (
    AccessPackageResourceRoleScope,
)
from msgraph.generated.models.access_package_resource_scope import AccessPackageResourceScope
from msgraph.generated.models.allowed_target_scope import AllowedTargetScope
from msgraph.generated.models.entitlement_management_schedule import EntitlementManagementSchedule
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.single_user import SingleUser
from msgraph.generated.models.user import User

pytestmark = pytest.mark.filterwarnings(BUILDERS_WARN)

LITTLE_WHILE = timedelta(seconds=10)


async def test_the_tutorial_from_its_first_step_to_its_last(tenant, client_for):
    """Every object the SDK reads is of the type and the values that it knows."""
    admin = client_for("v1.0", token=tenant.application_token())
    governance = admin.identity_governance.entitlement_management

    # Step 1: a user and a group
    requestor = await admin.users.post(
        User(
            account_enabled=True,
            display_name="Requestor1",
            mail_nickname="Requestor1",
            user_principal_name="Requestor1@contoso.example",
            password_profile=PasswordProfile(
                force_change_password_next_sign_in=True, password="Contoso1234"
            ),
        )
    )
    group = await admin.groups.post(
        Group(
            display_name="Launch resources",
            description="Launch",
            mail_enabled=False,
            mail_nickname="launch",
            security_enabled=True,
            group_types=[],
        )
    )
    assert group.display_name == "Launch resources"
    tenant.clock.shift(LITTLE_WHILE)

    # Step 2: catalog, resource, package, role, policy
    found = await governance.catalogs.get(
        request_configuration=query(
            governance.catalogs,
            filter="displayName eq 'General'",
        )
    )
    (catalog,) = found.value
    assert catalog.catalog_type == AccessPackageCatalogType.ServiceDefault
    assert catalog.state == AccessPackageCatalogState.Published

    onboarded = await governance.resource_requests.post(
        AccessPackageResourceRequest(
            request_type=AccessPackageRequestType.AdminAdd,
            resource=AccessPackageResource(origin_id=group.id, origin_system="AadGroup"),
            catalog=AccessPackageCatalog(id=catalog.id),
        )
    )
    assert onboarded.state == AccessPackageRequestState.Delivered
    in_catalog = governance.catalogs.by_access_package_catalog_id(catalog.id)
    found = await in_catalog.resources.get(
        request_configuration=query(
            in_catalog.resources,
            filter="displayName eq 'Launch resources'",
            expand=["scopes"],
        )
    )
    (resource,) = found.value
    assert resource.origin_id == group.id
    assert [scope.origin_id for scope in resource.scopes] == [group.id]
    found = await in_catalog.resource_roles.get(
        request_configuration=query(
            in_catalog.resource_roles,
            filter=f"originSystem eq 'AadGroup' and resource/id eq '{resource.id}' and displayName eq 'Member'",
            expand=["resource"],
        )
    )
    (member,) = found.value
    assert member.origin_id == f"Member_{group.id}"

    package = await governance.access_packages.post(
        AccessPackage(
            display_name="Launch",
            description="Access to resources for the launch",
            catalog=AccessPackageCatalog(id=catalog.id),
        )
    )
    the_package = governance.access_packages.by_access_package_id(package.id)
    given = await the_package.resource_role_scopes.post(
        AccessPackageResourceRoleScope(
            role=AccessPackageResourceRole(
                display_name="Member",
                origin_id=member.origin_id,
                origin_system="AadGroup",
                resource=AccessPackageResource(
                    id=resource.id, origin_id=group.id, origin_system="AadGroup"
                ),
            ),
            scope=AccessPackageResourceScope(origin_id=group.id, origin_system="AadGroup"),
        )
    )
    policy = await governance.assignment_policies.post(
        AccessPackageAssignmentPolicy(
            display_name="Specific users",
            description="Specific users can request assignment",
            allowed_target_scope=AllowedTargetScope.SpecificDirectoryUsers,
            specific_allowed_targets=[
                SingleUser(
                    odata_type="#microsoft.graph.singleUser",
                    user_id=requestor.id,
                    description="Requestor1",
                )
            ],
            expiration=ExpirationPattern(
                type=ExpirationPatternType.AfterDuration,
                # As a text: a timedelta goes out as "30 days, 0:00:00", which is no Edm.Duration.
                duration="P30D",
            ),
            requestor_settings=AccessPackageAssignmentRequestorSettings(
                enable_targets_to_self_add_access=True,
                enable_targets_to_self_update_access=True,
                enable_targets_to_self_remove_access=True,
            ),
            request_approval_settings=AccessPackageAssignmentApprovalSettings(
                is_approval_required_for_add=False, is_approval_required_for_update=False
            ),
            access_package=AccessPackage(id=package.id),
        )
    )
    assert policy.expiration.duration == timedelta(days=30)
    (target,) = policy.specific_allowed_targets
    assert isinstance(target, SingleUser)
    assert target.user_id == requestor.id

    # Step 3: the requestor asks
    themselves = client_for("v1.0", token=tenant.delegated_token(requestor.id))
    asked = await themselves.identity_governance.entitlement_management.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.UserAdd,
            assignment=AccessPackageAssignment(
                additional_data={
                    "targetId": requestor.id,
                    "assignmentPolicyId": policy.id,
                    "accessPackageId": package.id,
                }
            ),
        )
    )
    assert asked.state == AccessPackageRequestState.Submitted

    # Step 4: it came true
    tenant.clock.shift(LITTLE_WHILE)
    asked = await governance.assignment_requests.by_access_package_assignment_request_id(
        asked.id
    ).get()
    assert asked.state == AccessPackageRequestState.Delivered
    assert asked.request_type == AccessPackageRequestType.UserAdd
    found = await governance.assignments.get(
        request_configuration=query(
            governance.assignments,
            filter=f"assignmentPolicy/id eq '{policy.id}'",
            expand=["target", "accessPackage", "assignmentPolicy"],
        )
    )
    (assignment,) = found.value
    assert assignment.state == AccessPackageAssignmentState.Delivered
    assert assignment.target.object_id == requestor.id
    assert assignment.access_package.id == package.id
    end = assignment.schedule.expiration.end_date_time
    assert end - assignment.schedule.start_date_time == timedelta(days=30)
    members = await admin.groups.by_group_id(group.id).members.get()
    assert [each.id for each in members.value] == [requestor.id]
    assert isinstance(members.value[0], User)

    # Beyond the tutorial: an administrator extends
    extended = await governance.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.AdminUpdate,
            assignment=AccessPackageAssignment(id=assignment.id),
            schedule=EntitlementManagementSchedule(
                start_date_time=assignment.schedule.start_date_time,
                expiration=ExpirationPattern(
                    type=ExpirationPatternType.AfterDateTime,
                    end_date_time=end + timedelta(days=10),
                ),
            ),
        )
    )
    assert extended.request_type == AccessPackageRequestType.AdminUpdate
    tenant.clock.shift(LITTLE_WHILE)
    the_assignment = governance.assignments.by_access_package_assignment_id(assignment.id)
    later = await the_assignment.get()
    assert later.schedule.expiration.end_date_time == end + timedelta(days=10)

    # Step 5: clean up
    with pytest.raises(ODataError):
        await the_package.delete()
    await governance.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.AdminRemove,
            assignment=AccessPackageAssignment(id=assignment.id),
        )
    )
    tenant.clock.shift(LITTLE_WHILE)
    assert (await the_assignment.get()).state == AccessPackageAssignmentState.Expired
    await governance.assignment_policies.by_access_package_assignment_policy_id(policy.id).delete()
    await the_package.resource_role_scopes.by_access_package_resource_role_scope_id(
        given.id
    ).delete()
    await the_package.delete()
    removed = await governance.resource_requests.post(
        AccessPackageResourceRequest(
            request_type=AccessPackageRequestType.AdminRemove,
            resource=AccessPackageResource(id=resource.id),
            catalog=AccessPackageCatalog(id=catalog.id),
        )
    )
    assert removed.state == AccessPackageRequestState.Delivered
    await admin.users.by_user_id(requestor.id).delete()
    await admin.groups.by_group_id(group.id).delete()
    with pytest.raises(ODataError) as gone:
        await the_package.get()
    assert gone.value.response_status_code == 404
    assert gone.value.error.code
    assert gone.value.error.inner_error.request_id
