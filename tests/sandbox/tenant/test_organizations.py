"""Connected organizations and sponsors, as Graph answers about them."""

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import Organization
from tests.sandbox.tenant.conftest import EM

FABRIKAM = "0c000000-0000-4000-8000-000000000001"


@pytest.fixture
def fabrikam(graph):
    """Gus comes from there; Mia answers for its people, and a group of its own."""
    world = graph.tenant.world
    world.users[seed.GUS].organization_id = FABRIKAM
    world.organizations[FABRIKAM] = Organization(
        FABRIKAM,
        "Fabrikam",
        world.now(),
        internal_sponsors=[seed.MIA],
        external_sponsors=[seed.SECURITY_REVIEWERS],
    )
    return graph


async def test_somebody_from_outside_has_an_organization(fabrikam):
    """Only when asked for."""
    path = f"{EM}/subjects(objectId='{seed.GUS}')"
    assert "connectedOrganization" not in await fabrikam.get(path)

    subject = await fabrikam.get(path, **{"$expand": "connectedOrganization"})

    assert subject["objectId"] == seed.GUS
    assert subject["connectedOrganization"]["id"] == FABRIKAM


async def test_who_never_had_to_do_with_packages_is_no_subject(fabrikam):
    """Not the same as somebody without an organization."""
    status, _ = await fabrikam.error("GET", f"{EM}/subjects(objectId='{seed.ANN}')")
    assert status == 404


@pytest.mark.parametrize(
    ("which", "sponsor", "kind"),
    [
        ("internalSponsors", seed.MIA, "#microsoft.graph.user"),
        ("externalSponsors", seed.SECURITY_REVIEWERS, "#microsoft.graph.group"),
    ],
)
async def test_sponsors_are_users_and_groups(fabrikam, which, sponsor, kind):
    """Told apart by @odata.type."""
    found = await fabrikam.get(f"{EM}/connectedOrganizations/{FABRIKAM}/{which}")
    assert [(each["id"], each["@odata.type"]) for each in found["value"]] == [(sponsor, kind)]


async def test_an_organization_that_is_not_there_is_404(fabrikam):
    """So are its sponsors."""
    for path in ("", "/internalSponsors"):
        status, _ = await fabrikam.error("GET", f"{EM}/connectedOrganizations/nothing{path}")
        assert status == 404


async def test_a_person_has_sponsors_of_their_own(fabrikam):
    """None by default."""
    assert (await fabrikam.get(f"/users/{seed.GUS}/sponsors"))["value"] == []
    fabrikam.tenant.world.users[seed.GUS].sponsors = [seed.BO]
    found = await fabrikam.get(f"/users/{seed.GUS}/sponsors")
    assert [each["id"] for each in found["value"]] == [seed.BO]


async def test_a_stage_takes_approvers_and_no_other_set(v1):
    """Who may ask is another question."""
    body = {
        "displayName": "New",
        "accessPackage": {"id": seed.MARKETING_CAMPAIGN},
        "allowedTargetScope": "allMemberUsers",
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": True,
            "stages": [
                {
                    "primaryApprovers": [
                        {
                            "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
                            "connectedOrganizationId": FABRIKAM,
                        }
                    ]
                }
            ],
        },
    }
    status, _ = await v1.error("POST", f"{EM}/assignmentPolicies", body)
    assert status == 400
