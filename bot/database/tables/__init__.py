"""The tables, for the statements and for the migrations: one module a subject, and all of them here."""

from bot.database.tables.accounts import account_tokens, accounts, sign_ins
from bot.database.tables.approvals import (
    ACCEPTED,
    IS_UNANSWERED,
    approver_questions,
    deciders,
    decisions,
)
from bot.database.tables.assignments import (
    ENDED_OUTSIDE,
    IS_OVER,
    STILL_TROUBLE,
    assignments,
    troubles,
)
from bot.database.tables.audit import audit, audit_checkpoints, audit_head
from bot.database.tables.columns import UtcDateTime, metadata
from bot.database.tables.drift import IS_CURRENT_DRIFT, IS_OPEN_DRIFT, drift
from bot.database.tables.emergencies import (
    IS_UNPROCESSED_FINDING,
    REVIEW_IS_OPEN,
    UNTOLD,
    emergencies,
    findings,
)
from bot.database.tables.notifications import homes, notices
from bot.database.tables.operations import allowances, control, inbox, slack_waits, sweeps
from bot.database.tables.packages import packages, settings_bindings
from bot.database.tables.people import (
    COUNTS_AS_BOUND,
    IS_PROVEN_ELSEWHERE,
    NOT_CANCELED,
    contacts,
    delegations,
    languages,
    people,
)
from bot.database.tables.requests import (
    GAVE,
    IS_ENDED,
    IS_OPEN,
    IS_PAST_FOR_OTHER,
    IS_PENDING,
    IS_REMOVAL,
    IS_TRIED,
    TELLS_ADMINS,
    forms,
    holds,
    requests,
)
from bot.database.tables.webhooks import dead_events, webhooks

__all__ = [
    "ACCEPTED",
    "COUNTS_AS_BOUND",
    "ENDED_OUTSIDE",
    "GAVE",
    "IS_CURRENT_DRIFT",
    "IS_ENDED",
    "IS_OPEN",
    "IS_OPEN_DRIFT",
    "IS_OVER",
    "IS_PAST_FOR_OTHER",
    "IS_PENDING",
    "IS_PROVEN_ELSEWHERE",
    "IS_REMOVAL",
    "IS_TRIED",
    "IS_UNANSWERED",
    "IS_UNPROCESSED_FINDING",
    "NOT_CANCELED",
    "REVIEW_IS_OPEN",
    "STILL_TROUBLE",
    "TELLS_ADMINS",
    "UNTOLD",
    "UtcDateTime",
    "account_tokens",
    "accounts",
    "allowances",
    "approver_questions",
    "assignments",
    "audit",
    "audit_checkpoints",
    "audit_head",
    "contacts",
    "control",
    "dead_events",
    "deciders",
    "decisions",
    "delegations",
    "drift",
    "emergencies",
    "findings",
    "forms",
    "holds",
    "homes",
    "inbox",
    "languages",
    "metadata",
    "notices",
    "packages",
    "people",
    "requests",
    "settings_bindings",
    "sign_ins",
    "slack_waits",
    "sweeps",
    "troubles",
    "webhooks",
]
