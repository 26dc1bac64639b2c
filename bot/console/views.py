"""Read what a page of the admins' console shows, and draw it; every page checks anew who looks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.approvals.store import grants
from bot.approvals.store.grants import AccessOrigin
from bot.assignments.lists import AssignmentLists
from bot.assignments.search import Listing, WhichPerson
from bot.assignments.store import asked_there
from bot.console.model import OF_PEOPLE, ConsolePage, Tab
from bot.database import Busy, Store, Transaction
from bot.database.audit_log import audit_pages
from bot.database.audit_log.audit_pages import AuditFilter
from bot.drift.service import DriftService
from bot.emergencies.store import emergencies
from bot.errors import LatchkeyError, NotAllowed, UnknownPackage, WhichPackage
from bot.messages.admins.console import choices, lists, window
from bot.messages.admins.console.assignments import assignment_list
from bot.messages.admins.console.audit import audit_list
from bot.messages.blocks.parts import Block, escape, person, section
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies.emergency_list import OpenReviews, review_rows
from bot.messages.phrases import grant_words
from bot.packages.catalog import OfferedPackages
from bot.paging import ListName, Place
from bot.people.guard import Guard
from bot.people.interaction_audit import ListRead, read_list
from bot.people.store import contacts, people
from bot.requests.lists import RequestLists
from bot.requests.model import Kind, Request
from bot.requests.store import request_lists
from bot.words import N_, _, translate
from bot.words.formats import all_of

# Of emergency access, above the first page of what waits.
MOST_REVIEWS: Final = 5
# Of the audit log, on a page.
AUDIT_ROWS: Final = 20
# Of what one person waits for: as much as one confirmation cancels.
MOST_WAITING: Final = 100
NOT_READ: Final = N_("I can't look that up right now. Please try again in a minute.")


class ConsoleViews:
    """Draws the console for admins, and the reason for everybody else."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        requests: RequestLists,
        assignments: AssignmentLists,
        drift: DriftService,
        offering: OfferedPackages,
    ) -> None:
        self._store = store
        self._guard = guard
        self._requests = requests
        self._assignments = assignments
        self._drift = drift
        self._offering = offering

    async def drawn(
        self, slack_user: str, page: ConsolePage, *, note: str | None = None
    ) -> dict[str, Any]:
        """
        Draw a page of the console as of now; for a search, Slack and Entra may be asked.

        Args:
            note: What has just happened, a sentence fit for Slack.
        """
        try:
            await self._guard.check_admin(slack_user)
            content, page = await self._content(slack_user, page)
        except NotAllowed as refusal:
            return window.refused(translate(str(refusal)))
        except WhichPerson as several:
            content = choices.which_person(
                page, several.name, several.people, package_id=several.package_id
            )
        except UnknownPackage as unknown:
            content = choices.which_package(page, translate(str(unknown)), unknown.near)
        except WhichPackage as which:
            content = choices.which_package(
                page,
                _("“{asked}” may be several packages.").format(asked=which.asked),
                which.choices,
            )
        except LatchkeyError as error:
            content = [section(escape_sentence(translate(str(error))))]
        except Busy:
            content = [section(_(NOT_READ))]
        return window.view(page, content, note=note)

    async def _content(self, slack_user: str, page: ConsolePage) -> tuple[list[Block], ConsolePage]:
        """
        Return what a page shows, and the page itself, with the list that its search has found.

        Raises:
            NotAllowed: Not an admin.
            LatchkeyError: It is not known who or what is meant.
        """
        if page.tab is Tab.PENDING:
            found = await self._requests.pending(slack_user=slack_user, start=page.start)
            blocks = lists.pending(
                page, found, reader=slack_user, is_whole=self._requests.are_whole
            )
            if page.place is None:
                blocks = [*review_rows(await self._store.read(_reviews, slack_user)), *blocks]
            return blocks, page
        if page.tab is Tab.STUCK:
            held = await self._requests.stuck(slack_user=slack_user, start=page.start)
            return lists.stuck(page, held), page
        if page.tab is Tab.DRIFT:
            found_drift = await self._drift.page(slack_user=slack_user, start=page.start)
            return lists.drift(page, found_drift, await self._drift.last_check()), page
        if page.place is None and not page.sought and page.tab in OF_PEOPLE:
            return choices.nobody_chosen(), page
        if page.tab is Tab.AUDIT:
            return await self._audit(slack_user, page)
        listing = await self._listing(slack_user, page)
        page = page.at(listing.place)
        return await self._listed(page, listing), page

    async def _listing(self, slack_user: str, page: ConsolePage) -> Listing:
        if page.place is not None:
            return await self._assignments.page(slack_user=slack_user, place=page.place)
        return await self._assignments.look_up(slack_user=slack_user, text=page.sought)

    async def _listed(self, page: ConsolePage, listing: Listing) -> list[Block]:
        rows, whom = listing.page.rows, listing.whom
        of_people = page.tab in OF_PEOPLE
        read = await self._store.read(
            _beside, [row.id for row in rows], listing.place.entra_ids if of_people else ()
        )
        return assignment_list(
            page,
            listing.page,
            place=listing.place,
            package=listing.package_name,
            whom=whom.shown if whom else None,
            notes=[each for each in (whom and whom.doubt, listing.note) if each],
            removing=read.removing,
            why={
                each: _why(grant, read.asked_there.get(each)) for each, grant in read.grants.items()
            }
            if of_people
            else {},
            waiting=read.waiting,
        )

    async def _audit(self, slack_user: str, page: ConsolePage) -> tuple[list[Block], ConsolePage]:
        place, whom = page.place, None
        if place is not None and place.entra_ids:
            # What was sought may name a package as well.
            whom = await self._assignments.shown(place.entra_ids)
        if place is None:
            place = Place(list=ListName.AUDIT)
            if page.sought:
                found = await self._assignments.look_up(slack_user=slack_user, text=page.sought)
                whom = found.whom.shown if found.whom else None
                place = Place(
                    list=ListName.AUDIT,
                    package_id=found.place.package_id,
                    entra_ids=found.place.entra_ids,
                )
            page = page.at(place)
        about = (place.package_id, page.mentioned, *place.entra_ids)
        seen = ListRead(slack_user=slack_user, of="audit", about=about)
        offered, read = await self._offering.beside_written(
            read_list, seen, _audit_page, place, page.mentioned
        )
        packages = {
            each: known.name
            for each in {row["package_id"] for row in read.rows} | {place.package_id}
            if each and (known := offered.package(each))
        }
        mentioned = person(page.mentioned) if page.mentioned else None
        narrowed = [
            *([mentioned or whom or _("one person")] if place.entra_ids else []),
            *(
                [escape(packages.get(place.package_id, _("one package")))]
                if place.package_id
                else []
            ),
        ]
        drawn = audit_list(
            page,
            read.rows,
            place=Place(
                list=ListName.AUDIT, package_id=place.package_id, entra_ids=place.entra_ids
            ),
            names=read.names,
            packages=packages,
            narrowed=all_of(narrowed) or None,
            has_more=read.has_more,
            is_account_unknown=bool(place.entra_ids) and not read.has_account,
        )
        return drawn, page


