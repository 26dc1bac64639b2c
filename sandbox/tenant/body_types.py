"""
Refuse the part of a body that has, at any depth, a property or a value that its type does not have.

Source: OData, as Graph speaks it: every property may be null, an abstract type must be named, and a switch or a number may be a
text ("true", "1"), as in Microsoft's own example of an automatic policy.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.tenant.approvers import kind_of, parse_duration
from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json
from sandbox.tenant.policy_settings import one_of, read_moment

# Refuses a value, which is not null, of the property of that name.
Check = Callable[[Any, str], None]
Properties = Mapping[str, Check]


def check_body(body: Json, properties: Properties) -> None:
    """
    Make sure that these properties of a body are of their types, and put a switch or a number for each text that means one.

    Raises Refusal.  Which properties there are besides, others know.
    """
    for name, value in body.items():
        if name in properties and value is not None:
            meant = _meant(properties[name], value)
            if meant is None:
                properties[name](value, name)
            else:
                body[name] = meant


def is_a(kind: type, edm: str) -> Check:
    def check(value: Any, name: str) -> None:
        # True is an int to Python, and none to OData.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise bad_request(f"The property '{name}' must be of type '{edm}'.")

    return check


TEXT = is_a(str, "Edm.String")
BOOLEAN = is_a(bool, "Edm.Boolean")
_SWITCHES: Final = ("true", "false")
NUMBER = is_a(int, "Edm.Int32")


def duration(value: Any, name: str) -> None:
    TEXT(value, name)
    parse_duration(value)


def moment(value: Any, name: str) -> None:
    TEXT(value, name)
    read_moment(value)


def word(*words: str) -> Check:
    def check(value: Any, name: str) -> None:
        one_of(words, value, what=f"microsoft.graph.{name}")

    return check


def many(check_one: Check) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, list):
            raise bad_request(f"The property '{name}' must be a collection.")
        for each in value:
            check_one(each, name)

    return check


def object_of(type_name: str, properties: Properties) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise bad_request(f"The property '{name}' must be an object.")
        for own in value:
            if "@" not in own and own not in properties:
                raise bad_request(
                    f"The property '{own}' does not exist on type 'microsoft.graph.{type_name}'. "
                    "Make sure to only use property names that are defined by the type."
                )
        check_body(value, properties)

    return check


def _meant(check: Check, text: Any) -> bool | int | None:
    """Return the switch or the number that a text stands for; None if it stands for neither, or is no text."""
    if not isinstance(text, str):
        return None
    if check is BOOLEAN and text in _SWITCHES:
        return text == "true"
    return int(text) if check is NUMBER and text.isascii() and text.isdecimal() else None


def one_kind_of(base: str, kinds: Mapping[str, Properties]) -> Check:
    """Whatever is of an abstract type says which of its types it is of."""

    def check(value: Any, name: str) -> None:
        kind = kind_of(value) if isinstance(value, dict) else ""
        known = next((each for each in kinds if each.lower() == kind.lower()), None)
        if known is None:
            raise bad_request(
                f"A value of '{name}' must name its @odata.type, one of those of 'microsoft.graph.{base}'."
            )
        object_of(known, kinds[known])(value, name)

    return check


def anything(value: Any, name: str) -> None:
    """Take any value: no rule here reads it."""


EXPIRATION: Final = object_of(
    "expirationPattern", {"type": TEXT, "duration": duration, "endDateTime": moment}
)
# Beta's is called requestSchedule, and has the same.
SCHEDULE: Final = object_of(
    "entitlementManagementSchedule",
    {
        "startDateTime": moment,
        "expiration": EXPIRATION,
        "recurrence": object_of("patternedRecurrence", {"pattern": anything, "range": anything}),
    },
)
