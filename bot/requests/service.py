"""
Take requests: for access, for more of it, for less; each is saved before anybody is told that it was.

Each method is one short transaction and nothing remote: whoever waits for an answer in Slack gets it at once,
and what must be read elsewhere to evaluate the request is read afterwards, by the jobs.  What somebody has waited
for in vain is refused with `TooLate`: see `bot.patience`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.database import Store
from bot.database.limits import Limit
from bot.errors import EmergencyNotOffered, LatchkeyError, NotAllowed, TooLate, WrongFields
from bot.messages.asking_again import RefusalExplained
from bot.monitoring import interactions
from bot.packages import names as package_names
from bot.packages import urgent
from bot.packages.catalog import OfferedPackages, PackageSnapshot
from bot.packages.local_approval import with_local_approval
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import BreakGlass, PackageSettings, ReasonRule
from bot.packages.store import catalog
from bot.packages.suggestions import (
    KnownPackage,
    Prospect,
    Suggestion,
    is_for_some,
    prospect_under_policies,
    suggest,
)
from bot.patience import in_time, who_waits
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.requests.applicant import find_applicant
from bot.requests.extension_form import ExtensionForm, form_of
from bot.requests.model import AskedTogether, Request
from bot.requests.policy_choice import FormPolicies, FormPolicyFinder
from bot.requests.store import forms, requests
from bot.requests.together import ask_for_each, check_reason
from bot.requests.transactions.ask import (
    OVER,
    AlreadyHeld,
    CatalogChanged,
    RequestedPackage,
    ask_together,
)
from bot.requests.transactions.ask_by_form import FilledForm, ask_by_form, ask_for_other
from bot.requests.transactions.cancel import cancel
from bot.requests.transactions.creation import Submitted
from bot.requests.transactions.decline import decline
from bot.requests.transactions.emergencies import NO_REASON, NOT_GIVEN
from bot.requests.transactions.extend import ExtendableAccess, extend, find_extendable
from bot.requests.transactions.remind import remind
from bot.requests.transactions.remove import remove
from bot.requests.transactions.repair import repair
from bot.words import N_


@dataclass(frozen=True, kw_only=True)
class RequestToRepeat:
    """A request that somebody wants to ask once more, and its package as it is offered now."""

    request: Request
    package: Package


class RequestService:
    """Every operation on requests that begins in Slack."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        policy_finder: FormPolicyFinder,
        offering: OfferedPackages,
        wake: Callable[[], None],
        asks_an_hour: int,
        package_settings: PackageSettingsFile,
        help_channel: str,
    ) -> None:
        """
        Args:
            help_channel: The Slack id of the channel where people find help, unless the package has its own.
        """
        self._store = store
        self._guard = guard
        self._wayfinder = policy_finder
        self._offering = offering
        self._wake = wake
        self._asks = Limit(what="ask", count=asks_an_hour)
        self._package_settings = package_settings
        self._help_channel = help_channel

    async def ask(
        self, *, slack_user: str, text: str, reason: str | None = None, key: str | None = None
    ) -> Submitted:
        """
        Save a request for the package that *text* names.

        Args:
            text: What was typed: a slug or a name in any spelling, perhaps "… because …".
            reason: From a form; otherwise the one in the text counts.
            key: What tells this command from every other, unless it has been noted already.

        Raises:
            UnknownPackage: With the nearest names.
            WhichPackage: Several may be meant.
            FormNeeded: It asks what only a form can answer.
            ReasonNeeded: The policy wants a reason.
            ReasonIncomplete: The package's settings want something in the reason that it lacks.
            AlreadyHeld: They have it, by what Graph has shown lately.
            TooOften: They have asked for too much in an hour.
            NotAllowed: Slack has called them a guest a moment ago.
            TooLate: It is not offered any more, or they have given up waiting.
            SeenBefore: This command has come in before.
        """
        return await self._ask_read(
            lambda offered: offered.read(text), slack_user=slack_user, reason=reason, key=key
        )

    async def ask_in_emergency(
        self, *, slack_user: str, text: str, key: str | None = None
    ) -> Submitted | None:
        """
        Save a request for access at once, without an approval; None if *text* asks for no emergency.

        Args:
            text: What was typed: "production database emergency: it is down".
            key: As in `ask`.

        Raises:
            EmergencyNotOffered: The package gives none, or needs more to be said.
            UnknownPackage, WhichPackage, AlreadyHeld, TooOften, NotAllowed, TooLate, SeenBefore: As `ask`.
        """
        said = urgent.read(text)
        if said is None:
            return None
        offered = await self._offering.now()
        package, _ = offered.read(said.name)
        if _is_named_so(offered, text, package):
            return None
        why = package_names.clean(package_names.unescaped(said.reason))
        why = why[: package_names.LONGEST_REASON]
        self._check_emergency(package, why)
        return await self._ask_read(
            lambda fresh: (_same(fresh, package), why),
            slack_user=slack_user,
            key=key,
            emergency=True,
        )

    def _check_emergency(self, package: Package, why: str) -> None:
        """Insist that the package gives emergency access, and that nothing more must be said for it."""
        if self._settings_of(package).break_glass is None:
            raise EmergencyNotOffered(NOT_GIVEN.format(package=package.name))
        if not why:
            raise EmergencyNotOffered(NO_REASON)
        rule = self._reason_rule(package)
        if rule is not None and not rule.takes(why):
            raise EmergencyNotOffered(N_("{hint} Nothing was asked for.").format(hint=rule.hint))
        if package.needs_form:
            raise EmergencyNotOffered(
                N_(
                    "{package} asks for more than a command can say. Nothing was asked for: type /request-access alone, choose it in the form, "
                    "fill it in, and tick the box for an emergency."
                ).format(package=package.name)
            )

    def _settings_of(self, package: Package) -> PackageSettings:
        return self._package_settings.settings_for(package.name, catalog=package.catalog)

    async def read_name(self, text: str) -> tuple[Package, str | None]:
        """
        Return the package that *text* names, and the reason that it gives; asks for nothing.

        Raises:
            UnknownPackage, WhichPackage: It names none, or may mean several.
        """
        return (await self._offering.now()).read(text)

    async def ask_about(self, *, slack_user: str, about: str) -> Submitted:
        """
        Save a request for the package of an Ask button, with the reason that was given before.

        Args:
            about: What the button carried: a package's id, or what `keep_reason` returned to this person.

        Raises:
            FormNeeded, ReasonNeeded, ReasonIncomplete: The form must be filled in.
            AlreadyHeld, TooOften, NotAllowed, TooLate: As for `ask`.
        """
        said = await self._store.read(forms.find, about, slack_user)
        package_id = said.package_id if said else about

        def chosen(offered: PackageSnapshot) -> tuple[Package, str | None]:
            package = offered.askable.by_id(package_id)
            if package is None:
                raise TooLate(OVER)
            return package, said.reason if said else None

        return await self._ask_read(chosen, slack_user=slack_user)

    async def _ask_read(
        self,
        read: Callable[[PackageSnapshot], tuple[Package, str | None]],
        *,
        slack_user: str,
        reason: str | None = None,
        key: str | None = None,
        emergency: bool = False,
    ) -> Submitted:
        """
        Ask for what *read* finds in the packages of the moment.

        Args:
            reason: Counts before the one that is found.
        """
        offered = await self._offering.known()
        while True:
            try:
                package, said = read(offered)
            except LatchkeyError:
                newest = await self._offering.now()
                if newest is offered:
                    await self._guard.note(key)
                    raise
                offered = newest
                continue
            why = package_names.clean(package_names.unescaped(reason or said or ""))
            why = why[: package_names.LONGEST_REASON]
            rule = self._reason_rule(package)
            wanted = RequestedPackage(
                slack_user=slack_user,
                package=package,
                version=offered.version,
                reason=why or None,
                limit=self._asks,
                key=key,
                patience=who_waits(),
                reason_hint=rule.hint if rule is not None and not rule.takes(why) else None,
                emergency=emergency,
            )
            try:
                return await self._ask_for(wanted)
            except CatalogChanged:
                # That it came in was noted with it.
                offered, key = await self._offering.now(), None
            except AlreadyHeld as held:
                raise AlreadyHeld(held.assignment, offered.extendable) from None

    async def _ask_for(self, wanted: RequestedPackage) -> Submitted:
        wanted = replace(wanted, trigger=interactions.current_trigger())
        try:
            submitted = await self._store.run_together(ask_together, wanted)
        except TooLate:
            # Perhaps nothing stayed of it, this neither: whoever sends it again must not get what they gave up.
            await self._guard.note(wanted.key, again=True)
            raise
        interactions.about(submitted.request.id, created=submitted.created)
        self._wake()
        return submitted

    def _reason_rule(self, package: Package) -> ReasonRule | None:
        return self._package_settings.settings_for(package.name, catalog=package.catalog).reason

    def emergency_terms(self, package: Package) -> BreakGlass | None:
        """Return what the settings say of emergency access to *package*; None: it gives none."""
        return self._settings_of(package).break_glass

    def reason_hint(self, package: Package) -> str | None:
        """Return what a reason for *package* must contain, a sentence; None: anything will do."""
        rule = self._reason_rule(package)
        return rule.hint if rule else None

    async def keep_reason(self, *, slack_user: str, package_id: str, reason: str | None) -> str:
        """Keep what somebody said until their form opens; return what its button carries."""
        if reason is None:
            return package_id
        return await self._store.run(forms.keep, slack_user, package_id, reason)

    async def keep_reasons(
        self, *, slack_user: str, package_ids: Sequence[str], reason: str | None
    ) -> dict[str, str]:
        """Keep what somebody said for any of several packages; return what the button of each carries, by package."""
        if reason is None:
            return {package_id: package_id for package_id in package_ids}
        return await self._store.run(forms.keep_for_each, slack_user, package_ids, reason)

    async def find_known(self, *, slack_user: str, package_id: str) -> KnownPackage:
        """Return a package as it was known last, and what our own rows know of whether somebody may have it."""
        package = (await self._offering.known()).package(package_id)
        if package is None or not is_for_some(package):
            return KnownPackage(package=package)
        applicant = await self._store.read(find_applicant, slack_user)
        is_for_others = prospect_under_policies(package, applicant) is Prospect.NOT_FOR_THEM
        return KnownPackage(package=package, is_for_others=is_for_others)

    async def find_form(self, *, slack_user: str, about: str) -> tuple[Package | None, str | None]:
        """
        Return the package that a form is to be opened for, and the reason that was given already.

        Args:
            about: What the button carried: a package's id, or what `keep_reason` returned to this person.
        """
        said = await self._store.read(forms.find, about, slack_user)
        package = await self.find_package(said.package_id if said else about)
        return package, said.reason if said else None

    async def find_policies(self, *, slack_user: str, package: Package) -> FormPolicies:
        """
        Return the policies that somebody may choose from in their form, and the language that they read.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        return await self._wayfinder.find(slack_user, package)

    async def find_form_refusal(self, *, slack_user: str) -> str | None:
        """
        Return why somebody can ask for nothing, a sentence; None if they may look for something.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        applicant = await self._store.read(find_applicant, slack_user)
        return applicant.refusal or await self._wayfinder.find_refusal(slack_user)

    async def suggest_packages(self, *, slack_user: str, typed: str) -> list[Suggestion]:
        """
        Return the packages that *typed* may mean, those first that this person may have, by our own rows alone.

        Raises:
            Busy: The database does not answer.
        """
        offered, applicant = await self._offering.beside(find_applicant, slack_user)
        return suggest(offered.shown, typed, applicant)

    async def find_packages(self, package_ids: Sequence[str]) -> list[Package]:
        """Return those of the packages that can be asked for, in the same order."""
        offered = await self._offering.now()
        found = (offered.askable.by_id(each) for each in package_ids)
        return [package for package in found if package is not None]

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
            named = self._package_settings.settings_for(package.name, catalog=package.catalog)
            channel = named.channel or channel
        # Whom a hidden package is for is not said to whoever has guessed its name.
        is_shown = package is not None and package.can_be_asked_for and not package.is_hidden
        return RefusalExplained(
            request=request, package=package if is_shown else None, channel=channel
        )

    async def _own_request(self, slack_user: str, request_id: str) -> Request:
        request = await self._store.read(requests.find, request_id)
        if request is None:
            raise TooLate(N_("I do not know that request any more."))
        if slack_user != request.asked_by:
            raise NotAllowed(N_("Only the person who asked can do that."))
        return request

    async def ask_for_several(
        self,
        *,
        slack_user: str,
        package_ids: Sequence[str],
        reason: str | None,
        wanted_for: str | None = None,
    ) -> AskedTogether:
        """
        Save a request for each of several packages; those that need a form of their own are left out.

        Args:
            wanted_for: The Slack id of whoever would get the access; None: who asks.

        Raises:
            WrongFields: The reason is not enough for one of them; then nothing is asked for.
        """
        offered = await self._offering.now()
        found = (offered.askable.by_id(each) for each in package_ids)
        packages = [package for package in found if package is not None]
        if len(packages) < len(package_ids):
            raise WrongFields({"package": N_("Something of that is not offered any more.")})
        why = package_names.clean(package_names.unescaped(reason or ""))
        why = why[: package_names.LONGEST_REASON]
        alone = [each for each in packages if not each.needs_form]
        check_reason([(each, self._reason_rule(each)) for each in alone], why)

        async def ask(package: Package) -> Submitted:
            if wanted_for not in (None, slack_user):
                submitted = await self._store.run(
                    in_time(ask_for_other), slack_user, wanted_for, package, why or None, self._asks
                )
                self._wake()
                return submitted
            return await self._ask_for(
                RequestedPackage(
                    slack_user=slack_user,
                    package=package,
                    version=offered.version,
                    reason=why or None,
                    limit=self._asks,
                    key=None,
                    patience=who_waits(),
                )
            )

        return await ask_for_each(packages, ask)

    async def ask_by_form(self, filled: FilledForm) -> Submitted:
        """
        Save a request from the form.

        Raises:
            WrongFields: With what is wrong at each field.
            TooOften: They have asked for too much in an hour.
            NotAllowed: Slack has called them a guest a moment ago.
            TooLate: It is not offered any more.
        """
        said = replace(filled, reason=package_names.unescaped(filled.reason or "") or None)
        submitted = await self._store.run(
            in_time(ask_by_form), said, self._asks, self._package_settings
        )
        self._wake()
        return submitted

    async def find_package(self, package_id: str) -> Package | None:
        """Return a package as it was synced last, with the quorums of the package settings; None if it is not known."""
        package = await self._store.read(catalog.find, package_id)
        return None if package is None else with_local_approval(package, self._package_settings)

    async def offered_packages(self) -> tuple[Package, ...]:
        """Return what may be asked for in this workspace, by name; who may, is checked when they do."""
        return (await self._offering.now()).shown.packages

    async def read_answers(self, *, slack_user: str, request_id: str) -> Request:
        """
        Return a request with what it answers, for those whom its card was sent to, for admins, and for whoever asked.

        Raises:
            NotAllowed: They are none of these.
            TooLate: There is no such request.
        """
        request = await self._store.read(requests.find, request_id)
        if request is None:
            raise TooLate(N_("I do not know that request any more."))
        may_see = {request.holder, request.asked_by, *request.deciders}
        if slack_user not in may_see and not self._guard.is_admin(slack_user):
            raise NotAllowed(N_("Only those who decide about that request see its answers."))
        return request

    async def find_extension_form(
        self, *, slack_user: str, assignment_id: str
    ) -> ExtensionForm | None:
        """
        Return what the form for an extension asks; None where nobody needs to know why, or one is open already.

        Raises:
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        found = await self._guard.run(find_extendable, slack_user, assignment_id)
        form = self._extension_form(found)
        return form if form.is_wanted and found.open is None else None

    def _extension_form(self, found: ExtendableAccess) -> ExtensionForm:
        package = with_local_approval(found.package, self._package_settings)
        return form_of(replace(found, package=package), self._reason_rule(package))

    async def extend(
        self, *, slack_user: str, assignment_id: str, reason: str | None = None
    ) -> Submitted:
        """
        Save the holder's request to extend their access.

        Args:
            reason: From the form, without which an extension that needs one is not taken.

        Raises:
            WrongFields: The reason lacks something.
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        why = package_names.clean(package_names.unescaped(reason or ""))
        why = why[: package_names.LONGEST_REASON]
        found = await self._guard.run(find_extendable, slack_user, assignment_id)
        lacks = self._extension_form(found).find_lack(why)
        if lacks is not None and found.open is None:
            raise WrongFields({"reason": lacks})
        submitted = await self._guard.run(extend, slack_user, assignment_id, why or None)
        self._wake()
        return submitted

    async def return_access(self, *, slack_user: str, assignment_id: str) -> Submitted:
        """
        Save the holder's request to return their access.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        submitted = await self._guard.run(remove, slack_user, assignment_id, Verb.RETURN, None)
        self._wake()
        return submitted

    async def remove(
        self, *, slack_user: str, assignment_id: str, reason: str | None = None
    ) -> Submitted:
        """
        Save an admin's request to remove somebody's access; whether they are one is read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        await self._guard.check_admin(slack_user, assignment_id)
        submitted = await self._store.run(
            in_time(remove), slack_user, assignment_id, Verb.REMOVE, reason
        )
        self._wake()
        return submitted

    async def cancel(self, *, slack_user: str, request_id: str) -> Request:
        """
        Withdraw a request that has not been sent to Entra.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: It has gone on already.
        """
        canceled = await self._guard.run(cancel, slack_user, request_id)
        self._wake()
        return canceled

    async def remind(self, *, slack_user: str, request_id: str) -> Request:
        """
        Have those reminded who decide a request, once a day.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: Nothing waits any more, nobody is asked, or they have been reminded today.
        """
        reminded = await self._guard.run(remind, slack_user, request_id)
        self._wake()
        return reminded

    async def decline(self, *, slack_user: str, request_id: str) -> Request:
        """
        Decline what somebody else has asked for; return the request that is canceled, or that returns the access.

        Raises:
            NotAllowed: It is not for this person.
            TooLate: It is on its way to Entra, or over.
        """
        request = await self._guard.run(decline, slack_user, request_id)
        self._wake()
        return request

    def may_ask_for_others(self, slack_user: str, packages: Iterable[Package]) -> bool:
        """Return True if a form offers to ask for somebody else; whether they may, is checked when they have."""
        return self._guard.is_admin(slack_user) or any(
            policy.managers_may_ask for package in packages for policy in package.policies
        )

    async def repair(self, *, slack_user: str, hold_id: str, verb: Verb) -> Request:
        """
        Save that an admin has a request on hold tried again, or gives it up.

        Who it is, is read afresh before it is so; and before something is given up, Graph is searched.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or it is about their own access.
            TooLate: It is not on hold any more.
        """
        await self._guard.check_admin(slack_user, hold_id)
        actor = Actor(slack_user=slack_user, is_admin=self._guard.is_admin(slack_user))
        freed = await self._guard.run(repair, slack_user, hold_id, verb, actor)
        self._wake()
        return freed


def _is_named_so(offered: PackageSnapshot, text: str, package: Package) -> bool:
    """Tell whether the words for an emergency are a part of another package's name."""
    try:
        named, _ = offered.read(text)
    except LatchkeyError:
        return False
    return named.id != package.id


def _same(offered: PackageSnapshot, package: Package) -> Package:
    found = offered.askable.by_id(package.id)
    if found is None:
        raise TooLate(OVER)
    return found
