"""Say what an evidence pack is: what was asked for, and what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.database.audit_log.audit_pages import AuditFilter
from bot.requests.model import SENDING, State


@dataclass(frozen=True, kw_only=True)
class PackScope:
    """
    Say what a pack is about; without anything, the whole log.

    Attributes:
        since, until: Rows from the one moment on and before the other.
        person, package: What was typed, for people who read the pack.
        rows: The person and the package by id.
    """

    since: datetime | None = None
    until: datetime | None = None
    person: str | None = None
    package: str | None = None
    rows: AuditFilter = field(default_factory=AuditFilter)

    def is_about(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a row of the audit log is asked for."""
        wanted = self.rows
        about_people = wanted.actors or wanted.entra_ids
        is_theirs = (
            row["actor"] in wanted.actors
            or row["actor_entra_id"] in wanted.entra_ids
            or row["subject_entra_id"] in wanted.entra_ids
            # What a delegate has decided in their place.
            or (row["details"] or {}).get("for") in (*wanted.actors, *wanted.entra_ids)
        )
        return (
            (self.since is None or row["at"] >= self.since)
            and (self.until is None or row["at"] < self.until)
            and (not about_people or is_theirs)
            and wanted.package_id in (None, row["package_id"])
        )


@dataclass(frozen=True, kw_only=True)
class ChainedRow:
    """
    A row of the audit log with the hash of the row before it.

    Attributes:
        row: Its columns.
    """

    before: str
    row: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PackDecision:
    """
    A decision that counted.

    Attributes:
        verb: "approve" or "deny".
        stage: From 1 on.
        acting_for: The approver whose delegate they are, by name.
    """

    at: datetime
    verb: str
    stage: int
    slack_user: str
    entra_id: str | None
    name: str | None
    as_admin: bool
    acting_for: str | None
    reason: str | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class PackRequest:
    """
    A request, for whom, and under which terms it was decided.

    Attributes:
        terms: As its row has them; None: it never came so far.
    """

    id: str
    kind: str
    state: str
    holder: str | None
    holder_name: str | None
    entra_id: str | None
    asked_by: str
    package_id: str
    package_name: str
    justification: str | None
    why: str | None
    asked_at: datetime
    ended_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    terms: Mapping[str, Any] | None
    terms_hash: str | None
    decisions: Sequence[PackDecision] = ()

    @property
    def shown_state(self) -> str:
        """Return the state in the word that the log has for it."""
        is_sending = self.state == State.APPROVED and (self.terms or {}).get("entra_decides")
        return SENDING if is_sending else self.state

    @property
    def policy_name(self) -> str | None:
        return str(self.terms["policy_name"]) if self.terms else None


@dataclass(frozen=True, kw_only=True)
class PackContent:
    """
    The content of a pack.

    Attributes:
        rows: Oldest first; besides those that were asked for, all others about the same requests.
        requests: Those that the rows are about.
        people: Names by Slack id and by Entra id.
        packages: Names by id.
        head: Where the log ended when it was read: place and hash.
        archived: How many rows had been archived by then.
    """

    rows: Sequence[ChainedRow]
    requests: Sequence[PackRequest]
    people: Mapping[str, str]
    packages: Mapping[str, str]
    head: tuple[int, str]
    archived: int

    @property
    def deleted(self) -> int:
        """Return how many requests the rows are about that are kept no more."""
        named = {each.row["request_id"] for each in self.rows} - {None}
        return len(named - {each.id for each in self.requests})
