"""The paths of Graph's objects, below the version: v1.0's spelling."""

from typing import Final
from urllib.parse import quote

from graph.beta.versions import EM

PACKAGES: Final = f"{EM}/accessPackages"
POLICIES: Final = f"{EM}/assignmentPolicies"
CATALOGS: Final = f"{EM}/catalogs"
ASSIGNMENTS: Final = f"{EM}/assignments"
ASSIGNMENT_REQUESTS: Final = f"{EM}/assignmentRequests"


def key(object_id: str) -> str:
    """Return an id as one segment of a path."""
    return quote(object_id, safe="")


def package_path(package_id: str) -> str:
    """Return the path of an access package."""
    return f"{PACKAGES}/{key(package_id)}"


def policy_path(policy_id: str) -> str:
    """Return the path of an assignment policy."""
    return f"{POLICIES}/{key(policy_id)}"


def catalog_path(catalog_id: str) -> str:
    """Return the path of a catalog."""
    return f"{CATALOGS}/{key(catalog_id)}"


def assignment_path(assignment_id: str) -> str:
    """Return the path of an assignment."""
    return f"{ASSIGNMENTS}/{key(assignment_id)}"


def assignment_request_path(request_id: str) -> str:
    """Return the path of an assignment request."""
    return f"{ASSIGNMENT_REQUESTS}/{key(request_id)}"


def user_path(user: str) -> str:
    """Return the path of a person, by object id or user principal name."""
    # A user principal name may begin with "$", which Graph only takes as a quoted key.
    return f"/users('{key(user)}')" if user.startswith("$") else f"/users/{key(user)}"


def group_path(group_id: str) -> str:
    """Return the path of a group."""
    return f"/groups/{key(group_id)}"


def application_path(application_id: str) -> str:
    """Return the path of an enterprise application, by the object id of its service principal."""
    return f"/servicePrincipals/{key(application_id)}"


def team_path(group_id: str) -> str:
    """Return the path of the team that a group has."""
    return f"/teams/{key(group_id)}"
