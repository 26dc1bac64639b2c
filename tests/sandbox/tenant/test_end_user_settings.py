"""Whether whoever asks sees who approves: the policy's own word, and the tenant's for all."""

import pytest

from sandbox.tenant import examples, seed
from tests.sandbox.tenant.browsing import AtTenant
from tests.sandbox.tenant.conftest import EM
from tests.sandbox.tenant.test_my_access import ask, enter

SETTINGS = f"{EM}/controlConfigurations/endUserSettings"


@pytest.fixture
def window(tenant, http):
    """A browser at My Access."""
    tenant.seed_examples()
    return AtTenant(tenant, http).browser


async def test_the_settings_are_read_and_replaced(graph):
    """By who may read and write entitlement management."""
    before = await graph.get(SETTINGS)
    assert before["showApproverDetailsToMembers"] is True
    assert before["@odata.type"] == "#microsoft.graph.endUserSettings"

    body = {
        "@odata.type": "#microsoft.graph.endUserSettings",
        "relatedPeopleInsightLevel": "countAndNames",
        "showApproverDetailsToMembers": False,
    }
    await graph.call("PUT", SETTINGS, body)

    after = await graph.get(SETTINGS)
    assert after["showApproverDetailsToMembers"] is False
    assert after["relatedPeopleInsightLevel"] == "countAndNames"


async def test_a_cloud_may_not_have_them(graph):
    """Then there is no such object."""
    graph.tenant.world.end_user_settings = None
    status, _ = await graph.error("GET", SETTINGS)
    assert status == 404


async def test_they_are_true_or_false(graph):
    """Anything else is refused, and nothing is changed."""
    status, _ = await graph.error("PUT", SETTINGS, {"showApproverDetailsToMembers": "no"})
    assert status == 400
    assert (await graph.get(SETTINGS))["showApproverDetailsToMembers"] is True


@pytest.mark.parametrize(
    ("said", "members_see", "user_type", "is_named"),
    [
        ("visible", False, "Guest", True),
        ("notVisible", True, "Member", False),
        ("default", True, "Member", True),
        ("default", False, "Member", False),
        ("default", True, "Guest", False),
    ],
)
async def test_my_access_names_approvers_to_whom_it_may(
    window, tenant, clock, said, members_see, user_type, is_named
):
    """What was decided is said in any case."""
    world = tenant.world
    stage = world.policies[examples.PAYROLL_POLICY].approval["stages"][0]
    stage["approverInformationVisibility"] = said
    world.end_user_settings.show_approver_details_to_members = members_see
    await enter(window, "ann@contoso.example")
    await ask(window, examples.PAYROLL_POLICY, reason="The month ends")
    clock.shift(world.delivery)
    await window.press("Sign out")
    await enter(window, "bo@contoso.example")
    await window.press("Deny", reason="Not now")
    await window.press("Sign out")
    world.users[seed.ANN].user_type = user_type
    page = await enter(window, "ann@contoso.example")
    assert "Not now" in page.shown
    assert ("Bo Berg" in page.shown) is is_named
