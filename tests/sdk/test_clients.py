"""Test what Microsoft's SDKs do beside the tutorial: sign in, page, retry, batch, decide in one's own name."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.sdk.conftest import BUILDERS_WARN, HOST, REASON, query

pytest.importorskip("msgraph", reason=REASON)

from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph.generated.models.access_package_assignment_request import (
    AccessPackageAssignmentRequest,
)
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.approval_stage import ApprovalStage
from msgraph.generated.models.group_members import GroupMembers
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.requestor_manager import RequestorManager
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.tasks.page_iterator import PageIterator

pytestmark = pytest.mark.filterwarnings(BUILDERS_WARN)

LITTLE_WHILE = timedelta(seconds=10)


@pytest.fixture
def admin(tenant, client_for):
    """An app's client, v1.0."""
    return client_for("v1.0", token=tenant.application_token())


def the_app(tenant, address, secret):
    """The app's credential, as azure-identity makes it."""
    return ClientSecretCredential(
        tenant.tenant_id,
        tenant.client_id,
        secret,
        authority=address,
        disable_instance_discovery=True,
    )


class InAThread:
    """An asynchronous credential around a synchronous one: the tenant is served in this loop."""

    def __init__(self, credential):
        self._credential = credential

    async def get_token(self, *scopes, **options):
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)

    async def close(self):
        self._credential.close()


def provider(credential, address):
    """Tokens of a credential, shown to the stand-in and nobody else."""
    return AzureIdentityAuthenticationProvider(
        InAThread(credential), scopes=[f"{address}/.default"], allowed_hosts=[HOST]
    )


async def test_azure_identity_signs_in(tenant, address, client_for):
    """The stand-in's sign-in satisfies Microsoft's own library."""
    with the_app(tenant, address, tenant.client_secret) as credential:
        client = client_for("v1.0", provider=provider(credential, address))
        found = await client.identity_governance.entitlement_management.catalogs.get()
    assert [catalog.display_name for catalog in found.value] == ["General"]


async def test_azure_identity_explains_a_wrong_secret(tenant, address, client_for):
    """With Entra's own code."""
    with the_app(tenant, address, "wrong") as credential:
        client = client_for("v1.0", provider=provider(credential, address))
        with pytest.raises(Exception, match="AADSTS7000215"):
            await client.identity_governance.entitlement_management.catalogs.get()


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_the_page_iterator_reads_every_page(tenant, client_for, version):
    """It follows the stand-in's links, which it cannot have made itself."""
    client = client_for(version, token=tenant.application_token())
    first = await client.identity_governance.entitlement_management.access_packages.get()
    assert len(first.value) == 2
    names = []
    pages = PageIterator(first, client.request_adapter)

    def go_on(package):
        names.append(package.display_name)
        return True

    await pages.iterate(go_on)
    assert sorted(names) == [
        "Board Papers",
        "Finance Reports",
        "Marketing Campaign",
        "Production Database",
    ]


async def test_an_expanded_package_is_read_with_policies_stages_and_roles(admin):
    """Subject sets and stages come as the classes that the SDK has for them."""
    the_package = (
        admin.identity_governance.entitlement_management.access_packages.by_access_package_id(
            seed.PRODUCTION_DATABASE
        )
    )
    package = await the_package.get(
        request_configuration=query(
            the_package,
            expand=[
                "catalog",
                "assignmentPolicies",
                "resourceRoleScopes($expand=role,scope)",
            ],
        )
    )
    assert package.catalog.display_name == "General"
    (role_scope,) = package.resource_role_scopes
    assert role_scope.role.display_name == "Member"
    (policy,) = package.assignment_policies
    assert policy.expiration.duration == timedelta(days=7)
    manager, reviewers = (
        stage.primary_approvers[0] for stage in policy.request_approval_settings.stages
    )
    assert isinstance(manager, RequestorManager)
    assert isinstance(reviewers, GroupMembers)
    assert reviewers.group_id == seed.SECURITY_REVIEWERS


