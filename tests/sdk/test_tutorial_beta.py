"""Microsoft's tutorial in beta, step by step, as its Python snippets write it with msgraph-beta-sdk."""

from datetime import timedelta

import pytest

from tests.sdk.conftest import BUILDERS_WARN, REASON, query

pytest.importorskip("msgraph_beta", reason=REASON)

from msgraph_beta.generated.models.access_package import AccessPackage
from msgraph_beta.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph_beta.generated.models.access_package_assignment_policy import (
    AccessPackageAssignmentPolicy,
)
from msgraph_beta.generated.models.access_package_assignment_request import (
    AccessPackageAssignmentRequest,
)
from msgraph_beta.generated.models.access_package_resource import AccessPackageResource
from msgraph_beta.generated.models.access_package_resource_request import (
    AccessPackageResourceRequest,
)
from msgraph_beta.generated.models.access_package_resource_role import AccessPackageResourceRole
from msgraph_beta.generated.models.access_package_resource_role_scope import (
    AccessPackageResourceRoleScope,
)
from msgraph_beta.generated.models.access_package_resource_scope import AccessPackageResourceScope
from msgraph_beta.generated.models.approval_settings import ApprovalSettings
from msgraph_beta.generated.models.expiration_pattern import ExpirationPattern
from msgraph_beta.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph_beta.generated.models.group import Group
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.password_profile import PasswordProfile
from msgraph_beta.generated.models.request_schedule import RequestSchedule
from msgraph_beta.generated.models.requestor_settings import RequestorSettings
from msgraph_beta.generated.models.single_user import SingleUser
from msgraph_beta.generated.models.user import User

pytestmark = pytest.mark.filterwarnings(BUILDERS_WARN)

LITTLE_WHILE = timedelta(seconds=10)


