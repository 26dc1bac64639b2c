"""
The table of what is changed: modules, or parts of them, and the tests that must notice.

The tests of a module are tried in the order in which they stand here: those nearest to it first.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    A module, or what of it is named here, and the test files that must notice, in whatever folder they lie.

    Attributes:
        only: The beginning of what is said of a change, where only some are to be tried: "Approvers.find".
    """

    file: str
    parts: frozenset[str] = frozenset()
    only: str = ""
    tests: tuple[str, ...]
    # SQLite is enough for what has no other dialect on PostgreSQL.
    on_both: bool = False


RULE: Final = frozenset(
    {
        *(
            "OWN",
            "ASKERS",
            "HOLDERS",
            "BENEFICIARIES",
            "REQUESTERS",
            "MANAGERS_OR_ADMINS",
        ),
        *("OF_DECIDERS", "REVIEWS", "ADMINS", "ON_DRIFT", "SELF_OR_ADMIN"),
        *("Actor", "may", "_may_review", "_may_act_for"),
    }
)
VOICES: Final = frozenset({"approvals_of", "has_voice", "voices_of", "decided_before"})
# What tells people their own delegations, and reads what they have typed, says nothing of who may.
DELEGATING: Final = frozenset({"DelegationService", "make_delegation", "cancel_delegation"})
PROVING: Final = frozenset({"SignedDelegations", "_digest", "_own_in_force", "_prove"})
QUESTIONS: Final = frozenset(
    {
        *("QuestionProcessor", "begin_question", "ask_question", "open_question"),
        *("answer_question", "_settle", "_refuse_own", "_waiting", "_is_waiting"),
    }
)
MOVES: Final = frozenset({"MOVES", "OPEN", "ENDED"})
TARGETS: Final = (
    Target(file="bot/people/permissions.py", parts=RULE, tests=("test_may.py",)),
    Target(
        file="bot/people/actors.py",
        tests=(
            *("test_permissions.py", "test_deciding_for_another.py"),
            *("test_contexts_of_delegations.py", "test_replaced_delegations.py"),
        ),
    ),
    Target(
        file="bot/packages/eligibility.py",
        tests=("test_policy_scope.py", "test_evaluation.py"),
    ),
    Target(file="bot/packages/unsupported.py", tests=("test_unsupported.py",)),
    Target(file="bot/packages/facts.py", tests=("test_facts.py",)),
    Target(file="bot/people/admins.py", tests=("test_roster.py", "test_permissions.py")),
    Target(file="bot/people/approvers.py", tests=("test_approvers.py",)),
    Target(
        file="bot/people/delegates.py",
        tests=(
            *("test_permissions.py", "test_who_lets_decide.py"),
            *("test_emergency_rules.py", "test_delegates.py"),
            "test_proven_delegations.py",
        ),
    ),
    Target(
        file="bot/people/store/delegations.py",
        tests=(
            *("test_store_delegations.py", "test_store_delegations_kept.py"),
            *("test_delegations.py", "test_delegates.py"),
            "test_proven_delegations.py",
        ),
    ),
    Target(file="bot/packages/policy_terms.py", tests=("test_terms.py", "test_policy_terms.py")),
    Target(
        file="bot/packages/settings/file.py",
        tests=("test_settings_file.py", "test_bindings.py", "test_quiet_hours.py"),
    ),
    *(
        Target(
            file=f"bot/packages/settings/{module}.py",
            tests=("test_strictest.py", "test_bindings.py", "test_settings_file.py"),
        )
        for module in ("bindings", "strictest", "remembered")
    ),
    Target(
        file="bot/approvals/recipients.py",
        tests=("test_recipient_lookups.py", "test_recipient_turns.py", "test_recipients.py"),
    ),
    Target(
        file="bot/approvals/lookup_order.py",
        tests=("test_lookup_order.py", "test_recipient_turns.py"),
    ),
    Target(file="bot/approvals/model.py", parts=VOICES, tests=("test_voices.py",)),
    Target(
        file="bot/approvals/delegations.py",
        parts=DELEGATING,
        tests=("test_delegations.py", "test_delegation_service.py"),
    ),
    Target(
        file="bot/approvals/questioning.py",
        parts=QUESTIONS,
        tests=("test_questioning.py", "test_approver_questions.py"),
    ),
    Target(file="bot/approvals/ends.py", tests=("test_ends.py",)),
    Target(
        file="bot/approvals/transactions.py",
        tests=(
            *("test_drafts.py", "test_approving_for_less.py", "test_approving_several.py"),
            *("test_deciding.py", "test_fresh_sign_in.py"),
        ),
    ),
    Target(
        file="bot/approvals/signed.py",
        tests=("test_fresh_sign_in.py", "test_entra_fresh_sign_in.py"),
    ),
    Target(file="bot/approvals/reach.py", tests=("test_delegating_in_entra.py",)),
    Target(
        file="bot/accounts/freshness.py",
        tests=("test_fresh_sign_in.py", "test_proven_delegations.py"),
    ),
    Target(
        file="bot/approvals/signed_delegations.py",
        parts=PROVING,
        tests=(
            *("test_signed_delegations.py", "test_contexts_of_delegations.py"),
            *("test_proven_delegations.py",),
        ),
    ),
    Target(
        file="bot/notifications/approvals/delegation_news.py",
        parts=frozenset({"DelegationNews", "content_of", "_owed", "_steps_of_proof", "_close"}),
        tests=(
            *("test_delegation_news.py", "test_delegates.py"),
            *("test_contexts_of_delegations.py", "test_replaced_delegations.py"),
        ),
    ),
    Target(
        file="bot/approvals/in_entra.py",
        tests=("test_entra_rights.py", "entra/test_entra_decides.py", "test_entra_edges.py"),
    ),
    Target(
        file="bot/approvals/review.py",
        tests=(
            *("test_approving_several.py", "test_replies.py", "test_pending_list.py"),
            *("test_questioning.py", "test_review.py"),
        ),
    ),
    Target(
        file="bot/emergencies/processing.py",
        tests=("test_emergencies.py", "test_emergency_rules.py"),
    ),
    Target(
        file="bot/emergencies/reviewers.py",
        tests=("test_emergencies.py", "test_emergency_rules.py", "test_reviewers.py"),
    ),
    Target(
        file="bot/requests/evaluation/emergencies.py",
        tests=("test_emergency_rules.py", "test_emergencies.py"),
    ),
    Target(
        file="bot/drift/transactions.py",
        tests=("test_store_mismatches.py", "test_drift_answers.py", "test_drift.py"),
    ),
    Target(
        file="bot/sync/drift_answers.py",
        tests=("test_store_mismatches.py", "test_drift_answers.py", "test_drift.py"),
    ),
    Target(file="bot/requests/in_entra/justification.py", tests=("test_justification.py",)),
    Target(file="bot/people/identity.py", tests=("test_people.py",)),
    Target(file="bot/requests/model/states.py", parts=MOVES, tests=("test_store_moves.py",)),
    *(
        Target(
            file=f"bot/requests/store/{module}.py",
            tests=("test_store_moves.py", "test_store_requests.py", "test_store_claims.py"),
        )
        for module in ("requests", "request_rows", "redraws", "current_stage")
    ),
    Target(file="bot/requests/store/claims.py", tests=("test_store_claims.py",), on_both=True),
    *(
        Target(
            file=f"bot/approvals/{module}.py",
            tests=(
                "test_processing.py",
                "test_deciding.py",
                "test_drafts.py",
                "test_holding.py",
                "test_held_requests.py",
            ),
        )
        for module in ("processing", "accepting", "in_time", "admin_checks")
    ),
    *(
        Target(
            file=f"bot/requests/in_entra/{module}.py",
            tests=(
                *("test_submission.py", "test_pause.py", "test_recheck.py"),
                *("test_holding.py", "test_held_requests.py", "test_restored.py"),
            ),
        )
        for module in ("submission", "graph_request")
    ),
    Target(
        file="bot/notifications/outbox.py",
        tests=("test_sending.py", "test_notices.py", "test_reminders.py", "test_faults_slack.py"),
    ),
    # Whatever the tenant says, people are sent to a host of Microsoft's.
    Target(file="bot/packages/opening.py", tests=("test_opening.py",)),
)


def name_of(part: ast.stmt) -> str | None:
    """Return what a statement of a module defines."""
    if isinstance(part, ast.AnnAssign):
        return ast.unparse(part.target)
    if isinstance(part, ast.Assign):
        return ast.unparse(part.targets[0])
    return getattr(part, "name", None)


def files_of(target: Target) -> list[str]:
    """
    Return where the tests of a target are now.

    Raises:
        LookupError: One of them is nowhere.
    """
    found = {name: sorted(map(str, Path("tests").rglob(name))) for name in target.tests}
    if missing := [name for name, files in found.items() if not files]:
        raise LookupError(f"{target.file}: no test is called {', '.join(missing)}")
    return [file for files in found.values() for file in files]


def missing_parts(target: Target) -> set[str]:
    """Return what a target names that its module does not have any more."""
    tree = ast.parse(Path(target.file).read_text())
    return set(target.parts) - {str(name_of(part)) for part in tree.body}
