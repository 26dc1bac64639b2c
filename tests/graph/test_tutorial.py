"""Microsoft's tutorial through the adapter, and what else it says to the stand-in tenant in both versions."""

from datetime import timedelta

import pytest

from graph import Graph, StaticToken
from graph.errors import Forbidden, NotFound, Rejected
from graph.models import (
    ApprovalSettings,
    AssignmentPolicy,
    AssignmentRequest,
    Expiration,
    Reference,
    RequestorSettings,
    ResourceScope,
    SubjectSet,
)
from sandbox.tenant import Tenant, seed
from tests.tutorial import TUTORIAL, Telling

LITTLE_WHILE = timedelta(seconds=10)


async def follow(graph: Graph, tenant: Tenant) -> None:
    """Each step of the tutorial as the adapter's one call, and what the adapter reads in the answer."""
    requestor = await graph.users.create(
        display_name="Requestor1",
        mail_nickname="Requestor1",
        user_principal_name="Requestor1@contoso.example",
        password="Contoso1234",
    )
    group = await graph.groups.create(
        display_name="Marketing resources 2", mail_nickname="markres", description="Marketing group"
    )
    tenant.clock.shift(LITTLE_WHILE)

    catalog = await graph.catalogs.find(display_name="General")
    assert catalog is not None
    assert catalog.is_published
    onboarded = await graph.resources.add(
        catalog_id=catalog.id, origin_id=group.id, origin_system="AadGroup"
    )
    assert onboarded.is_delivered
    (resource,) = await graph.catalogs.resources(catalog.id, origin_id=group.id)
    assert resource.id is not None
    roles = await graph.catalogs.roles(
        catalog.id, resource_id=resource.id, origin_system="AadGroup"
    )
    member = next(role for role in roles if role.origin_id == f"Member_{group.id}")
    package = await graph.packages.create(
        catalog_id=catalog.id,
        display_name="Marketing Campaign 2",
        description="Access to resources",
    )
    given = await graph.packages.add_role(
        package.id,
        role=member.model_copy(update={"resource": resource}),
        scope=ResourceScope(id=resource.scopes[0].id, origin_id=group.id, origin_system="AadGroup"),
    )
    assert given.id is not None
    policy = await graph.policies.create(
        AssignmentPolicy(
            display_name="Specific users",
            description="Specific users can request assignment",
            allowed_target_scope="specificDirectoryUsers",
            specific_allowed_targets=[
                SubjectSet.user(requestor.id).model_copy(update={"description": "Requestor1"})
            ],
            expiration=Expiration.after(timedelta(days=30)),
            requestor_settings=RequestorSettings(enable_targets_to_self_add_access=True),
            request_approval_settings=ApprovalSettings(
                is_approval_required_for_add=False, is_approval_required_for_update=False, stages=[]
            ),
            access_package=Reference(id=package.id),
        )
    )

    asked = await graph.assignment_requests.create(
        request_type="userAdd",
        target_id=requestor.id,
        policy_id=policy.id,
        package_id=package.id,
        token=StaticToken(tenant.delegated_token(requestor.id)),
    )
    assert (asked.is_over, asked.is_under_way, asked.status) == (False, True, "Accepted")
    tenant.clock.shift(LITTLE_WHILE)
    delivered = await graph.assignment_requests.get(asked.id)
    assert delivered.is_delivered
    assert delivered.assignment is not None
    assert delivered.assignment.target is not None
    assert delivered.assignment.target.object_id == requestor.id
    (held,) = await graph.assignments.list(policy_id=policy.id)
    end = held.ends_at()
    assert end is not None
    assert timedelta(days=29) < end - tenant.clock.now() <= timedelta(days=30)
    (someone,) = await graph.groups.members(group.id, transitive=False)
    assert someone.id == requestor.id

    with pytest.raises(Rejected):
        await graph.packages.delete(package.id)
    await graph.assignment_requests.create(request_type="adminRemove", assignment_id=held.id)
    tenant.clock.shift(LITTLE_WHILE)
    assert (await graph.assignments.get(held.id)).is_expired
    assert await graph.groups.members(group.id, transitive=False) == []
    await graph.policies.delete(policy.id)
    await graph.packages.remove_role(package.id, given.id)
    await graph.packages.delete(package.id)
    with pytest.raises(NotFound):
        await graph.packages.get(package.id)
    await graph.resources.remove(catalog_id=catalog.id, resource_id=resource.id)
    await graph.users.delete(requestor.id)
    await graph.groups.delete(group.id)


async def test_the_tutorial_runs_through_the_adapter(graph: Graph, tenant: Tenant) -> None:
    """Every step comes true, and reads the same in both versions."""
    await follow(graph, tenant)


async def test_the_adapter_says_the_tutorial_word_for_word(graph: Graph, tenant: Tenant) -> None:
    """Method, path, body and status of each call are the table's; the queries are the adapter's own."""
    await follow(graph, tenant)
    telling = Telling(tenant.calls[0].version)
    for step, call in zip(TUTORIAL, tenant.calls, strict=True):
        assert call.name == telling.call(step)
        assert (call.body, call.status) == (telling.words(step.body), step.status)
        telling.learn(step, call.answer)


