"""
Name every column that says something of people, so that somebody can be forgotten in all of them.

An id is found in any column of any table; a name or somebody's words only in the row that says whose they are.
"""

from collections.abc import Mapping
from typing import Any, Final

# What stands in the place of somebody's words.
FORGOTTEN: Final = "(forgotten)"
# Names, by the columns of the same row that say whose they are.
NAMES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "request": {"holder_name": ("entra_id", "holder", "wanted_for")},
    "decision": {"name": ("entra_id", "slack_user"), "for_name": ("for_entra_id", "for_user")},
    "assignment": {"holder_name": ("entra_id", "holder")},
    "emergency": {
        "closed_name": ("closed_by", "closed_entra_id"),
        "for_name": ("for_user",),
    },
    "drift": {"person_name": ("entra_id",)},
}
# Words that people have written, or that were written about them.
WORDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "request": {
        "justification": ("entra_id", "holder", "asked_by", "wanted_for"),
        "why": ("entra_id", "holder", "asked_by", "wanted_for"),
        "cancel_why": ("entra_id", "holder", "asked_by", "wanted_for"),
        "not_canceled_why": ("entra_id", "holder", "asked_by", "wanted_for"),
    },
    "decision": {
        "reason": ("slack_user", "entra_id", "holder", "holder_entra_id"),
        "why": ("slack_user", "entra_id", "holder", "holder_entra_id"),
    },
    "approver_question": dict.fromkeys(
        ("question", "why", "answer"), ("slack_user", "requester", "holder", "answered_by")
    ),
    "assignment": {"ended_why": ("entra_id", "holder")},
    "delegation": {"canceled_why": ("delegator", "delegate")},
    "trouble": {"answer": ("wanted_by",)},
    "emergency": {"comment": ("holder", "entra_id", "closed_by", "closed_entra_id", "for_user")},
    "finding": {"comment": ("slack_user", "entra_id"), "why": ("slack_user", "entra_id")},
    "drift": {"why": ("entra_id", "wanted_by", "done_by"), "answer": ("wanted_by",)},
}
# Words within JSON, by the members of the same object that say whose they are: why somebody decided in Entra, or removed.
WORDS_IN_JSON: Final[Mapping[str, tuple[str, ...]]] = {
    "reason": ("entra_id", "name"),
    "why": ("by",),
}
# What the details of the audit log's rows are made of: `tests/audit_details.py` fails the test in which another name is written.
# Somebody's words, and what others say of them, by what is left of it in rows that are theirs: about them, or by them.
DETAILS_OWN: Final[Mapping[str, Any]] = {"answers": {}, "comment": FORGOTTEN, "error": FORGOTTEN}
# Who or what it is about, by id or by name: it stays, without whoever is forgotten.
DETAILS_NAMING: Final = frozenset(
    {
        *("about", "decided_in_entra", "delegate", "delegator", "done_by", "for", "group", "host"),
        *("nested_group", "os_user", "people", "person", "signed_in_as", "sudo_user"),
    }
)
# What has nobody's name in it: numbers, moments, states, and the ids of things.
DETAILS_PLAIN: Final = frozenset(
    {
        *("already", "approval", "approval_skipped", "approved_until", "archive", "as", "as_admin"),
        *("asked_at", "audit_rows", "before", "canceled", "catalogs", "contexts", "decided_as"),
        *("done_at", "endpoint", "ends_at", "finding", "first", "format", "found_in", "from"),
        *("graph_client_request_id", "graph_exchange_id", "graph_request", "graph_request_id"),
        *("kind", "last", "made_in", "mismatch", "of", "over", "package", "packages", "policy"),
        *("question", "refused", "replays", "requests", "review_by", "rows", "scopes", "sign_in"),
        *("signed_in_at", "since", "starts_at", "terms_hash", "times", "to", "until", "wanted"),
        *("where", "without"),
    }
)
# What is somebody's own as a whole, and what is left of it: answers, and where in Slack they were written to or clicked.
OWN_VALUES: Final[Mapping[str, Mapping[str, tuple[tuple[str, ...], Any]]]] = {
    "request": {
        "answers": (("entra_id", "holder", "asked_by", "wanted_for"), {}),
        "evidence": (("entra_id", "holder"), None),
    },
    "notice": {"channel": (("recipient",), None), "ts": (("recipient",), None)},
    "decision": {"channel": (("slack_user",), None)},
}
# Rows about one person and nothing else: they are deleted.
OF_ONE: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("slack_user", "entra_id"),
    "contact": ("entra_id", "slack_user"),
    "home": ("slack_user",),
    "language": ("slack_user",),
    "form": ("slack_user",),
    "allowance": ("slack_user",),
    "account": ("slack_user", "entra_id"),
    "account_token": ("slack_user",),
    "sign_in": ("slack_user", "other_entra_id"),
}
# Keys that may have an id among other words.
COMPOSED: Final[Mapping[str, str]] = {"notice": "key"}
# What is no person's: Entra's configuration and our own, machines' words, what is kept for hours.
NOT_OF_PEOPLE: Final = frozenset(
    {
        *("alembic_version", "audit", "audit_checkpoint", "audit_head", "control", "inbox"),
        *("package", "slack_wait", "sweep", "webhook", "webhook_dead"),
    }
)
# Texts and names of the other tables that are no person's.
NOT_PERSONAL: Final = frozenset(
    {
        *(
            "assignment.package_name",
            "drift.group_name",
            "drift.package_name",
            "request.package_name",
            "request.wanted_policy_id",
        ),
        *("decision.proven_contexts", "delegation.proven_contexts"),
        *("hold.why", "notice.dropped_why", "trouble.why", "request.no_emergency_why"),
    }
)
