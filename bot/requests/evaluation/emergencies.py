"""Judge whether somebody gets access at once, without an approval: what holds beside all that holds for anybody who asks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot import clock
from bot.database import Store, Transaction
from bot.emergencies.model import Emergency, Finding
from bot.emergencies.store import emergencies
from bot.errors import LatchkeyError
from bot.packages.eligibility import Refusal, RefusalReason
from bot.packages.model import EmergencyTerms, Terms
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import BreakGlass, BreakGlassPeople
from bot.people.identity import Identity
from bot.requests.evaluation.facts import RequestFacts
from bot.requests.evaluation.rules import refused
from bot.requests.model import Request
from bot.words import N_, N_ngettext
from graph.models import AssignmentPolicy

WEEK: Final = timedelta(days=7)
# For so long after a review has taken somebody's emergency access away they get no other, however late it came.
AFTER_REMOVAL: Final = timedelta(days=30)
# Questions to the on-call service that may fail in a row, before the answer counts as no.
MOST_FAILURES: Final = 2

NOT_OFFERED: Final = N_("This package gives no emergency access.")
NOT_FOR_OTHERS: Final = N_("Emergency access is for yourself only.")
NO_APPROVAL: Final = N_("Nobody has to approve this package, so it needs no emergency.")
REMOVED_LATELY: Final = N_(
    "This access was removed from you lately, so somebody has to approve it."
)
NOT_REVIEWED: Final = N_("Your last emergency access to this package has not been reviewed yet.")
TAKEN_AWAY: Final = N_(
    "Your emergency access to this package was taken away after its review less than 30 days ago."
)
NOT_ON_CALL: Final = N_("You are not on call for it, by the on-call schedule.")
ON_CALL_UNKNOWN: Final = N_("I could not find out whether you are on call.")
LENGTH_UNKNOWN: Final = N_(
    "I cannot tell how long its policy lets access last, so I cannot give less than that."
)


class NoEmergency(Exception):
    """It is no emergency by the rules of emergencies, and goes on as a request like any other; a sentence says why."""


class OnCallUnavailable(LatchkeyError):
    """The on-call service gives no answer that can be believed."""


class OnCall(Protocol):
    """Tells who is on call."""

    async def is_on_call(self, identity: Identity, request: Request, terms: Terms) -> bool:
        """
        Tell whether somebody is on call for the package that they ask for.

        Raises:
            OnCallUnavailable: There is no answer, or none that can be believed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class EmergencyEvaluator:
    """
    Evaluates emergencies.

    Attributes:
        on_call: None where no service is set.
    """

    store: Store
    package_settings: PackageSettingsFile
    on_call: OnCall | None

    async def evaluate(
        self,
        request: Request,
        identity: Identity,
        terms: Terms,
        policy: AssignmentPolicy,
        facts: RequestFacts,
    ) -> tuple[Terms, datetime]:
        """
        Return the terms of access at once, and its end; nobody approves it, and all else that holds for it stays.

        Args:
            terms: As they are for a request like any other.

        Raises:
            NoEmergency: It is none by the settings of the package, and goes on as a request like any other.
            OnCallUnavailable: It is not known yet whether they are on call.
            Refused: The policy gives nothing any more.
        """
        found = self.package_settings.settings_for(
            request.package_name,
            package_id=request.package_id,
            catalog=terms.catalog,
            policy=terms.policy_name,
        ).break_glass
        if found is None:
            raise NoEmergency(NOT_OFFERED)
        if request.is_on_behalf:
            raise NoEmergency(NOT_FOR_OTHERS)
        await self.store.read(_check_limits, identity.user.id, request, found)
        if terms.removal is not None:
            raise NoEmergency(REMOVED_LATELY)
        if not terms.stages:
            raise NoEmergency(NO_APPROVAL)
        end = _end(policy, found.lasts)
        if found.people is BreakGlassPeople.ON_CALL:
            await self._check_on_call(request, identity, terms, facts)
        emergency = EmergencyTerms(
            seconds=int(found.lasts.total_seconds()),
            review_seconds=int(found.review_within.total_seconds()),
            stages=terms.stages,
        )
        return replace(terms, stages=(), emergency=emergency, approved_until=None), end

    async def _check_on_call(
        self, request: Request, identity: Identity, terms: Terms, facts: RequestFacts
    ) -> None:
        if facts.is_on_call is None:
            if self.on_call is None:
                raise NoEmergency(ON_CALL_UNKNOWN)
            try:
                facts.is_on_call = await self.on_call.is_on_call(identity, request, terms)
            except OnCallUnavailable:
                if request.failures >= MOST_FAILURES:
                    raise NoEmergency(ON_CALL_UNKNOWN) from None
                raise
        if not facts.is_on_call:
            raise NoEmergency(NOT_ON_CALL)


def _check_limits(db: Transaction, entra_id: str, request: Request, found: BreakGlass) -> None:
    now = clock.now()
    still_open = emergencies.open_of(db, entra_id, request.package_id)
    if still_open is not None and still_open.request_id != request.id:
        raise NoEmergency(NOT_REVIEWED)
    before = [
        each
        for each in emergencies.lately(db, entra_id, request.package_id, since=now - AFTER_REMOVAL)
        if each.request_id != request.id
    ]
    if any(_was_taken_away(each) for each in before):
        raise NoEmergency(TAKEN_AWAY)
    count = sum(each.opened_at > now - WEEK for each in before)
    if count >= found.most_a_week:
        raise NoEmergency(
            N_ngettext(
                "One person may have emergency access to this package once in seven days, and you have had it.",
                "One person may have emergency access to this package {count} times in seven days, and you have had it.",
                found.most_a_week,
            ).format(count=found.most_a_week)
        )


def _was_taken_away(emergency: Emergency) -> bool:
    return emergency.finding is Finding.REMOVE


def _end(policy: AssignmentPolicy, lasts: timedelta) -> datetime:
    """
    Return when access ends that begins now: never later than by the policy.

    Raises:
        Refused: The policy gives nothing any more: its date has passed while it was looked at.
    """
    expiration, now = policy.expiration, clock.now()
    if expiration is not None and expiration.is_unsaid:
        raise NoEmergency(LENGTH_UNKNOWN)
    latest = expiration.end_from(now) if expiration else None
    if latest is not None and latest <= now:
        # `eligibility` has judged an earlier moment: access that ends as it begins would be taken for a failed delivery.
        raise refused(Refusal(reason=RefusalReason.ENDED, policy=policy))
    return min(now + lasts, latest) if latest else now + lasts
