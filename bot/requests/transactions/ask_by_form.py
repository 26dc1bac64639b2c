"""Ask for a package by the form."""

from dataclasses import replace
from typing import Final

from bot import clock
from bot.database import Transaction
from bot.database.replicas.limits import Limit
from bot.errors import TooLate, WrongFields
from bot.packages import names as package_names
from bot.packages.model import Package
from bot.packages.offers import agreed_dates, find_wrong_dates
from bot.packages.questions import find_wrong_answers, normalize_answers
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.requests.model import Kind
from bot.requests.state_machine import FilledAnew
from bot.requests.store import request_lists
from bot.requests.transactions.ask import find_held
from bot.requests.transactions.creation import (
    TOO_MANY,
    Submitted,
    check_member,
    check_not_sent,
    count,
    find_asked_for,
    insert,
    new_request,
    new_request_for,
    note_sent,
)
from bot.requests.transactions.emergencies import find_wrong_fields, make_urgent
from bot.requests.transactions.filled_form import FilledForm
from bot.words import N_

FOR_OTHERS_ONLY: Final = N_(
    "Please choose somebody who reports to you: managers ask for it, and nobody for themselves."
)


def ask_by_form(
    db: Transaction, filled: FilledForm, asks: Limit, package_settings: PackageSettingsFile
) -> Submitted:
    check_member(db, filled.slack_user)
    package = catalog.find(db, filled.package_id)
    if package is None or not package.can_be_asked_for:
        raise TooLate(N_("That package is not offered any more."))
    policy = next((each for each in package.policies if each.id == filled.policy_id), None)
    if policy is None:
        raise WrongFields({"policy": N_("Please choose one.")})
    if not policy.for_oneself and not filled.is_on_behalf:
        raise WrongFields({"for_whom": FOR_OTHERS_ONLY})
    if policy.not_askable:
        raise WrongFields({"policy" if filled.is_chosen else "reason": policy.not_askable})
    now = clock.now()
    reason = package_names.clean(filled.reason or "")[: package_names.LONGEST_REASON] or None
    fields = find_wrong_dates(policy, start=filled.start, end=filled.end, now=now)
    if policy.needs_reason and reason is None:
        fields["reason"] = N_("Please say why you need it.")
    settings = package_settings.settings_for(
        package.name, package_id=package.id, catalog=package.catalog
    )
    if filled.is_emergency:
        fields |= find_wrong_fields(filled, package.name, settings.break_glass, reason)
    rule = settings.reason
    if rule is not None and not rule.takes(reason):
        fields["reason"] = rule.hint
    answers = normalize_answers(policy.questions, filled.answers)
    wrong = find_wrong_answers(policy.questions, answers)
    if fields or wrong:
        raise WrongFields(fields, wrong)
    starts_at, ends_at = agreed_dates(policy, start=filled.start, end=filled.end, now=now)
    # Answers belong to the policy that asked; so does a choice.
    wanted_policy_id = policy.id if filled.is_chosen or answers or ends_at else None
    if filled.is_on_behalf:
        if (
            before := find_asked_for(db, filled.slack_user, filled.wanted_for, package)
        ) is not None:
            return before
        # What the other has asked for is nobody else's to know: it is looked at with the right to ask for them.
        request = new_request_for(filled.slack_user, filled.wanted_for, package, reason)
    else:
        already = request_lists.open_of(db, filled.slack_user, package.id, Kind.ADD)
        if already is not None:
            said_now = FilledAnew(answers=answers, wanted_policy_id=wanted_policy_id)
            if filled.is_emergency and (urgent := make_urgent(db, already, reason, asks, said_now)):
                note_sent(db, filled.sending, package.id)
                return urgent
            return Submitted(request=already, created=False)
        for held in find_held(db, [filled.slack_user], [package.id]).values():
            raise held
        request = new_request(filled.slack_user, package, reason)
    check_not_sent(db, filled.sending, package.id, request.wanted_for)
    count(db, filled.slack_user, asks, TOO_MANY)
    return insert(
        db,
        replace(
            request,
            answers=answers,
            emergency=filled.is_emergency,
            wanted_policy_id=wanted_policy_id,
            starts_at=starts_at,
            ends_at=ends_at,
        ),
    )


def ask_for_other(
    db: Transaction,
    slack_user: str,
    wanted_for: str | None,
    package: Package,
    reason: str | None,
    asks: Limit,
    sending: str | None = None,
) -> Submitted:
    """Save a request for somebody else, for a package that asks nothing but a reason."""
    check_member(db, slack_user)
    if (before := find_asked_for(db, slack_user, wanted_for, package)) is not None:
        return before
    check_not_sent(db, sending, package.id, wanted_for)
    count(db, slack_user, asks, TOO_MANY)
    return insert(db, new_request_for(slack_user, wanted_for, package, reason))
