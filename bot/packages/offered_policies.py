"""Makes of Graph's policies what a request form needs to know of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.packages import policy_scope, policy_terms
from bot.packages.eligibility import (
    askable_policies,
    is_extendable,
    is_returnable,
    lets_ask_for_oneself,
    rank_of,
)
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import NotAskable, Question
from bot.packages.unsupported import questions_of, unsupported_in_question
from bot.words import N_
from graph.models import AccessPackage, AssignmentPolicy

ELSEWHERE: Final = N_("Please ask for it in My Access.")
NOT_READ: Final = N_(
    "What it asks could not be read from Microsoft Entra. Please try again in a few minutes."
)


def offered(
    package: AccessPackage,
    whole: Mapping[str, AssignmentPolicy],
    *,
    at: datetime,
    hidden_by_default: bool = False,
) -> tuple[OfferedPolicy, ...]:
    """
    Return the policies under which people may ask for *package* at that moment, by name.

    Args:
        whole: The policies that could be read with their questions, by id.
        hidden_by_default: Whoever asks does not see who decides, where a policy leaves that to the tenant.
    """
    found = [
        offered_policy(package, whole.get(each.id, each), hidden_by_default=hidden_by_default)
        for each in askable_policies(package, at=at)
    ]
    return tuple(sorted(found, key=lambda each: (each.rank, each.name.casefold(), each.id)))


def not_offered(
    package: AccessPackage, *, at: datetime, hidden_by_default: bool = False
) -> tuple[OfferedPolicy, ...]:
    """Return the other policies of *package*, under which nobody may ask at that moment, by id."""
    askable = {each.id for each in askable_policies(package, at=at)}
    return tuple(
        offered_policy(package, each, hidden_by_default=hidden_by_default)
        for each in sorted(package.assignment_policies, key=lambda one: one.id)
        if each.id not in askable
    )


def offered_policy(
    package: AccessPackage, policy: AssignmentPolicy, *, hidden_by_default: bool = False
) -> OfferedPolicy:
    """Return one policy of *package*, for a form."""
    asked, why_not = _questions(package, policy)
    settings, expiration = policy.requestor_settings, policy.expiration
    length = expiration.duration if expiration else None
    kind = ((expiration and expiration.type) or "").casefold()
    return OfferedPolicy(
        id=policy.id,
        name=policy.display_name or policy.id,
        rank=rank_of(policy),
        lasts=policy_terms.lasts(expiration),
        stages=policy_terms.named_stages(
            policy, extending=False, hidden_by_default=hidden_by_default
        ),
        needs_reason=policy_terms.needs_reason(policy),
        questions=asked,
        not_askable=why_not,
        # Beta does not say; then it is not so.
        has_own_dates=bool(settings and settings.allow_custom_assignment_schedule),
        longest_seconds=int(length.total_seconds()) if length and kind == "afterduration" else None,
        latest_end=expiration.end_date_time if expiration and kind == "afterdatetime" else None,
        extension_stages=policy_terms.named_stages(
            policy, extending=True, hidden_by_default=hidden_by_default
        ),
        open_to=policy_scope.open_to(policy),
        only_users=policy_scope.only_users(policy),
        for_oneself=lets_ask_for_oneself(policy),
        managers_may_ask=policy_scope.managers_may_ask(settings),
        deciders=policy_terms.named_deciders(policy),
        may_extend=is_extendable(policy),
        may_return=is_returnable(policy),
    )


def _questions(
    package: AccessPackage, policy: AssignmentPolicy
) -> tuple[tuple[Question, ...], str | None]:
    """Return what is asked, or why that cannot be asked in Slack."""
    if policy.questions is None or any(
        given.role is None or given.role.resource is None or given.role.resource.attributes is None
        for given in package.resource_role_scopes
    ):
        return (), NOT_READ
    unsupported = [
        each for question in policy.questions for each in unsupported_in_question(question)
    ]
    if unsupported:
        return (), f"{unsupported[0][:1].upper()}{unsupported[0][1:]}. {ELSEWHERE}"
    try:
        return questions_of(package, policy), None
    except NotAskable as error:
        return (), N_("A question of its resources cannot be asked: {why}. {hint}").format(
            why=error, hint=ELSEWHERE
        )
