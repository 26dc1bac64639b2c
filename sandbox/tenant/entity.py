"""One object as a version of Graph shows it: its properties, and links that can be expanded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json


@dataclass
class Entity:
    """*fields* are sent as they are; *links* are followed for $expand and $filter only."""

    type: str
    fields: Json
    links: dict[str, Callable[[], Any]] = field(default_factory=dict)
    # Properties that Graph only returns when $select names them.
    on_request: frozenset[str] = frozenset()
    # Properties of its neighbors in a mixed list, which $select may name and this one does not have.
    absent: frozenset[str] = frozenset()

    def look(self, name: str) -> Any:
        """The value of a property or the object behind a link, whatever the case of its name."""
        found = self.find(name)
        return self.links[found]() if found in self.links else self.fields.get(found)

    def find(self, name: str) -> str:
        """The exact name of a property or link. Raises Refusal when this type has none."""
        for known in (*self.fields, *self.links, *self.absent):
            if known.lower() == name.lower():
                return known
        raise bad_request(
            f"Could not find a property named '{name}' on type 'microsoft.graph.{self.type}'."
        )


@dataclass
class Expand:
    """One item of $expand, taken apart."""

    name: str
    select: list[str] = field(default_factory=list)
    expand: "list[Expand]" = field(default_factory=list)


def project(entity: Entity, *, select: Iterable[str] = (), expand: Iterable[Expand] = ()) -> Json:
    """The JSON of *entity* after $select and $expand."""
    wanted = [entity.find(name) for name in select if name != "id" and name != "*"]
    if wanted or "id" in select:
        shown = {
            key: value
            for key, value in entity.fields.items()
            if key in wanted or key == "id" or "@" in key
        }
    else:
        shown = {k: v for k, v in entity.fields.items() if k not in entity.on_request}
    for item in _named(entity, expand):
        if item.name not in entity.links:
            raise bad_request(
                f"Property '{item.name}' on type 'microsoft.graph.{entity.type}' "
                "is not a navigation property or complex property."
            )
        shown[item.name] = _follow(entity.links[item.name](), item)
    return shown


def _named(entity: Entity, expand: Iterable[Expand]) -> list[Expand]:
    items: list[Expand] = []
    for item in expand:
        if item.name == "*":
            items += [Expand(name) for name in entity.links]
        else:
            items.append(Expand(entity.find(item.name), item.select, item.expand))
    return items


def _follow(found: Any, item: Expand) -> Any:
    if isinstance(found, Entity):
        return project(found, select=item.select, expand=item.expand)
    if isinstance(found, list):
        return [
            project(each, select=item.select, expand=item.expand)
            if isinstance(each, Entity)
            else each
            for each in found
        ]
    return found


def stamp(moment: datetime | None) -> str | None:
    """A time as entitlement management writes it, with seven digits of a second."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def whole_seconds(moment: datetime | None) -> str | None:
    """A time as the directory writes it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_duration(length: timedelta | None) -> str | None:
    """P30D, PT4H, P1DT12H30M: ISO 8601, which Graph uses for durations."""
    if length is None:
        return None
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    days = f"{length.days}D" if length.days else ""
    if not days and not clock:
        return "PT0S"
    return f"P{days}" + (f"T{clock}" if clock else "")