async def test_the_tutorial_from_its_first_step_to_its_last(tenant, client_for):
    """Beta's own names and its capitals, as the SDK reads them."""
    admin = client_for("beta", token=tenant.application_token())
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
    tenant.clock.shift(LITTLE_WHILE)

    # Step 2: catalog, resource, package, role, policy
    found = await governance.access_package_catalogs.get(
        request_configuration=query(
            governance.access_package_catalogs,
            filter="displayName eq 'General'",
        )
    )
    (catalog,) = found.value
    assert (catalog.catalog_type, catalog.catalog_status) == ("ServiceDefault", "Published")

    onboarded = await governance.access_package_resource_requests.post(
        AccessPackageResourceRequest(
            catalog_id=catalog.id,
            request_type="AdminAdd",
            access_package_resource=AccessPackageResource(
                origin_id=group.id, origin_system="AadGroup"
            ),
        )
    )
    assert (onboarded.request_state, onboarded.request_status) == ("Delivered", "Fulfilled")
    in_catalog = governance.access_package_catalogs.by_access_package_catalog_id(catalog.id)
    found = await in_catalog.access_package_resources.get(
        request_configuration=query(
            in_catalog.access_package_resources,
            filter="displayName eq 'Launch resources'",
        )
    )
    (resource,) = found.value
    assert resource.origin_id == group.id
    found = await in_catalog.access_package_resource_roles.get(
        request_configuration=query(
            in_catalog.access_package_resource_roles,
            filter=(
                "originSystem eq 'AadGroup' and displayName eq 'Member' and "
                f"accessPackageResource/id eq '{resource.id}'"
            ),
            expand=["accessPackageResource"],
        )
    )
    (member,) = found.value
    assert member.origin_id == f"Member_{group.id}"
    assert member.access_package_resource.id == resource.id

    package = await governance.access_packages.post(
        AccessPackage(catalog_id=catalog.id, display_name="Launch", description="For the launch")
    )
    assert package.catalog_id == catalog.id
    the_package = governance.access_packages.by_access_package_id(package.id)
    given = await the_package.access_package_resource_role_scopes.post(
        AccessPackageResourceRoleScope(
            access_package_resource_role=AccessPackageResourceRole(
                origin_id=member.origin_id,
                display_name="Member",
                origin_system="AadGroup",
                access_package_resource=AccessPackageResource(
                    id=resource.id,
                    resource_type="Security Group",
                    origin_id=group.id,
                    origin_system="AadGroup",
                ),
            ),
            access_package_resource_scope=AccessPackageResourceScope(
                origin_id=group.id, origin_system="AadGroup"
            ),
        )
    )
    policy = await governance.access_package_assignment_policies.post(
        AccessPackageAssignmentPolicy(
            access_package_id=package.id,
            display_name="Specific users",
            description="Specific users can request assignment",
            duration_in_days=30,
            requestor_settings=RequestorSettings(
                scope_type="SpecificDirectorySubjects",
                accept_requests=True,
                allowed_requestors=[
                    SingleUser(
                        odata_type="#microsoft.graph.singleUser",
                        is_backup=False,
                        id=requestor.id,
                        description="Requestor1",
                    )
                ],
            ),
            request_approval_settings=ApprovalSettings(
                is_approval_required=False,
                is_approval_required_for_extension=False,
                is_requestor_justification_required=False,
                approval_mode="NoApproval",
                approval_stages=[],
            ),
        )
    )
    assert policy.duration_in_days == 30
    (allowed,) = policy.requestor_settings.allowed_requestors
    assert isinstance(allowed, SingleUser)
    assert allowed.id == requestor.id

    # Step 3: the requestor asks
    themselves = client_for("beta", token=tenant.delegated_token(requestor.id))
    asking = themselves.identity_governance.entitlement_management
    asked = await asking.access_package_assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type="UserAdd",
            access_package_assignment=AccessPackageAssignment(
                target_id=requestor.id,
                assignment_policy_id=policy.id,
                access_package_id=package.id,
            ),
        )
    )
    assert (asked.request_type, asked.request_state) == ("UserAdd", "Submitted")

    # Step 4: it came true
    tenant.clock.shift(LITTLE_WHILE)
    requests = governance.access_package_assignment_requests
    asked = await requests.by_access_package_assignment_request_id(asked.id).get()
    assert asked.request_state == "Delivered"
    assert asked.completed_date is not None
    found = await governance.access_package_assignments.get(
        request_configuration=query(
            governance.access_package_assignments,
            filter=f"accessPackageAssignmentPolicy/Id eq '{policy.id}'",
            expand=["target", "accessPackage"],
        )
    )
    (assignment,) = found.value
    assert assignment.assignment_state == "Delivered"
    assert assignment.target.object_id == requestor.id
    end = assignment.schedule.expiration.end_date_time
    assert end - assignment.schedule.start_date_time == timedelta(days=30)
    members = await admin.groups.by_group_id(group.id).members.get()
    assert [each.id for each in members.value] == [requestor.id]

    # Beyond the tutorial: an administrator extends
    await requests.post(
        AccessPackageAssignmentRequest(
            request_type="AdminUpdate",
            access_package_assignment=AccessPackageAssignment(id=assignment.id),
            schedule=RequestSchedule(
                start_date_time=assignment.schedule.start_date_time,
                expiration=ExpirationPattern(
                    type=ExpirationPatternType.AfterDateTime,
                    end_date_time=end + timedelta(days=10),
                ),
            ),
        )
    )
    tenant.clock.shift(LITTLE_WHILE)
    assignments = governance.access_package_assignments
    the_assignment = assignments.by_access_package_assignment_id(assignment.id)
    later = await the_assignment.get()
    assert later.schedule.expiration.end_date_time == end + timedelta(days=10)
    assert later.is_extended

    # Step 5: clean up
    with pytest.raises(ODataError):
        await the_package.delete()
    await requests.post(
        AccessPackageAssignmentRequest(
            request_type="AdminRemove",
            access_package_assignment=AccessPackageAssignment(id=assignment.id),
        )
    )
    tenant.clock.shift(LITTLE_WHILE)
    assert (await the_assignment.get()).assignment_state == "Expired"
    policies = governance.access_package_assignment_policies
    await policies.by_access_package_assignment_policy_id(policy.id).delete()
    roles = the_package.access_package_resource_role_scopes
    await roles.by_access_package_resource_role_scope_id(given.id).delete()
    await the_package.delete()
    removed = await governance.access_package_resource_requests.post(
        AccessPackageResourceRequest(
            catalog_id=catalog.id,
            request_type="AdminRemove",
            access_package_resource=AccessPackageResource(id=resource.id),
        )
    )
    assert removed.request_state == "Delivered"
    await admin.users.by_user_id(requestor.id).delete()
    await admin.groups.by_group_id(group.id).delete()
    with pytest.raises(ODataError) as gone:
        await the_package.get()
    assert gone.value.response_status_code == 404