async def test_the_seeded_packages_read_alike_in_both_versions(
    graph: Graph, tenant: Tenant
) -> None:
    """Policies, stages and what is given, through pages of two."""
    packages = {package.display_name: package for package in await graph.packages.list()}

    campaign = packages["Marketing Campaign"]
    assert campaign.resource_role_scopes[0].role is not None
    resource = campaign.resource_role_scopes[0].role.resource
    assert resource is not None
    assert resource.display_name == "Marketing resources"
    (policy,) = campaign.assignment_policies
    assert policy.has_scope("specificDirectoryUsers")
    assert policy.expiration is not None
    assert policy.expiration.duration == timedelta(days=30)
    assert {subject.kind for subject in policy.specific_allowed_targets} == {
        "singleUser",
        "groupMembers",
    }
    (policy,) = packages["Production Database"].assignment_policies
    assert policy.has_scope("allMemberUsers")
    assert policy.request_approval_settings is not None
    first, second = policy.request_approval_settings.stages
    assert first.primary_approvers[0].is_kind("requestorManager")
    assert first.fallback_primary_approvers[0].user_id == seed.DANA
    assert second.primary_approvers[0].is_kind("groupMembers")
    assert second.is_approver_justification_required is True
    (policy,) = packages["Board Papers"].assignment_policies
    assert policy.expiration is not None
    # Beta has one word for no end and for some hours.
    assert policy.expiration.type == (
        "unsaid" if tenant.calls[0].version == "beta" else "noExpiration"
    )


async def test_a_policy_is_replaced_with_nothing_lost(graph: Graph) -> None:
    """Read, changed in one thing, put back: the rest is as it was."""
    (package,) = await graph.packages.find(display_name="Production Database")
    before = await graph.policies.get(package.assignment_policies[0].id)

    await graph.policies.replace(before.model_copy(update={"description": "New words"}))

    after = await graph.policies.get(before.id)
    assert after.to_graph() == {**before.to_graph(), "description": "New words"}


async def test_the_directory_answers_what_the_desk_asks(graph: Graph) -> None:
    """By address, manager and memberships."""
    (ann,) = await graph.users.find(email="ann@contoso.example")
    (group,) = await graph.groups.find(display_name="Marketing")
    manager = await graph.users.manager(ann.id)

    assert ann.account_enabled is True
    assert manager is not None
    assert manager.mail == "mia@contoso.example"
    assert await graph.users.manager(manager.id) is None
    assert await graph.users.member_of(ann.id, [group.id]) == {group.id}
    assert await graph.users.find(email="nobody@contoso.example") == []


async def ask(graph: Graph, *, token: StaticToken) -> AssignmentRequest:
    """Ann asks for what somebody must decide about."""
    (package,) = await graph.packages.find(display_name="Finance Reports")
    return await graph.assignment_requests.create(
        request_type="userAdd",
        target_id=seed.ANN,
        policy_id=package.assignment_policies[0].id,
        package_id=package.id,
        justification="Quarter end",
        token=token,
    )


async def test_a_person_asks_and_another_decides(graph: Graph, tenant: Tenant) -> None:
    """In their own names: userAdd, the approval's stage, and the delivery that follows."""
    anns = StaticToken(tenant.delegated_token(seed.ANN))
    bos = StaticToken(tenant.delegated_token(seed.BO))

    asked = await ask(graph, token=anns)
    tenant.clock.shift(LITTLE_WHILE)
    (pending,) = await graph.assignment_requests.list(
        package_id=seed.FINANCE_REPORTS, state="pendingApproval"
    )
    assert pending.id == asked.id
    (stage,) = await graph.approvals.stages(asked.id, token=bos)
    await graph.approvals.decide(
        request_id=asked.id, stage_id=stage.id, is_approved=True, justification="Yes", token=bos
    )
    tenant.clock.shift(LITTLE_WHILE)

    found = await graph.assignment_requests.get_many([asked.id])
    assert [getattr(one, "is_delivered", one) for one in found.values()] == [True]
    mine = await graph.self_service.assignments(token=anns)
    assert len(mine) == 1


async def test_a_person_takes_a_request_back(graph: Graph, tenant: Tenant) -> None:
    """Only with their own token; the app's is refused."""
    anns = StaticToken(tenant.delegated_token(seed.ANN))
    asked = await ask(graph, token=anns)

    with pytest.raises((Forbidden, Rejected)):
        await graph.self_service.cancel(asked.id, token=StaticToken(tenant.application_token()))
    await graph.self_service.cancel(asked.id, token=anns)

    assert (await graph.assignment_requests.get(asked.id)).is_canceled


async def test_separation_of_duties_is_set_and_read(graph: Graph) -> None:
    """Incompatible packages and groups come and go."""
    (one,) = await graph.packages.find(display_name="Finance Reports")
    (other,) = await graph.packages.find(display_name="Production Database")
    (group,) = await graph.groups.find(display_name="Marketing")

    await graph.incompatibilities.add_package(one.id, other_id=other.id)
    await graph.incompatibilities.add_group(one.id, group_id=group.id)
    assert [each.id for each in await graph.incompatibilities.packages(one.id)] == [other.id]
    assert [each.id for each in await graph.incompatibilities.groups(one.id)] == [group.id]
    found = await graph.incompatibilities.packages_excluded_by(other.id)
    assert [each.id for each in found] == [one.id]

    await graph.incompatibilities.remove_package(one.id, other_id=other.id)
    await graph.incompatibilities.remove_group(one.id, group_id=group.id)
    assert await graph.incompatibilities.packages(one.id) == []
    assert await graph.incompatibilities.groups(one.id) == []