async def test_the_retry_handler_tries_again_when_throttled(tenant, admin):
    """Retry-After is read, and the second try succeeds."""
    tenant.faults.set("throttle", count=1, retry_after="1")
    found = await admin.identity_governance.entitlement_management.catalogs.get()
    assert len(found.value) == 1
    assert [call.status for call in tenant.calls] == [429, 200]


async def test_an_error_has_code_message_and_request_id(tenant, client_for):
    """As the SDK finds them in the body."""
    tenant.permissions.clear()
    client = client_for("v1.0", token=tenant.application_token())
    with pytest.raises(ODataError) as refused:
        await client.identity_governance.entitlement_management.catalogs.get()
    assert refused.value.response_status_code == 403
    assert refused.value.error.code
    assert refused.value.error.message
    assert refused.value.error.inner_error.request_id


async def test_a_batch_is_answered_one_by_one(admin):
    """Each request in the envelope has a status of its own."""
    packages = admin.identity_governance.entitlement_management.access_packages
    batch = BatchRequestContent()
    for package_id in (seed.BOARD_PAPERS, "d0000000-0000-4000-8000-00000000dead"):
        request = packages.by_access_package_id(package_id).to_get_request_information()
        batch.add_request_information(request)
    there, nowhere = batch.requests
    answer = await BatchRequestBuilder(admin.request_adapter).post(batch)
    assert answer.get_response_status_codes() == {there: 200, nowhere: 404}
    # The SDK cannot read bodies in a batch, so there is no more to see of them.
    assert answer.get_response_by_id(there).content_type == "application/json"


async def test_an_approver_decides_in_their_own_name(tenant, admin, client_for):
    """The requestor asks, the approver finds the request and approves it, and it is delivered."""
    ann = client_for("v1.0", token=tenant.delegated_token(seed.ANN))
    policy = next(
        each for each in tenant.world.policies.values() if each.package_id == seed.FINANCE_REPORTS
    )
    asked = await ann.identity_governance.entitlement_management.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.UserAdd,
            justification="Close the quarter",
            assignment=AccessPackageAssignment(
                additional_data={
                    "targetId": seed.ANN,
                    "assignmentPolicyId": policy.id,
                    "accessPackageId": seed.FINANCE_REPORTS,
                }
            ),
        )
    )
    tenant.clock.shift(LITTLE_WHILE)

    bo = client_for("v1.0", token=tenant.delegated_token(seed.BO))
    approvals = bo.identity_governance.entitlement_management.access_package_assignment_approvals
    mine = await approvals.filter_by_current_user_with_on("approver").get()
    assert [approval.id for approval in mine.value] == [asked.id]
    stages = approvals.by_approval_id(asked.id).stages
    (stage,) = (await stages.get()).value
    assert stage.assigned_to_me
    await stages.by_approval_stage_id(stage.id).patch(
        ApprovalStage(review_result="Approve", justification="Fine")
    )

    tenant.clock.shift(LITTLE_WHILE)
    requests = admin.identity_governance.entitlement_management.assignment_requests
    asked = await requests.by_access_package_assignment_request_id(asked.id).get()
    assert asked.state == AccessPackageRequestState.Delivered


async def test_an_app_cannot_ask_for_a_person(admin, tenant):
    """As in Entra: userAdd needs the person's own token."""
    requests = admin.identity_governance.entitlement_management.assignment_requests
    with pytest.raises(ODataError):
        await requests.post(
            AccessPackageAssignmentRequest(
                request_type=AccessPackageRequestType.UserAdd,
                assignment=AccessPackageAssignment(
                    additional_data={
                        "targetId": seed.ANN,
                        "accessPackageId": seed.MARKETING_CAMPAIGN,
                    }
                ),
            )
        )
    assert tenant.world.requests == {}


async def test_what_may_be_asked_for_is_told_to_whoever_is_signed_in(tenant, client_for):
    """The requirements of the policy that admits them."""
    ann = client_for("v1.0", token=tenant.delegated_token(seed.ANN))
    the_package = (
        ann.identity_governance.entitlement_management.access_packages.by_access_package_id(
            seed.FINANCE_REPORTS
        )
    )
    found = await the_package.get_applicable_policy_requirements.post()
    (requirements,) = found.value
    assert requirements.is_approval_required_for_add
    assert requirements.is_requestor_justification_required
