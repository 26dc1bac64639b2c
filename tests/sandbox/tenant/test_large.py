"""The large tenant is one that Entra could have."""

from collections import Counter
from datetime import timedelta

import pytest

from sandbox.clock import SandboxClock
from sandbox.crowd import crowd
from sandbox.slack import Workspace
from sandbox.tenant import Tenant
from sandbox.tenant.large import ASSIGNMENTS, PACKAGES, SOON


@pytest.fixture(scope="module")
def tenant():
    """The tutorial's world, the examples, and everything large."""
    made = Tenant(clock=SandboxClock())
    made.seed_tutorial_world()
    made.seed_examples()
    made.seed_large(crowd(300))
    return made


def test_there_are_as_many_as_promised(tenant):
    """Two hundred packages in several catalogs, two thousand assignments, each with its request."""
    world = tenant.world
    assert (len(world.packages), len(world.assignments)) == (PACKAGES, ASSIGNMENTS)
    assert {each.assignment_id for each in world.requests.values()} == set(world.assignments)
    sizes = Counter(each.catalog_id for each in world.packages.values())
    assert len(sizes) > 5
    assert len({each.display_name for each in world.packages.values()}) == PACKAGES


def test_nobody_has_a_package_twice(tenant):
    """Entra allows one assignment of a package to a person."""
    pairs = Counter((each.target_id, each.package_id) for each in tenant.world.assignments.values())
    assert set(pairs.values()) == {1}


def test_what_people_have_is_in_force(tenant):
    """It runs now, is as long as its policy says, and its group has them."""
    world = tenant.world
    now = world.now()
    for each in world.assignments.values():
        policy = world.policies[each.policy_id]
        assert policy.package_id == each.package_id
        assert each.start < now < each.end
        assert each.end - each.start == policy.expiration.duration
        (scope,) = world.packages[each.package_id].role_scopes
        group = world.resources[scope.resource_id].origin_id
        assert each.target_id in world.groups[group].members


def test_few_end_soon(tenant):
    """So that a start is not a flood of reminders."""
    world = tenant.world
    soon = world.now() + timedelta(days=7)
    ending = [each for each in world.assignments.values() if each.end <= soon]
    assert len(ending) == ASSIGNMENTS // SOON


def test_colleagues_are_the_same_on_both_sides(tenant):
    """By their address; Slack shows them as members of the channel of everybody."""
    workspace = Workspace(clock=tenant.clock, signing_secret="s", bot_token="b", app_token="a")
    workspace.seed()
    workspace.add_colleagues(crowd(300))
    in_slack = {each.email for each in workspace.people.values() if each.id.startswith("U1")}
    assert len(in_slack) == 300
    assert all(tenant.user_by_email(email) is not None for email in in_slack)
    assert len(workspace.channels["C0GENERAL"].members) > 300


def test_there_are_only_so_many_names():
    """No two colleagues share one."""
    assert len({each.nickname for each in crowd(480)}) == 480
    with pytest.raises(ValueError, match="480 colleagues"):
        crowd(481)
