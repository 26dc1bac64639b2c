"""
Make events of rows of the audit log: what other programs are told, and nothing that people have written.

Who somebody is stands in an event as the ids of Slack and Entra.  Names, addresses, reasons and answers stay here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.assignments.model import EndReason, TroubleKind
from bot.drift.model import DriftKind
from bot.people.model import Verb
from bot.requests.model import SENDING, Kind, State, id_of_entra_request

# The type of the event that a row is, by its verb; of moves, the state that the request came to is its second half.
TYPES: Final[Mapping[str, str]] = {
    "ask-add": "request.created",
    "ask-emergency": "request.created",
    "ask-extend": "request.created",
    "ask-remove": "request.created",
    "approve-accepted": "decision.approved",
    "deny-accepted": "decision.denied",
    "approve-refused": "decision.refused",
    "deny-refused": "decision.refused",
    "approve-late": "decision.late",
    "deny-late": "decision.late",
    "emergency": "emergency.opened",
    "remind-review": "emergency.reminded",
    "escalate-review": "emergency.escalated",
    "review": "emergency.reviewed",
    "review-refused": "emergency.review_refused",
    "review-late": "emergency.review_late",
    "escalate": "request.escalated",
    "hold": "request.on_hold",
    "retry": "request.retried",
    "give-up": "request.given_up",
    "new-assignment": "access.found",
    # Whoever has heard that it ended knows no other way that it is there.
    "revived": "access.found",
    "end-moved": "access.end_moved",
    "end": "access.ended",
    "pause": "granting.paused",
    "resume": "granting.resumed",
    **{f"trouble-{kind}": "access.trouble" for kind in TroubleKind},
    **{f"drift-{kind}": "drift.found" for kind in DriftKind},
    "drift-passed": "drift.passed",
    "adopt": "drift.adopted",
    "ignore": "drift.ignored",
}
MOVED: Final = {state: f"request.{state}" for state in (*State, SENDING)}
EVENT_TYPES: Final = tuple(sorted({*TYPES.values(), *MOVED.values()}))
# Of the reasons in the log, those that are words of ours and no sentences of anybody's.
END_REASONS: Final = frozenset(EndReason)

DRIFT_KINDS: Final = frozenset(DriftKind)
OF_DRIFT: Final = frozenset({"drift.found", "drift.passed", "drift.adopted", "drift.ignored"})

# As the audit log has what was decided in Entra.
DECISIONS: Final[Mapping[str, Literal["approved", "denied"]]] = {
    Verb.APPROVE: "approved",
    Verb.DENY: "denied",
}

LATCHKEY: Final = "latchkey"
OPERATOR: Final = "cli:"
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class EventActor(_Facts):
    """The person, or Latchkey, that did it."""

    kind: Literal["person", "operator", "latchkey"]
    """A person in Slack, somebody at the command line, or Latchkey itself by a rule or the clock."""
    slack_user: Id | None = None
    """Of a person: the Slack user id."""
    entra_id: Id | None = None
    """Of a person, where it was checked: the Entra object id."""
    operator: Id | None = None
    """At the command line: LATCHKEY_OPERATOR, or the operating system's user."""


class EventRequest(_Facts):
    """The request that it is about."""

    id: Id
    kind: Kind
    """As it is when the event is sent: an extension whose access runs out becomes a request for new access."""
    asked_by: Id
    """
    The Slack user id of whoever asked, or `cli:` and a name; `latchkey` for what it does by itself, and for what somebody
    who is not in Slack has asked for in Entra.
    """
    graph_request_id: Id | None = None
    """The id of the request in Entra, once there is one."""
    made_in: Literal["entra"] | None = None
    """`entra`: it was made in Entra itself, at My Access, and found there; it begins as `pending`, and Latchkey has sent nothing of it."""


class EventEntraDecision(_Facts):
    """A decision about a stage that was made in Entra itself, and by no button in Slack."""

    stage: Annotated[int, Field(ge=1)]
    decision: Literal["approved", "denied"]
    entra_id: Id | None = None
    """The Entra object id of whoever has decided, where Entra says it."""


class EventPerson(_Facts):
    """The person whose access it is or would be."""

    slack_user: Id | None = None
    entra_id: Id | None = None


class EventPackage(_Facts):
    """The access package, named as it is when the event is sent."""

    id: Id
    name: str | None = None


class EventGroup(_Facts):
    """The group of Entra's directory in which drift was found."""

    id: Id
    """The Entra object id of the group that packages give."""
    nested_id: Id | None = None
    """Of drift of the kind `nested`: the Entra object id of the group within it, which it is about; there is no person then."""


class EventAssignment(_Facts):
    """The assignment in Entra."""

    id: Id
    ends_at: datetime | None = None
    """Until when, where the event is about that."""


class EventData(_Facts):
    """The data of an event: the action, and the request, access or person that it happened to."""

    position: Annotated[int, Field(ge=1)]
    """The row of the audit log; grows with each event, with gaps."""
    audit_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """The hash of that row, as `latchkey audit export` has it."""
    verb: str
    """The row's verb."""
    actor: EventActor
    request: EventRequest | None = None
    person: EventPerson | None = None
    package: EventPackage | None = None
    assignment: EventAssignment | None = None
    group: EventGroup | None = None
    before: State | Literal["sending"] | None = None
    after: State | Literal["sending"] | None = None
    """The states of the request, where it moved; of a new one, in which it begins."""
    decided_in_entra: tuple[EventEntraDecision, ...] | None = None
    """Names whoever has decided in Entra itself what this move is about, as far as it could be read there."""
    reason: str | None = None
    """The reason why access ended, the fault of it, or the kind of drift, in a word of Latchkey's; never what somebody wrote."""


