"""
Take requests for access; each is saved before anybody is told that it was.

Each method is one short transaction and nothing remote: whoever waits for an answer in Slack gets it at once,
and what must be read elsewhere to evaluate the request is read afterwards, by the jobs.  What somebody has waited
for in vain is refused with `TooLate`: see `bot.patience`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.database import Store
from bot.database.replicas.limits import Limit
from bot.errors import (
    EmergencyNotOffered,
    LatchkeyError,
    TooLate,
    UnknownPackage,
    WhichPackage,
    WrongFields,
)
from bot.monitoring import interactions
from bot.packages import names as package_names
from bot.packages import urgent
from bot.packages.catalog import OfferedPackages, PackageSnapshot
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings, ReasonRule
from bot.patience import in_time, who_waits
from bot.people.guard import Guard
from bot.requests.asking.together import ask_for_each, check_reason
from bot.requests.model import AskedTogether
from bot.requests.store import forms
from bot.requests.transactions.ask import (
    OVER,
    AlreadyHeld,
    CatalogChanged,
    RequestedPackage,
    ask_together,
)
from bot.requests.transactions.ask_by_form import ask_by_form, ask_for_other
from bot.requests.transactions.creation import Submitted
from bot.requests.transactions.emergencies import NO_REASON, NOT_GIVEN
from bot.requests.transactions.filled_form import FilledForm
from bot.words import N_


class RequestService:
    """Every way to ask in Slack for access."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        offering: OfferedPackages,
        wake: Callable[[], None],
        asks_an_hour: int,
        package_settings: PackageSettingsFile,
        removed_for: timedelta,
    ) -> None:
        """
        Args:
            removed_for: For so long an admin must agree before somebody gets back what an admin has removed.
        """
        self._store = store
        self._guard = guard
        self._offering = offering
        self._wake = wake
        self._asks = Limit(what="ask", count=asks_an_hour)
        self._package_settings = package_settings
        self._removed_for = removed_for

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
        try:
            package, before = offered.read(said.name)
        except (UnknownPackage, WhichPackage):
            if not said.is_marked:
                return None
            raise
        is_in_reason = said.is_behind_sign or before is not None
        gives_none = self._gives_no_emergency(package)
        if _is_named_so(offered, text, package) or (
            is_in_reason and (gives_none or not said.is_marked)
        ):
            return None
        why = package_names.clean_reason(_joined(before, said.reason))
        self._check_emergency(package, why)
        return await self._ask_read(
            lambda fresh: (_same(fresh, package), why),
            slack_user=slack_user,
            key=key,
            emergency=True,
        )

    def _gives_no_emergency(self, package: Package) -> bool:
        # An emergency is one's own.
        return self._settings_of(package).break_glass is None or package.is_for_others_only

    def _check_emergency(self, package: Package, why: str) -> None:
        """Insist that the package gives emergency access, and that nothing more must be said for it."""
        if self._gives_no_emergency(package):
            raise EmergencyNotOffered(NOT_GIVEN.format(package=package.name))
        if not why:
            raise EmergencyNotOffered(NO_REASON)
        rule = self._reason_rule(package)
        if rule is not None and not rule.takes(why):
            raise EmergencyNotOffered(N_("{hint} Nothing was asked for.").format(hint=rule.hint))
        if package.needs_form():
            raise EmergencyNotOffered(
                N_(
                    "“{package}” asks for more than a command can say. Nothing was asked for: type /request-access alone, choose it in the form, "
                    "fill it in, and tick the box for an emergency."
                ).format(package=package.name)
            )

    def _settings_of(self, package: Package) -> PackageSettings:
        return self._package_settings.settings_for(
            package.name, package_id=package.id, catalog=package.catalog
        )

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
            why = package_names.clean_reason(reason or said or "")
            settings = self._settings_of(package)
            rule = settings.reason
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
                removed_for=settings.counts_removals_for(self._removed_for),
            )
            try:
                return await self._ask_for(wanted)
            except CatalogChanged:
                # That it came in was noted with it.
                offered, key = await self._offering.now(), None
            except AlreadyHeld as held:
                held.held_under = offered.held_under
                raise

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

    async def _ask_as_offered(self, wanted: RequestedPackage) -> Submitted:
        """Save a request, as its package is offered by now where a sync has changed the catalog just then."""
        try:
            return await self._ask_for(wanted)
        except CatalogChanged:
            offered = await self._offering.now()
            package = offered.askable.by_id(wanted.package.id)
            if package is None:
                raise TooLate(OVER) from None
            return await self._ask_for(replace(wanted, package=package, version=offered.version))

    def _reason_rule(self, package: Package) -> ReasonRule | None:
        return self._settings_of(package).reason

    async def ask_for_several(
        self,
        *,
        slack_user: str,
        package_ids: Sequence[str],
        reason: str | None,
        wanted_for: str | None = None,
        sending: str | None = None,
    ) -> AskedTogether:
        """
        Save a request for each of several packages; those that need a form of their own are left out.

        Args:
            wanted_for: The Slack id of whoever would get the access; None: who asks.
            sending: What tells the form from every other.

        Raises:
            WrongFields: The reason is not enough for one of them; then nothing is asked for.
        """
        offered = await self._offering.now()
        found = (offered.askable.by_id(each) for each in package_ids)
        packages = [package for package in found if package is not None]
        if len(packages) < len(package_ids):
            raise WrongFields({"package": N_("Something of that is not offered any more.")})
        why = package_names.clean_reason(reason or "")
        for_other = wanted_for not in (None, slack_user)
        alone = [each for each in packages if not each.needs_form(for_other=for_other)]
        check_reason([(each, self._reason_rule(each)) for each in alone], why)

        async def ask(package: Package) -> Submitted:
            if for_other:
                submitted = await self._store.run(
                    in_time(ask_for_other),
                    slack_user,
                    wanted_for,
                    package,
                    why or None,
                    self._asks,
                    sending,
                )
                self._wake()
                return submitted
            return await self._ask_as_offered(
                RequestedPackage(
                    slack_user=slack_user,
                    package=package,
                    version=offered.version,
                    reason=why or None,
                    limit=self._asks,
                    key=None,
                    patience=who_waits(),
                    sending=sending,
                )
            )

        return await ask_for_each(packages, ask, for_other=for_other)

    async def ask_by_form(self, filled: FilledForm) -> Submitted:
        """
        Save a request from the form.

        Raises:
            WrongFields: With what is wrong at each field.
            TooOften: They have asked for too much in an hour.
            NotAllowed: Slack has called them a guest a moment ago.
            TooLate: It is not offered any more, or this form has asked for it before.
        """
        said = replace(filled, reason=package_names.unescaped(filled.reason or "") or None)
        submitted = await self._store.run(
            in_time(ask_by_form), said, self._asks, self._package_settings
        )
        self._wake()
        return submitted


def _is_named_so(offered: PackageSnapshot, text: str, package: Package) -> bool:
    """Tell whether the words for an emergency are a part of another package's name."""
    try:
        named, _ = offered.read(text)
    except LatchkeyError:
        return False
    return named.id != package.id


def _joined(before: str | None, behind: str) -> str:
    """Return a reason whose first words stand before the word for an emergency, and whose others behind it."""
    first = (before or "").rstrip(" ,;:.-–—")
    return ": ".join(filter(None, (first, behind)))


def _same(offered: PackageSnapshot, package: Package) -> Package:
    found = offered.askable.by_id(package.id)
    if found is None:
        raise TooLate(OVER)
    return found
