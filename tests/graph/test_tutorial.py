"""Microsoft's tutorial, step by step, through the adapter and against the stand-in tenant."""

from datetime import timedelta

import pytest

from graph import Graph, StaticToken
from graph.errors import NotAllowed, NotFound, Rejected
from graph.models import (
    AssignmentPolicy,
    Expiration,
    Reference,
    RequestorSettings,
    ResourceScope,
    Schedule,
    SubjectSet,
)
from sandbox.tenant import Tenant

LITTLE_WHILE = timedelta(seconds=10)


def person(tenant: Tenant, name: str) -> str:
    user = tenant.user_by_email(f"{name}@contoso.example")
    assert user is not None
    return user.id


async def test_the_tutorial_from_its_first_step_to_its_last(graph: Graph, tenant: Tenant) -> None:
    """Group, catalog, package, policy, grant, extension, removal, clean-up, in that order."""
    ann = person(tenant, "ann")
    group = await graph.directory.create_group(
        display_name="Launch resources", mail_nickname="launch", description="Launch"
    )
    catalog = await graph.catalogs.find(display_name="General")
    assert catalog is not None
    assert catalog.is_published
    resource = await graph.resources.ensure(
        catalog_id=catalog.id, origin_id=group.id, origin_system="AadGroup"
    )
    assert resource.id is not None
    roles = await graph.catalogs.roles(
        catalog.id, resource_id=resource.id, origin_system="AadGroup"
    )
    member = next(role for role in roles if role.origin_id == f"Member_{group.id}")
    package = await graph.packages.create(
        catalog_id=catalog.id, display_name="Launch", description="For the launch"
    )
    given = await graph.packages.add_role(
        package.id,
        role=member.model_copy(update={"resource": resource}),
        scope=ResourceScope(origin_id=group.id, origin_system="AadGroup"),
    )
    policy = await graph.policies.create(
        AssignmentPolicy(
            display_name="Specific users",
            description="Ann alone",
            allowed_target_scope="specificDirectoryUsers",
            specific_allowed_targets=[SubjectSet.user(ann)],
            expiration=Expiration.after(timedelta(days=30)),
            requestor_settings=RequestorSettings(
                enable_targets_to_self_add_access=True,
                enable_targets_to_self_update_access=True,
                enable_targets_to_self_remove_access=True,
            ),
            access_package=Reference(id=package.id),
        )
    )

    asked = await graph.assignments.request(
        request_type="adminAdd",
        target_id=ann,
        policy_id=policy.id,
        package_id=package.id,
        justification="Launch",
    )
    assert not asked.is_over
    tenant.clock.shift(LITTLE_WHILE)
    delivered = await graph.assignments.get_request(asked.id)
    assert delivered.is_delivered
    assert delivered.assignment is not None
    assert delivered.assignment.target is not None
    assert delivered.assignment.target.object_id == ann
    (assignment,) = await graph.assignments.list(
        package_id=package.id, user_id=ann, state="delivered"
    )
    end = assignment.ends_at()
    assert end is not None
    assert timedelta(days=29) < end - tenant.clock.now() <= timedelta(days=30)
    assert [user.id for user in await graph.directory.members(group.id)] == [ann]

    assert assignment.schedule is not None
    later = end + timedelta(days=10)
    await graph.assignments.request(
        request_type="adminUpdate",
        assignment_id=assignment.id,
        schedule=Schedule(
            start_date_time=assignment.schedule.start_date_time, expiration=Expiration.at(later)
        ),
    )
    tenant.clock.shift(LITTLE_WHILE)
    extended = await graph.assignments.get(assignment.id)
    assert extended.ends_at() == later

    with pytest.raises(Rejected):
        await graph.packages.delete(package.id)
    await graph.assignments.request(request_type="adminRemove", assignment_id=assignment.id)
    tenant.clock.shift(LITTLE_WHILE)
    assert (await graph.assignments.get(assignment.id)).is_expired
    assert await graph.directory.members(group.id) == []

    await graph.policies.delete(policy.id)
    assert given.id is not None
    await graph.packages.remove_role(package.id, given.id)
    await graph.packages.delete(package.id)
    await graph.resources.remove(catalog_id=catalog.id, resource_id=resource.id)
    await graph.directory.delete_group(group.id)
    with pytest.raises(NotFound):
        await graph.packages.get(package.id)


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
    assert first.fallback_primary_approvers[0].user_id == person(tenant, "dana")
    assert second.primary_approvers[0].is_kind("groupMembers")
    assert second.is_approver_justification_required is True
    (policy,) = packages["Board Papers"].assignment_policies
    assert policy.expiration is not None
    assert policy.expiration.type == "noExpiration"