class WebhookEvent(_Facts):
    """One event, as it is posted."""

    type: Literal[EVENT_TYPES]  # type: ignore[valid-type]
    timestamp: datetime
    """The moment when it happened."""
    data: EventData


def event_type(row: Mapping[str, Any]) -> str | None:
    """Return what kind of event a row of the audit log is; None: nothing that is sent."""
    if row["verb"] == "move":
        return MOVED.get(row["after"])
    return TYPES.get(row["verb"])


def event_id(row: Mapping[str, Any]) -> str:
    """
    Return the id of the event of a row: the same at each try and in a replay.

    The hash tells it from the row that stands in the same place after a restore.
    """
    return f"evt_{row['position']}_{row['hash'][:32]}"


def event_of(row: Mapping[str, Any]) -> WebhookEvent | None:
    """
    Make the event of a row of the audit log; None: it is nothing that is sent.

    Args:
        row: The row's columns, and those of its request and package under `request_…` and `package_name`.
    """
    kind = event_type(row)
    if kind is None:
        return None
    details = row["details"] or {}
    return WebhookEvent(
        type=kind,
        timestamp=row["at"].astimezone(UTC),
        data=EventData(
            position=row["position"],
            audit_hash=row["hash"],
            verb=row["verb"],
            actor=_actor(row),
            request=_request(row, details),
            person=_person(row),
            package=_package(row),
            assignment=_assignment(row, kind, details),
            group=_group(kind, details),
            before=row["before"] if row["before"] in MOVED else None,
            after=row["after"] if row["after"] in MOVED else None,
            decided_in_entra=_decided_in_entra(details),
            reason=_reason(row),
        ),
    )


def body_of(event: WebhookEvent) -> bytes:
    """Return an event as it is posted: JSON, without what is not known."""
    return event.model_dump_json(exclude_none=True).encode()


def _actor(row: Mapping[str, Any]) -> EventActor:
    actor = row["actor"]
    if actor == LATCHKEY:
        return EventActor(kind="latchkey")
    if actor.startswith(OPERATOR):
        return EventActor(kind="operator", operator=actor.removeprefix(OPERATOR) or None)
    return EventActor(kind="person", slack_user=actor, entra_id=row["actor_entra_id"])


def _request(row: Mapping[str, Any], details: Mapping[str, Any]) -> EventRequest | None:
    if row["request_kind"] is None:
        return None
    graph_id = row["request_graph_id"]
    is_found = graph_id is not None and row["request_id"] == id_of_entra_request(graph_id)
    return EventRequest(
        id=row["request_id"],
        kind=row["request_kind"],
        asked_by=row["request_asked_by"],
        # What was found there has had one from the first moment on.
        graph_request_id=graph_id if is_found else details.get("graph_request_id"),
        made_in="entra" if is_found and row["request_sent_as"] is None else None,
    )


def _decided_in_entra(details: Mapping[str, Any]) -> tuple[EventEntraDecision, ...] | None:
    decided = [
        EventEntraDecision(
            stage=each["stage"], decision=DECISIONS[each["verb"]], entra_id=each.get("entra_id")
        )
        for each in details.get("decided_in_entra") or ()
        if each.get("verb") in DECISIONS
    ]
    return tuple(decided) or None


def _person(row: Mapping[str, Any]) -> EventPerson | None:
    slack_user = row["request_holder"]
    entra_id = row["subject_entra_id"] or row["request_entra_id"]
    return EventPerson(slack_user=slack_user, entra_id=entra_id) if slack_user or entra_id else None


def _package(row: Mapping[str, Any]) -> EventPackage | None:
    package_id = row["package_id"] or row["request_package_id"]
    return EventPackage(id=package_id, name=row["package_name"]) if package_id else None


def _assignment(
    row: Mapping[str, Any], kind: str, details: Mapping[str, Any]
) -> EventAssignment | None:
    if row["assignment_id"] is None:
        return None
    ends_at = details.get("ends_at")
    if kind == MOVED[State.DELIVERED] and row["request_ends_at"] is not None:
        ends_at = row["request_ends_at"].astimezone(UTC)
    return EventAssignment(id=row["assignment_id"], ends_at=ends_at)


def _group(kind: str, details: Mapping[str, Any]) -> EventGroup | None:
    if kind not in OF_DRIFT or "group" not in details:
        return None
    return EventGroup(id=details["group"], nested_id=details.get("nested_group"))


def _reason(row: Mapping[str, Any]) -> str | None:
    if row["verb"].startswith("trouble-"):
        return str(row["verb"].removeprefix("trouble-"))
    if event_type(row) in OF_DRIFT:
        kind = (row["details"] or {}).get("kind")
        return kind if kind in DRIFT_KINDS else None
    return row["why"] if row["verb"] == "end" and row["why"] in END_REASONS else None