def _reviews(db: Transaction, slack_user: str) -> OpenReviews:
    shown, count = emergencies.open_reviews(db, slack_user, is_admin=True, most=MOST_REVIEWS)
    return OpenReviews(rows=shown, count=count)


@dataclass(frozen=True, kw_only=True)
class _Beside:
    """Hold what is shown beside a page of assignments."""

    removing: frozenset[str]
    grants: Mapping[str, AccessOrigin]
    asked_there: Mapping[str, tuple[str | None, datetime | None]]
    waiting: Sequence[Request]


def _beside(db: Transaction, ids: Sequence[str], entra_ids: Collection[str]) -> _Beside:
    """
    Read what is asked for about assignments, and of one person where they come from and what is waited for.

    Args:
        entra_ids: Of the person; empty if the page is about no one person.
    """
    asked = request_lists.open_for_assignments(db, ids)
    removing = frozenset(each.assignment_id or "" for each in asked if each.kind is Kind.REMOVE)
    if not entra_ids:
        return _Beside(removing=removing, grants={}, asked_there={}, waiting=())
    users = [each.slack_user for one in entra_ids for each in people.for_entra_id(db, one)]
    waiting = [
        each
        for user in users
        for each in request_lists.open_for(db, user, rows=MOST_WAITING).rows
        if each.kind is Kind.ADD
    ]
    return _Beside(
        removing=removing,
        grants=grants.of_each(db, ids),
        asked_there=asked_there.of_people(db, entra_ids),
        waiting=waiting,
    )


@dataclass(frozen=True, kw_only=True)
class _AuditPage:
    """
    Hold rows of the audit log, and the names of those whom they are about.

    Attributes:
        has_account: The Slack account is known of whoever it is narrowed to.
    """

    rows: Sequence[Mapping[str, Any]]
    names: Mapping[str, str]
    has_more: bool
    has_account: bool


def _audit_page(db: Transaction, place: Place, mentioned: str | None) -> _AuditPage:
    wanted = audit_filter(db, place, mentioned)
    rows = audit_pages.page(db, wanted, rows=AUDIT_ROWS + 1, before=_position_in(place))
    shown = rows[:AUDIT_ROWS]
    about = sorted({row["subject_entra_id"] for row in shown if row["subject_entra_id"]})
    bound = contacts.bound_slack_users(db, about) if about else {}
    names = {entra_id: f"<@{user}>" for entra_id, user in bound.items()}
    return _AuditPage(
        rows=shown,
        names=names,
        has_more=len(rows) > AUDIT_ROWS,
        has_account=bool(wanted.actors),
    )


def audit_filter(db: Transaction, place: Place, mentioned: str | None) -> AuditFilter:
    """
    Return which rows of the audit log a page of the console lists: what people did, and what was about them.

    Args:
        mentioned: Whom a mention named, in Slack: an admin acts there without ever having asked for anything.
    """
    known = [each.slack_user for one in place.entra_ids for each in people.for_entra_id(db, one)]
    named = [mentioned] if mentioned and place.entra_ids else []
    return AuditFilter(
        actors=tuple(dict.fromkeys((*named, *known))),
        entra_ids=place.entra_ids,
        package_id=place.package_id,
    )


def _position_in(place: Place) -> int:
    """Return before which row of the audit log a page begins."""
    written = place.after.id if place.after else ""
    return int(written) if written.isdecimal() and len(written) < 19 else audit_pages.END


def _why(grant: AccessOrigin, there: tuple[str | None, datetime | None] | None) -> str:
    return grant_words.why(
        grant.request, grant.approved, grant.extended, grant.extension_approved, there
    )
