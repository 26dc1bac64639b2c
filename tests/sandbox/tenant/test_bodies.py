"""What the bodies of calls may hold besides what they must: nothing that their types do not have."""

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import EM

POLICY = seed.MARKETING_CAMPAIGN.replace("d0000000", "9b000000", 1)
NAMED = {
    "targetId": seed.ANN,
    "assignmentPolicyId": POLICY,
    "accessPackageId": seed.MARKETING_CAMPAIGN,
}
PACKAGE = f"{EM}/accessPackages/{seed.MARKETING_CAMPAIGN}"
BEFORE_IT_BEGINS = {
    "startDateTime": "2029-01-01T00:00:00Z",
    "expiration": {"type": "afterDateTime", "endDateTime": "2028-01-01T00:00:00Z"},
}


@pytest.mark.parametrize(
    "more",
    [{"days": 30}, {"schedule": {"days": 30}}, {"schedule": BEFORE_IT_BEGINS}],
    ids=["an assignment with more", "a schedule with more", "an end before the start"],
)
async def test_what_a_request_does_not_have_is_refused(graph, more):
    """And nothing comes of the rest of its body."""
    status, _ = await graph.error("POST", graph.requests, graph.body("adminAdd", **NAMED, **more))

    assert status == 400
    assert graph.tenant.world.requests == {}


@pytest.mark.parametrize(
    "change", [{"isHidden": "yes"}, {"hidden": True}, {"isExternallyVisible": True}]
)
async def test_what_a_package_does_not_have_is_refused(graph, change):
    """Also when it is changed."""
    assert (await graph.error("PATCH", PACKAGE, change))[0] == 400


@pytest.mark.parametrize("change", [{"isExternallyVisible": "yes"}, {"isHidden": True}])
async def test_what_a_catalog_does_not_have_is_refused(graph, change):
    """When it is made, and when it is changed."""
    catalogs = EM + graph.name("/catalogs", "/accessPackageCatalogs")
    assert (await graph.error("PATCH", f"{catalogs}/{seed.GENERAL}", change))[0] == 400
    assert (await graph.error("POST", catalogs, {"displayName": "New", **change}))[0] == 400
    assert len(graph.tenant.world.catalogs) == 1


async def test_a_text_hides_a_package_as_a_switch_does(graph):
    """A package is hidden by "true", and shown again by "false"."""
    for said, hidden in (("true", True), ("false", False)):
        await graph.call("PATCH", PACKAGE, {"isHidden": said})
        assert (await graph.get(PACKAGE))["isHidden"] is hidden
