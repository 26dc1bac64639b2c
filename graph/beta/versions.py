"""
The spellings of the same things in Graph's two versions, as data.

We speak v1.0 everywhere.  A ``Dialect`` turns our paths, queries and bodies into the words of the
version in use, and what comes back into v1.0's.  Reading is lenient in both versions: the service
itself answers v1.0 requests with beta names now and then (Microsoft's own tutorial shows it).

Source: the published metadata of both versions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from graph.beta import policy_shapes, question_shapes

EM: Final = "/identityGovernance/entitlementManagement"

Json = dict[str, Any]
# What a property must equal; one of several; or anything.
Wanted = str | Sequence[str] | None


class Property(NamedTuple):
    """
    One property whose beta form differs, or whose value holds something that does.

    Attributes:
        beta: Its name in beta; None when it is the same.
        noun: The kind of object inside, if its properties differ too.
        pascal: Its words begin with a capital in beta ("PendingApproval").
        beta_id: Beta's plain property that holds only the id of the object referred to.
    """

    beta: str | None = None
    noun: str | None = None
    pascal: bool = False
    beta_id: str | None = None


# Beta also answers at "assignmentRequests"; the older name is the one whose every operation is
# documented.
SEGMENTS: Final[Mapping[str, str]] = {
    "catalogs": "accessPackageCatalogs",
    "resources": "accessPackageResources",
    "resourceRoles": "accessPackageResourceRoles",
    "resourceRequests": "accessPackageResourceRequests",
    "resourceEnvironments": "accessPackageResourceEnvironments",
    "resourceRoleScopes": "accessPackageResourceRoleScopes",
    "assignmentPolicies": "accessPackageAssignmentPolicies",
    "assignmentRequests": "accessPackageAssignmentRequests",
    "assignments": "accessPackageAssignments",
    "stages": "steps",
}

NOUNS: Final[Mapping[str, Mapping[str, Property]]] = {
    "catalog": {
        "state": Property("catalogStatus", pascal=True),
        "catalogType": Property(pascal=True),
    },
    "resource": {
        "environment": Property("accessPackageResourceEnvironment"),
        "environment@odata.bind": Property("accessPackageResourceEnvironment@odata.bind"),
        "roles": Property("accessPackageResourceRoles", noun="role"),
        "scopes": Property("accessPackageResourceScopes", noun="scope"),
        "attributes": Property(noun="attribute"),
    },
    "attribute": {
        "name": Property("attributeName"),
        "source": Property("attributeSource", noun="attributeSource"),
        "destination": Property("attributeDestination"),
    },
    "attributeSource": {"question": Property(noun="question")},
    "role": {"resource": Property("accessPackageResource", noun="resource")},
    "scope": {"resource": Property("accessPackageResource", noun="resource")},
    "roleScope": {
        "role": Property("accessPackageResourceRole", noun="role"),
        "scope": Property("accessPackageResourceScope", noun="scope"),
    },
    "resourceRequest": {
        "requestType": Property(pascal=True),
        "state": Property("requestState", pascal=True),
        "catalog": Property(beta_id="catalogId"),
        "resource": Property("accessPackageResource", noun="resource"),
    },
    "accessPackage": {
        "catalog": Property("accessPackageCatalog", noun="catalog", beta_id="catalogId"),
        "assignmentPolicies": Property("accessPackageAssignmentPolicies", noun="policy"),
        "resourceRoleScopes": Property("accessPackageResourceRoleScopes", noun="roleScope"),
        "incompatibleAccessPackages": Property(noun="accessPackage"),
        "accessPackagesIncompatibleWith": Property(noun="accessPackage"),
    },
    "policy": {
        "accessPackage": Property(noun="accessPackage", beta_id="accessPackageId"),
        "catalog": Property("accessPackageCatalog", noun="catalog"),
        "notificationSettings": Property("accessPackageNotificationSettings"),
        "questions": Property(noun="question"),
    },
    "question": {
        "isMultipleSelectionAllowed": Property("allowsMultipleSelection"),
        "choices": Property(noun="choice"),
    },
    "request": {
        "requestType": Property(pascal=True),
        "state": Property("requestState", pascal=True),
        "status": Property("requestStatus"),
        "completedDateTime": Property("completedDate"),
        "assignment": Property("accessPackageAssignment", noun="assignment"),
        "accessPackage": Property(noun="accessPackage"),
        "requestor": Property(noun="subject"),
        "answers": Property(noun="answer"),
    },
    "answer": {"answeredQuestion": Property(noun="question")},
    "assignment": {
        "state": Property("assignmentState", pascal=True),
        "status": Property("assignmentStatus"),
        "target": Property(noun="subject"),
        "accessPackage": Property(noun="accessPackage", beta_id="accessPackageId"),
        "assignmentPolicy": Property(
            "accessPackageAssignmentPolicy", noun="policy", beta_id="assignmentPolicyId"
        ),
    },
    "subject": {"subjectType": Property("type")},
    "approval": {"stages": Property("steps")},
    "requirements": {
        "isApprovalRequiredForAdd": Property("isApprovalRequired"),
        "isApprovalRequiredForUpdate": Property("isApprovalRequiredForExtension"),
        "allowCustomAssignmentSchedule": Property("isCustomAssignmentScheduleAllowed"),
        "questions": Property(noun="question"),
    },
}

# Differences that no table of names can hold: to beta, from beta.
SHAPES: Final[Mapping[str, tuple[Callable[[Json], Json], Callable[[Json], Json]]]] = {
    "policy": (policy_shapes.to_beta, policy_shapes.from_beta),
    "question": (question_shapes.to_beta, question_shapes.from_beta),
    "choice": (question_shapes.choice_to_beta, question_shapes.choice_from_beta),
}


class Dialect:
    """One version's spelling."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.is_beta = version == "beta"

    def path(self, path: str) -> str:
        """A v1.0 path in this version's words; ids in it stay as they are."""
        if not self.is_beta or not path.startswith(EM):
            return path
        segments = path[len(EM) :].split("/")
        return EM + "/".join(SEGMENTS.get(segment, segment) for segment in segments)

    def params(
        self,
        noun: str,
        *,
        where: Mapping[str, Wanted] | None = None,
        expand: Iterable[str] = (),
    ) -> dict[str, str]:
        """
        The query of a list.

        Args:
            noun: What is listed, a key of ``NOUNS``.
            where: Property path to the value it must equal, or to several of which it must equal one;
                None leaves it out.
            expand: Navigation paths, such as ``assignment/target``.
        """
        params: dict[str, str] = {}
        conditions = [
            self._equals(noun, path, value)
            for path, value in (where or {}).items()
            if value is not None
        ]
        if conditions:
            params["$filter"] = " and ".join(conditions)
        tree: Json = {}
        for path in expand:
            node = tree
            for name in path.split("/"):
                node = node.setdefault(name, {})
        if tree:
            params["$expand"] = self._expanded(noun, tree)
        return params

    def outgoing(self, noun: str, body: Json) -> Json:
        """
        A body in this version's words.

        Raises:
            Unsupported: Beta has no words for a part of it.
        """
        if not self.is_beta:
            return body
        if noun in SHAPES:
            body = SHAPES[noun][0](body)
        table = NOUNS.get(noun, {})
        said: Json = {}
        for name, value in body.items():
            spelling = table.get(name, Property())
            if spelling.beta_id and isinstance(value, dict) and set(value) == {"id"}:
                said[spelling.beta_id] = value["id"]
                continue
            if spelling.noun:
                value = _each(value, partial(self.outgoing, spelling.noun))
            said[spelling.beta or name] = _pascal(value) if spelling.pascal else value
        return said

    def incoming(self, noun: str, body: Json) -> Json:
        """Return Graph's answer in v1.0's words."""
        said = dict(body)
        table = NOUNS.get(noun, {})
        for name, spelling in table.items():
            if spelling.beta in said:
                value = said.pop(spelling.beta)
                said.setdefault(name, value)
            if spelling.beta_id in said:
                reference = said.pop(spelling.beta_id)
                if said.get(name) is None and reference is not None:
                    said[name] = {"id": reference}
            if spelling.noun and said.get(name) is not None:
                said[name] = _each(said[name], partial(self.incoming, spelling.noun))
        return SHAPES[noun][1](said) if noun in SHAPES else said

    def _equals(self, noun: str, path: str, value: str | Sequence[str]) -> str:
        if not isinstance(value, str):
            return f"({' or '.join(self._equals(noun, path, each) for each in value)})"
        names, pascal = self._spelled(noun, path)
        quoted = (_pascal(value) if pascal else value).replace("'", "''")
        return f"{names} eq '{quoted}'"

    def _spelled(self, noun: str, path: str) -> tuple[str, bool]:
        if not self.is_beta:
            return path, False
        names: list[str] = []
        spelling = Property()
        for name in path.split("/"):
            spelling = NOUNS.get(noun, {}).get(name, Property())
            names.append(spelling.beta or name)
            noun = spelling.noun or ""
        return "/".join(names), spelling.pascal

    def _expanded(self, noun: str, tree: Json) -> str:
        parts = []
        for name, inner in tree.items():
            spelling = NOUNS.get(noun, {}).get(name, Property())
            spelled = spelling.beta if self.is_beta and spelling.beta else name
            nested = f"($expand={self._expanded(spelling.noun or '', inner)})" if inner else ""
            parts.append(spelled + nested)
        return ",".join(parts)


def dialect(version: str) -> Dialect:
    """
    The spelling of *version*.

    Raises:
        ValueError: Graph has the versions v1.0 and beta, and no other.
    """
    if version not in ("v1.0", "beta"):
        raise ValueError(f"Microsoft Graph has v1.0 and beta, and no version {version!r}.")
    return Dialect(version)


def _each(value: Any, turn: Callable[[Json], Json]) -> Any:
    if isinstance(value, dict):
        return turn(value)
    if isinstance(value, list):
        return [turn(item) if isinstance(item, dict) else item for item in value]
    return value


def _pascal(value: Any) -> Any:
    return value[:1].upper() + value[1:] if isinstance(value, str) else value
