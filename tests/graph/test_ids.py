"""GUIDs are compared as text all over, so they have one spelling from where they are read."""

import pytest

from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentPolicy,
    AssignmentRequest,
    User,
)
from graph.values import folded_id
from tests.graph.wire import Wire, graph_on

SMALL = "a0b1c2d3-0000-4000-8000-00000000abcd"
LARGE = SMALL.upper()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (LARGE, SMALL),
        (SMALL, SMALL),
        (f"Member_{LARGE}", f"Member_{SMALL}"),
        (f"{LARGE}_{LARGE}", f"{SMALL}_{SMALL}"),
        # No GUIDs, and an address whose path is read as it is spelled.
        ("Package-A", "Package-A"),
        (f"{LARGE}0", f"{LARGE}0"),
        (f"https://contoso.example/sites/{LARGE}", f"https://contoso.example/sites/{LARGE}"),
        ("", ""),
    ],
)
def test_only_guids_are_folded(sent, read):
    """Wherever in an id they stand, and nothing beside them."""
    assert folded_id(sent) == read
    assert User.model_validate({"id": sent}).id == read


def test_ids_are_folded_at_every_depth():
    """Of the object, of what it refers to, and of what is in its lists."""
    held = AccessPackageAssignment.model_validate(
        {
            "id": LARGE,
            "target": {"id": LARGE, "objectId": LARGE, "displayName": LARGE},
            "accessPackage": {"id": LARGE},
            "assignmentPolicy": {
                "id": LARGE,
                "specificAllowedTargets": [
                    {"@odata.type": "#microsoft.graph.singleUser", "userId": LARGE},
                    {"@odata.type": "#microsoft.graph.groupMembers", "groupId": LARGE},
                ],
            },
        }
    )
    assert held.target is not None
    assert held.access_package is not None
    under = held.assignment_policy
    assert under is not None
    found = [held.id, held.target.object_id, held.access_package.id, under.id]
    found += [under.specific_allowed_targets[0].user_id, under.specific_allowed_targets[1].group_id]
    assert found == [SMALL] * 6
    # A name is no id, whatever it looks like.
    assert held.target.display_name == LARGE


def test_the_roles_of_a_package_are_told_apart_alike():
    """The origin ids that a package's fingerprint is made of."""
    package = AccessPackage.model_validate(
        {
            "id": LARGE,
            "resourceRoleScopes": [
                {"role": {"originId": f"Member_{LARGE}"}, "scope": {"originId": LARGE}}
            ],
        }
    )
    (given,) = package.resource_role_scopes
    assert given.role is not None
    assert given.scope is not None
    assert (given.role.origin_id, given.scope.origin_id) == (f"Member_{SMALL}", SMALL)


def test_what_is_made_here_is_folded_as_well():
    """Under either name of a field; an id that is no text is refused as before."""
    assert AssignmentRequest(id=LARGE).id == SMALL
    assert AssignmentPolicy.model_validate({"id": LARGE}).to_graph() == {}


async def test_memberships_are_folded():
    """checkMemberGroups answers with bare ids."""
    wire = Wire({"value": [LARGE]})

    assert await graph_on(wire).users.member_of("ann", [SMALL]) == {SMALL}
