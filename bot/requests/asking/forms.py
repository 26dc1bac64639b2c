"""
Read what somebody must know to ask: packages, policies, what a form asks, why something was refused.

Nothing is asked for here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.database import Busy, Store
from bot.database.replicas import limits
from bot.errors import NotAllowed, NotAMember, TooLate
from bot.messages.requests.asking_again import RefusalExplained
from bot.packages.catalog import OfferedPackages
from bot.packages.local_approval import with_local_approval
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import BreakGlass, PackageSettings
from bot.packages.store import catalog
from bot.packages.suggestions import (
    Applicant,
    Prospect,
    Suggestion,
    is_for_some,
    offered_to,
    prospect_under_policies,
    suggest,
)
from bot.people.guard import Guard
from bot.requests.asking.applicant import find_applicant
from bot.requests.asking.policy_choice import FormPolicies, FormPolicyFinder
from bot.requests.model import AskedTogether, KnownPackage, Request
from bot.requests.store import forms as reasons
from bot.requests.store import requests
from bot.requests.store.askers import AskedPackage, KnownAsker, find_askers
from bot.words import N_


@dataclass(frozen=True, kw_only=True)
class RequestToRepeat:
    """A request that somebody wants to ask once more, and its package as it is offered now."""

    request: Request
    package: Package


@dataclass(frozen=True, kw_only=True)
class PersonalOffer:
    """
    Hold what somebody may ask for, as far as it is known.

    Attributes:
        packages: What they may have first.
        prospects: Of those that they have or have asked for, by package.
        refusal: Why they can ask for nothing, a sentence; None: they can.
        is_known: Whether they are a member is known; otherwise they may be a guest.
    """

    packages: tuple[Package, ...]
    prospects: Mapping[str, Prospect] = field(default_factory=dict)
    refusal: str | None = None
    is_known: bool = True


class RequestForms:
    """Reads what is shown to somebody who asks, or who wants to know what became of it."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        policy_finder: FormPolicyFinder,
        offering: OfferedPackages,
        package_settings: PackageSettingsFile,
        help_channel: str,
        removed_for: timedelta,
    ) -> None:
        """
        Args:
            help_channel: The Slack id of the channel where people find help, unless the package has its own.
            removed_for: For so long an admin must agree before somebody gets back what an admin has removed.
        """
        self._store = store
        self._guard = guard
        self._policy_finder = policy_finder
        self._offering = offering
        self._package_settings = package_settings
        self._help_channel = help_channel
        self._removed_for = removed_for

    async def read_name(self, text: str) -> tuple[Package, str | None]:
        """
        Return the package that *text* names, and the reason that it gives; asks for nothing.

        Raises:
            UnknownPackage, WhichPackage: It names none, or may mean several.
        """
        return (await self._offering.now()).read(text)

    async def offered_packages(self) -> tuple[Package, ...]:
        """Return what may be asked for in this workspace, by name; who may, is checked when they do."""
        return (await self._offering.now()).shown.packages

    async def offer_to(self, slack_user: str) -> PersonalOffer:
        """Return what somebody may ask for, by our own rows alone."""
        offered, applicant = await self._offering.beside(find_applicant, slack_user)
        refusal = applicant.guest_sentence
        packages = () if refusal else offered_to(offered.shown.packages, applicant)
        is_known = applicant.entra_id is not None or refusal is not None
        prospects = {
            **dict.fromkeys(applicant.asked, Prospect.ASKED_ALREADY),
            **dict.fromkeys(applicant.has, Prospect.HAS_ALREADY),
        }
        return PersonalOffer(
            packages=packages, prospects=prospects, refusal=refusal, is_known=is_known
        )

    async def find_offer(self, slack_user: str) -> PersonalOffer:
        """
        Return what somebody may ask for of whom nothing was known.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        refusal = await self.find_form_refusal(slack_user=slack_user)
        if refusal is not None:
            return PersonalOffer(packages=(), refusal=refusal)
        return await self.offer_to(slack_user)

    async def find_package(self, package_id: str) -> Package | None:
        """Return a package as it was synced last, with the quorums of the package settings; None if it is not known."""
        package = await self._store.read(catalog.find, package_id)
        return None if package is None else with_local_approval(package, self._package_settings)

    async def find_packages(self, package_ids: Sequence[str]) -> list[Package]:
        """Return those of the packages that can be asked for, in the same order."""
        offered = await self._offering.now()
        found = (offered.askable.by_id(each) for each in package_ids)
        return [package for package in found if package is not None]

    async def suggest_packages(self, *, slack_user: str, typed: str) -> list[Suggestion]:
        """
        Return the packages that *typed* may mean, those first that this person may have, by our own rows alone.

        Raises:
            Busy: The database does not answer.
        """
        offered, applicant = await self._offering.beside(find_applicant, slack_user)
        return suggest(offered.shown, typed, applicant)

    async def find_known(self, request: Request, asker: KnownAsker | None = None) -> KnownPackage:
        """
        Return the package of a request that has just been made, and what our own rows know of whoever made it.

        Args:
            asker: What the transaction has found of them that saved it; None: it did not look.
        """
        package = (await self._offering.known()).package(request.package_id)
        if request.is_on_behalf:
            # What is known of the other is nobody else's to know.
            return KnownPackage(package=package)
        if asker is None:
            removed_for = self._removed_for
            if package is not None:
                removed_for = self._settings_of(package).counts_removals_for(removed_for)
            about = AskedPackage.of(request, removed_for=removed_for)
            try:
                asker = await self._store.read_together(find_askers, about)
            except Busy:
                # It is saved, and said to be; no more is claimed of it than is known.
                return KnownPackage(package=package, is_of_stranger=True)
        # Whom managers may ask for makes it nobody's to ask for themselves.
        own = package and replace(package, policies=package.policies_for(for_other=False))
        is_for_others = (
            own is not None
            and is_for_some(own)
            and prospect_under_policies(own, Applicant(entra_id=asker.entra_id))
            is Prospect.NOT_FOR_THEM
        )
        return KnownPackage(
            package=package,
            is_for_others=is_for_others,
            is_of_stranger=asker.entra_id is None,
            removal=asker.removal,
        )

    async def with_doubts(self, result: AskedTogether) -> AskedTogether:
        """Return *result* with those of the requests noted that may not be let have, as far as our own rows know."""
        known = await asyncio.gather(*map(self.find_known, result.asked))
        doubtful = {
            request.id
            for request, each in zip(result.asked, known, strict=True)
            if each.is_for_others or each.is_of_stranger
        }
        return replace(result, doubtful=doubtful)

    async def find_form_refusal(self, *, slack_user: str) -> str | None:
        """
        Return why somebody can ask for nothing, a sentence; None if they may look for something.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        applicant = await self._store.read(find_applicant, slack_user)
        if applicant.refusal is not None:
            return applicant.refusal
        try:
            return await self._policy_finder.find_refusal(slack_user)
        except NotAMember as refused:
            await self._store.run(limits.note_guest, slack_user, str(refused))
            return str(refused)

    async def find_form(self, *, slack_user: str, about: str) -> tuple[Package | None, str | None]:
        """
        Return the package that a form is to be opened for, and the reason that was given already.

        Args:
            about: What the button carried: a package's id, or what `keep_reason` returned to this person.
        """
        said = await self._store.read(reasons.find, about, slack_user)
        package = await self.find_package(said.package_id if said else about)
        return package, said.reason if said else None

    async def find_policies(self, *, slack_user: str, package: Package) -> FormPolicies:
        """
        Return the policies that somebody may choose from in their form, and the language that they read.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        return await self._policy_finder.find(slack_user, package)

    def emergency_terms(self, package: Package) -> BreakGlass | None:
        """Return what the settings say of emergency access to *package*; None: it gives none."""
        return self._settings_of(package).break_glass

    def reason_hint(self, package: Package) -> str | None:
        """Return what a reason for *package* must contain, a sentence; None: anything will do."""
        rule = self._settings_of(package).reason
        return rule.hint if rule else None

    def may_ask_for_others(self, slack_user: str, packages: Iterable[Package]) -> bool:
        """Return True if a form offers to ask for somebody else; whether they may, is checked when they have."""
        return self._guard.is_admin(slack_user) or any(
            policy.managers_may_ask for package in packages for policy in package.policies
        )

    async def keep_reason(self, *, slack_user: str, package_id: str, reason: str | None) -> str:
        """Keep what somebody said until their form opens; return what its button carries."""
        if reason is None:
            return package_id
        return await self._store.run(reasons.keep, slack_user, package_id, reason)

    async def keep_reasons(
        self, *, slack_user: str, package_ids: Sequence[str], reason: str | None
    ) -> dict[str, str]:
        """Keep what somebody said for any of several packages; return what the button of each carries, by package."""
        if reason is None:
            return {package_id: package_id for package_id in package_ids}
        return await self._store.run(reasons.keep_for_each, slack_user, package_ids, reason)

    async def find_to_ask_again(self, *, slack_user: str, request_id: str) -> RequestToRepeat:
        """
        Return a request of this person's that may be asked once more, with its package.

        Raises:
            NotAllowed: Somebody else asked.
            TooLate: It is not known, or its package is not offered any more.
        """
        request = await self._own_request(slack_user, request_id)
        package = await self.find_package(request.package_id)
        if package is None or not package.can_be_asked_for:
            raise TooLate(N_("That package is not offered any more."))
        return RequestToRepeat(request=request, package=package)

    async def explain_refusal(self, *, slack_user: str, request_id: str) -> RefusalExplained:
        """
        Return what there is to say about a refused request of this person's.

        Raises:
            NotAllowed: Somebody else asked.
            TooLate: It is not known.
        """
        request = await self._own_request(slack_user, request_id)
        package = await self.find_package(request.package_id)
        channel = self._help_channel
        if package is not None:
            channel = self._settings_of(package).channel or channel
        return RefusalExplained.about(request, package, channel=channel)

    async def _own_request(self, slack_user: str, request_id: str) -> Request:
        request = await self._store.read(requests.find, request_id)
        if request is None:
            raise TooLate(N_("I do not know that request any more."))
        if slack_user != request.asked_by:
            raise NotAllowed(N_("Only the person who asked can do that."))
        return request

    def _settings_of(self, package: Package) -> PackageSettings:
        return self._package_settings.settings_for(
            package.name, package_id=package.id, catalog=package.catalog
        )