async def test_a_policy_is_replaced_with_nothing_lost(graph: Graph) -> None:
    """Read, changed in one thing, put back: the rest is as it was."""
    (package,) = await graph.packages.find(display_name="Production Database")
    before = await graph.policies.get(package.assignment_policies[0].id)

    await graph.policies.replace(before.model_copy(update={"description": "New words"}))

    after = await graph.policies.get(before.id)
    assert after.to_graph() == {**before.to_graph(), "description": "New words"}


async def test_the_directory_answers_what_the_desk_asks(graph: Graph, tenant: Tenant) -> None:
    """By address, manager and memberships."""
    (ann,) = await graph.directory.find_users(email="ann@contoso.example")
    (group,) = await graph.directory.find_groups(display_name="Marketing")
    manager = await graph.directory.manager(ann.id)

    assert ann.account_enabled is True
    assert manager is not None
    assert manager.mail == "mia@contoso.example"
    assert await graph.directory.manager(manager.id) is None
    assert await graph.directory.member_of(ann.id, [group.id]) == {group.id}
    assert await graph.directory.find_users(email="nobody@contoso.example") == []


async def test_a_person_asks_and_another_decides(graph: Graph, tenant: Tenant) -> None:
    """In their own names: userAdd, the approval's stage, and the delivery that follows."""
    (package,) = await graph.packages.find(display_name="Finance Reports")
    ann, bo = person(tenant, "ann"), person(tenant, "bo")
    anns = StaticToken(tenant.delegated_token(ann))
    bos = StaticToken(tenant.delegated_token(bo))

    asked = await graph.assignments.request(
        request_type="userAdd",
        target_id=ann,
        policy_id=package.assignment_policies[0].id,
        package_id=package.id,
        justification="Quarter end",
        token=anns,
    )
    tenant.clock.shift(LITTLE_WHILE)
    (pending,) = await graph.assignments.list_requests(
        package_id=package.id, state="pendingApproval"
    )
    assert pending.id == asked.id
    (stage,) = await graph.approvals.stages(asked.id, token=bos)
    await graph.approvals.decide(
        request_id=asked.id, stage_id=stage.id, is_approved=True, justification="Yes", token=bos
    )
    tenant.clock.shift(LITTLE_WHILE)

    found = await graph.assignments.get_requests([asked.id])
    assert [getattr(one, "is_delivered", one) for one in found.values()] == [True]
    mine = await graph.self_service.assignments(token=anns)
    assert len(mine) == 1


async def test_a_person_takes_a_request_back(graph: Graph, tenant: Tenant) -> None:
    """Only with their own token; the app's is refused."""
    (package,) = await graph.packages.find(display_name="Finance Reports")
    ann = person(tenant, "ann")
    anns = StaticToken(tenant.delegated_token(ann))
    asked = await graph.assignments.request(
        request_type="userAdd",
        target_id=ann,
        policy_id=package.assignment_policies[0].id,
        package_id=package.id,
        justification="Quarter end",
        token=anns,
    )

    with pytest.raises((NotAllowed, Rejected)):
        await graph.self_service.cancel(asked.id, token=StaticToken(tenant.application_token()))
    await graph.self_service.cancel(asked.id, token=anns)

    assert (await graph.assignments.get_request(asked.id)).is_canceled


async def test_separation_of_duties_is_set_and_read(graph: Graph) -> None:
    """Incompatible packages and groups come and go."""
    (one,) = await graph.packages.find(display_name="Finance Reports")
    (other,) = await graph.packages.find(display_name="Production Database")
    (group,) = await graph.directory.find_groups(display_name="Marketing")

    await graph.packages.add_incompatible_package(one.id, other_id=other.id)
    await graph.packages.add_incompatible_group(one.id, group_id=group.id)
    assert [each.id for each in await graph.packages.incompatible_packages(one.id)] == [other.id]
    assert [each.id for each in await graph.packages.incompatible_groups(one.id)] == [group.id]
    found = await graph.packages.packages_incompatible_with(other.id)
    assert [each.id for each in found] == [one.id]

    await graph.packages.remove_incompatible_package(one.id, other_id=other.id)
    await graph.packages.remove_incompatible_group(one.id, group_id=group.id)
    assert await graph.packages.incompatible_packages(one.id) == []
    assert await graph.packages.incompatible_groups(one.id) == []
