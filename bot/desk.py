"""
The desk: what people ask of Latchkey, taken down before anybody is told that it was.

Each method is one short transaction and nothing remote: whoever waits for an answer in Slack gets it at once,
and what must be read elsewhere to judge the wish is read afterwards, by the jobs.  What somebody has waited for in
vain is refused with `TooLate`, whatever it is: see `bot.patience`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

from bot import chance, clock
from bot.approvals.model import Decision
from bot.approvals.processing import Verdicts
from bot.assignments.model import Assignment
from bot.assignments.search import (
    PERSON,
    Listing,
    NobodyFound,
    PersonQuery,
    PersonSearch,
    WhichPerson,
    parse_query,
    unknown_package,
)
from bot.assignments.store import assignment_lists
from bot.database import Store, Transaction, deduplication
from bot.database.limits import Limit
from bot.errors import LatchkeyError, NotAllowed, SeenBefore, TooLate
from bot.packages import names as package_names
from bot.packages.catalog import OfferedPackages, PackageSnapshot
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.paging import FIRST, ListName, Page, Place, Start
from bot.patience import in_time, who_waits
from bot.people.model import Verb
from bot.people.permissions import Actor, Permissions
from bot.requests.model import Hold, Request, read_ask_id
from bot.requests.overview import Standing, standing
from bot.requests.policy_choice import Wayfinder, Ways
from bot.requests.store import forms, holds, request_lists, requests
from bot.requests.transactions import creation as intake
from bot.requests.transactions import repair as repairs
from bot.requests.transactions.ask import Outdated, Wanted, ask_together
from bot.requests.transactions.creation import Draft, FilledIn, Look, Taken

P = ParamSpec("P")
R = TypeVar("R")


class Desk:
    """Where every wish and every decision is taken."""

    def __init__(
        self,
        *,
        store: Store,
        permissions: Permissions,
        verdicts: Verdicts,
        whom: PersonSearch,
        wayfinder: Wayfinder,
        offering: OfferedPackages,
        wake: Callable[[], None],
        asks_an_hour: int,
    ) -> None:
        self._store = store
        self._permissions = permissions
        self._verdicts = verdicts
        self._whom = whom
        self._wayfinder = wayfinder
        self._wake = wake
        self._offering = offering
        self._asks = Limit(what="ask", count=asks_an_hour)

    async def is_new(self, key: str) -> bool:
        """Whether this has not come in before; *key* tells one deed from the next."""
        return await self._store.run(deduplication.is_new, key)

    async def ask(
        self, *, slack_user: str, text: str, reason: str | None = None, key: str | None = None
    ) -> Taken:
        """
        Take down a request for the package that *text* names.

        Args:
            text: What was typed: a slug or a name in any spelling, perhaps "… because …".
            reason: From a form; otherwise the one in the text counts.
            key: What tells this command from every other, unless it has been noted already.

        Raises:
            UnknownPackage: With the nearest names.
            WhichPackage: Several may be meant.
            FormNeeded: It asks what only a form can answer.
            ReasonNeeded: The policy wants a reason.
            TooOften: They have asked for too much in an hour.
            NotAllowed: Slack has called them a guest a moment ago.
            TooLate: It is not offered any more, or they have given up waiting.
            SeenBefore: This command has come in before.
        """
        offered = await self._offering.known()
        while True:
            try:
                package, said = offered.read(text)
            except LatchkeyError:
                newest = await self._offering.now()
                if newest is offered:
                    await self._note(key)
                    raise
                offered = newest
                continue
            why = package_names.clean(package_names.unescaped(reason or said or ""))
            wanted = Wanted(
                slack_user=slack_user,
                package=package,
                version=offered.version,
                reason=why[: package_names.LONGEST_REASON] or None,
                limit=self._asks,
                key=key,
                patience=who_waits(),
            )
            try:
                return await self._ask_for(wanted)
            except Outdated:
                # That it came in was noted with it.
                offered, key = await self._offering.now(), None

    async def _ask_for(self, wanted: Wanted) -> Taken:
        try:
            taken = await self._store.run_together(ask_together, wanted)
        except TooLate:
            # Perhaps nothing stayed of it, this neither: whoever sends it again must not get what they gave up.
            await self._note(wanted.key, again=True)
            raise
        self._wake()
        return taken

    async def _note(self, key: str | None, *, again: bool = False) -> None:
        """
        Note that something came in.

        Raises:
            SeenBefore: It came in before; unless it may have been noted *again*.
        """
        if key is not None and not await self.is_new(key) and not again:
            raise SeenBefore

    async def keep_said(self, *, slack_user: str, package_id: str, reason: str | None) -> str:
        """Keep what somebody said until their form opens; return what its button carries."""
        if reason is None:
            return package_id
        return await self._store.run(forms.keep, slack_user, package_id, reason)

    async def form(self, *, slack_user: str, about: str) -> tuple[Package | None, str | None]:
        """
        The package that a form is to be opened for, and the reason that was given already.

        Args:
            about: What the button carried: a package's id, or what `keep_said` returned to this person.
        """
        said = await self._store.read(forms.find, about, slack_user)
        package = await self._store.read(catalog.find, said.package_id if said else about)
        return package, said.reason if said else None

    async def ways(self, *, slack_user: str, package: Package) -> Ways:
        """
        Which policies somebody may choose from in their form, and in which language they read.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        return await self._wayfinder.find(slack_user, package)

    async def ask_by_form(self, filled: FilledIn) -> Taken:
        """
        Take down a request from the form.

        Raises:
            WrongFields: With what is wrong at each field.
            TooOften: They have asked for too much in an hour.
            NotAllowed: Slack has called them a guest a moment ago.
            TooLate: It is not offered any more.
        """
        said = replace(filled, reason=package_names.unescaped(filled.reason or "") or None)
        taken = await self._store.run(in_time(intake.ask_by_form), said, self._asks)
        self._wake()
        return taken

    async def package(self, package_id: str) -> Package | None:
        return await self._store.read(catalog.find, package_id)

    async def offer(self) -> tuple[Package, ...]:
        """What may be asked for in this workspace, by name; who may, is checked when they do."""
        return (await self._offering.now()).shown.packages

    async def standing_of(
        self, slack_user: str, place: Place | None = None, *, skip: int = 0
    ) -> Standing:
        """
        A page of what somebody has, until when, and what they wait for.

        Args:
            place: Where in that list; the beginning, if that is not said.
            skip: After so many rows.
        """
        offered, found = await self._offering.beside(standing, slack_user, place, skip=skip)
        return replace(found, extendable=offered.extendable)

    async def decide(
        self,
        *,
        ask_id: str,
        verb: Verb,
        slack_user: str,
        team: str | None,
        channel: str | None,
    ) -> Draft | None:
        """
        Take down a click on Approve or Deny; it is judged right after, and answered either way.

        A decision that needs a reason is kept as a draft until `explain` brings it; that draft is returned.

        Args:
            ask_id: What the button carried; a card of an earlier round or stage decides nothing.
            team: The clicker's own workspace, as Slack says; the judge insists on ours.
            channel: Where the card is, for an answer that only the clicker sees.

        Raises:
            TooLate: There is no such request.
        """
        try:
            request_id, round_, stage = read_ask_id(ask_id)
        except ValueError:
            raise TooLate("I do not know that request any more.") from None
        decision = Decision(
            id=chance.new_id(),
            request_id=request_id,
            verb=verb,
            slack_user=slack_user,
            at=clock.now(),
            round=round_,
            stage=stage,
            team=team,
            channel=channel,
        )
        draft = await self._store.run(in_time(intake.take_decision), decision)
        if draft is None:
            self._wake()
        return draft

    async def is_refused(self, draft: Draft) -> bool:
        """
        Judge who clicked before asking them for a reason; True if the decision is refused already.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        refused = await self._verdicts.refuse_early(draft.decision)
        if refused:
            self._wake()
        return refused

    async def explain(self, *, decision_id: str, slack_user: str, reason: str) -> None:
        """
        Complete a draft with its reason.

        Raises:
            TooLate: There is no such draft of this person's, or it has been completed.
        """
        await self._store.run(
            in_time(intake.explain),
            decision_id,
            slack_user,
            package_names.clean(package_names.unescaped(reason)),
        )
        self._wake()

    async def request(self, request_id: str) -> Request | None:
        return await self._store.read(requests.get, request_id)

    async def answers(self, *, slack_user: str, request_id: str) -> Request:
        """
        A request with what it answers, for those whom its card was sent to, for admins, and for whoever asked.

        Raises:
            NotAllowed, TooLate: It is nobody's business of theirs, or there is no such request.
        """
        request = await self._store.read(requests.get, request_id)
        if request is None:
            raise TooLate("I do not know that request any more.")
        may_see = {request.holder, request.asked_by, *request.deciders}
        if slack_user not in may_see and not self._permissions.is_known_admin(slack_user):
            raise NotAllowed("Only those who decide about that request see its answers.")
        return request

    async def cancel(self, *, slack_user: str, request_id: str) -> Request:
        """
        Withdraw a wish that has not been sent to Entra.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: It has gone on already.
        """
        canceled = await self._guarded(intake.cancel, slack_user, request_id)
        self._wake()
        return canceled

    async def extend(self, *, slack_user: str, assignment_id: str) -> Taken:
        """
        Take down that the holder wants an access longer.

        Raises:
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        taken = await self._guarded(intake.extend, slack_user, assignment_id)
        self._wake()
        return taken

    async def give_back(self, *, slack_user: str, assignment_id: str) -> Taken:
        """
        Take down that the holder does not need an access any more.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        taken = await self._guarded(intake.remove, slack_user, assignment_id, Verb.RETURN, None)
        self._wake()
        return taken

    async def remove(
        self, *, slack_user: str, assignment_id: str, reason: str | None = None
    ) -> Taken:
        """
        Take down that an admin removes somebody's access; whether they are one is read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        await self._for_admins(slack_user, assignment_id)
        taken = await self._store.run(
            in_time(intake.remove), slack_user, assignment_id, Verb.REMOVE, reason
        )
        self._wake()
        return taken

    async def reprocess(self, *, slack_user: str, assignment_id: str) -> Assignment:
        """
        Take down that an admin wants Entra to process an access again; read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over, or all of it is there.
        """
        await self._for_admins(slack_user, assignment_id)
        assignment = await self._store.run(in_time(intake.reprocess), slack_user, assignment_id)
        self._wake()
        return assignment

    async def let_end(self, *, slack_user: str, assignment_id: str) -> Assignment:
        """
        Take down that the holder is fine with the end: no more reminders for it.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        assignment = await self._guarded(intake.let_end, slack_user, assignment_id)
        self._wake()
        return assignment

    async def insist_on_admin(self, slack_user: str, *, key: str | None = None) -> None:
        """
        Let an admin see what is for them alone.

        Args:
            key: What tells this command from every other, unless it has been noted already; here and below.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._for_admins(slack_user, key=key)
        await self._note(key)

    async def pending(
        self, *, slack_user: str, start: Start = FIRST, key: str | None = None
    ) -> Page[Request]:
        """
        A page of what waits for a decision, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._for_admins(slack_user, key=key)
        seen = Look(slack_user=slack_user, of="pending", key=key)
        return await self._store.run(intake.look, seen, request_lists.pending, start=start)

    async def held(
        self, *, slack_user: str, start: Start = FIRST, key: str | None = None
    ) -> Page[tuple[Hold, Request]]:
        """
        A page of what failed too often and waits for an admin, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._for_admins(slack_user, key=key)
        seen = Look(slack_user=slack_user, of="held", key=key)
        return await self._store.run(intake.look, seen, holds.held, start=start)

    async def assignments(
        self, *, slack_user: str, place: Place, key: str | None = None
    ) -> Listing:
        """
        A page of who holds what, from a place in that list on, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._for_admins(slack_user, key=key)
        about = [each for each in (place.package_id, *place.entra_ids) if each]
        seen = Look(slack_user=slack_user, of="assignments", about=" ".join(about) or None, key=key)
        offered, page = await self._offering.beside_written(
            intake.look,
            seen,
            assignment_lists.page,
            package_id=place.package_id,
            entra_ids=place.entra_ids or None,
            start=Start(after=place.after),
        )
        package = offered.package(place.package_id) if place.package_id else None
        return Listing(page=page, place=place, package=package, automatic=offered.automatic)

    async def repair(self, *, slack_user: str, hold_id: str, verb: Verb) -> Request:
        """
        Take down that an admin has a held request tried again, or gives it up.

        Who it is, is read afresh before it is so; and before something is given up, Graph is searched.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or it is about their own access.
            TooLate: It is not held any more.
        """
        await self._for_admins(slack_user, hold_id)
        actor = Actor(slack_user=slack_user, is_admin=self._permissions.is_known_admin(slack_user))
        freed = await self._guarded(repairs.repair, slack_user, hold_id, verb, actor)
        self._wake()
        return freed

    async def look_up(
        self, *, slack_user: str, text: str, start: Start = FIRST, key: str | None = None
    ) -> Listing:
        """
        Find who holds what, for an admin's list; *text* as typed, a package, a person or both.

        About a person Slack and Entra may be asked: that takes as long as they do.

        Raises:
            NotAllowed: Not an admin.
            UnknownPackage: With the nearest names.
            WhichPackage: Several bear the name.
            WhichPerson: Nobody is called that, and the names of some begin so.
            CannotTell: It is not known who is meant, or what they hold.
            SeenBefore: This has come in before.
        """
        await self._for_admins(slack_user, key=key)
        seen = Look(slack_user=slack_user, of="assignments", about=text.strip() or None, key=key)
        known = await self._offering.known()
        likely = _understood(text, known)
        offered, page = await self._offering.beside_written(
            intake.look, seen, _page_of, likely, start=start
        )
        sought = likely
        if sought is None or offered is not known:
            # In the words of the newest catalog, and with the look written down.
            sought, page = parse_query(text, offered.everything), None
        if sought.named is None:
            package_id = _id_of(sought.package)
            if page is None:
                page = await self._store.read(
                    assignment_lists.page, package_id=package_id, start=start
                )
            return Listing(
                page=page,
                place=Place(list=ListName.ASSIGNMENTS, package_id=package_id),
                package=sought.package,
                automatic=offered.automatic,
            )
        try:
            found = await self._whom.look_up(sought.named, sought.package, start=start)
        except NobodyFound:
            await self._suggest(sought)
            if sought.package is not None:
                raise
            raise unknown_package(text, offered.everything) from None
        return replace(found, automatic=offered.automatic)

    async def _suggest(self, sought: PersonQuery) -> None:
        """
        Look whose names begin as was typed.

        Raises:
            WhichPerson: There are some.
        """
        name = package_names.clean(sought.named.name or "") if sought.named else ""
        found = await self._store.read(assignment_lists.names_starting_with, name)
        if found:
            raise WhichPerson(name, _id_of(sought.package), found)

    async def read_wish(
        self, *, slack_user: str, text: str, key: str | None = None
    ) -> package_names.NameAndReason:
        """
        Take an admin's *text* apart, in which a person and a package are named and perhaps a reason given.

        That it came in is left to be noted with what comes of it.

        Raises:
            NotAllowed: Not an admin.
            WhichPackage: Several may be meant.
            SeenBefore: They were refused, or asked what they mean, and this has come in before.
        """
        await self._for_admins(slack_user, key=key)
        everything = (await self._offering.now()).everything
        match = everything.read(text, ignoring=PERSON)
        if match.packages:
            try:
                match.only()
            except LatchkeyError:
                await self._note(key)
                raise
        return package_names.NameAndReason(name=match.name, reason=match.reason)

    async def _for_admins(
        self, slack_user: str, about_id: str | None = None, *, key: str | None = None
    ) -> None:
        """
        Insist on an admin, by what was read lately.

        Args:
            about_id: What their button named.
        """
        try:
            self._permissions.check_may_list(slack_user)
        except NotAllowed as refused:
            await self._store.run(intake.record_refusal, slack_user, about_id, str(refused), key)
            raise

    async def _guarded(
        self,
        deed: Callable[Concatenate[Transaction, str, str, P], R],
        slack_user: str,
        about_id: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run a deed that only one person may do; a refusal leaves its audit row, the deed nothing."""
        try:
            return await self._store.run(in_time(deed), slack_user, about_id, *args, **kwargs)
        except NotAllowed as refused:
            await self._store.run(intake.record_refusal, slack_user, about_id, str(refused))
            raise


def _understood(text: str, offered: PackageSnapshot) -> PersonQuery | None:
    """What an admin has typed, if it can be told."""
    try:
        return parse_query(text, offered.everything)
    except LatchkeyError:
        return None


def _page_of(
    db: Transaction, sought: PersonQuery | None, *, start: Start
) -> Page[Assignment] | None:
    """Who holds what is sought; None if that is about one person, or cannot be told."""
    if sought is None or sought.named is not None:
        return None
    return assignment_lists.page(db, package_id=_id_of(sought.package), start=start)


def _id_of(package: Package | None) -> str | None:
    return package.id if package else None
