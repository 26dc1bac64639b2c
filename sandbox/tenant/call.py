"""One Graph call as an operation sees it, and the answer it gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sandbox.tenant.entity import Entity
from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Group, Json, User
from sandbox.tenant.query import Query
from sandbox.tenant.shapes_v1 import ShapesV1
from sandbox.tenant.tokens import Caller
from sandbox.tenant.world import World

T = TypeVar("T")

EM = "identityGovernance/entitlementManagement"


@dataclass
class Answer:
    status: int = 200
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(204)


@dataclass
class Ask:
    """A request: the parsed URL and body, the caller, and the world to answer from."""

    world: World
    shapes: ShapesV1
    caller: Caller
    method: str
    root: str  # scheme and host that the caller used
    path: str  # below the version, without query
    ids: dict[str, str]
    query: Query
    body: Json
    headers: dict[str, str]
    page_size: int
    hidden_since: datetime | None = None  # requests made after this moment do not list yet

    @property
    def version(self) -> str:
        return self.shapes.version

    @property
    def is_beta(self) -> bool:
        return self.version == "beta"

    @property
    def user(self) -> User | None:
        """The signed-in user, None for an application."""
        return self.world.users.get(self.caller.user_id or "")

    def is_hidden(self, group: Group | None) -> bool:
        """Tell whether a group hides its members from the caller."""
        hides = group is not None and group.visibility == "HiddenMembership"
        return hides and "Member.Read.Hidden" not in self.caller.grants

    @property
    def metadata(self) -> str:
        return f"{self.root}/{self.version}/$metadata#"

    def one(self, entity: Entity, context: str, *, status: int = 200) -> Answer:
        """One object. *context* is the path after `$metadata#`."""
        head = {"@odata.context": f"{self.metadata}{context}/$entity"}
        return Answer(status, head | self.query.show(entity))

    def many(
        self,
        records: Iterable[T],
        context: str,
        *,
        shape: Callable[[T], Entity],
        filterable: Iterable[str] | None = None,
        page_size: int | None = None,
        may_match: Callable[[T], bool] | None = None,
    ) -> Answer:
        """One page of a list; *shape* turns a record into what this version shows, if it *may_match* the filter."""
        page = self.query.page(
            list(records),
            shape=shape,
            size=page_size or self.page_size,
            url=f"{self.root}/{self.version}/{self.path}",
            filterable=None if filterable is None else frozenset(f.lower() for f in filterable),
            may_match=may_match,
        )
        head: Json = {"@odata.context": f"{self.metadata}{context}"}
        selects_nothing = "$select" not in self.query.options
        if selects_nothing and self.method == "GET" and context.startswith(EM):
            head["@microsoft.graph.tips"] = (
                f"Use $select to choose only the properties your app needs, as this can lead to "
                f"performance improvements. For example: GET {self.path}?$select=displayName"
            )
        return Answer(200, head | page)

    def text(self, name: str) -> str | None:
        """A text of the body. Raises Refusal when it is something else."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise bad_request(f"The property '{name}' must be of type 'Edm.String'.")
        return value

    def need(self, name: str) -> str:
        """A text that the body must have. Raises Refusal."""
        value = self.text(name)
        if not value:
            raise bad_request(f"A value must be provided for the property '{name}'.")
        return value

    def refuse_unknown(
        self, entity: Entity, *, also: Iterable[str] = (), part: Json | None = None
    ) -> None:
        """Raises Refusal for a property in the body, or a *part* of it, that *entity*'s type does not have.

        It is how a body in the other version's words is found out.
        """
        known = {*entity.fields, *entity.links, *also}
        for name in self.body if part is None else part:
            if "@" not in name and name not in known:
                raise bad_request(
                    f"The property '{name}' does not exist on type 'microsoft.graph.{entity.type}'. "
                    "Make sure to only use property names that are defined by the type."
                )

    def part(self, name: str) -> Json:
        """An object inside the body, empty when absent. Raises Refusal."""
        value: Any = self.body.get(name)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"The property '{name}' must be an object.")
        return value or {}


Operation = Callable[[Ask], Answer]
