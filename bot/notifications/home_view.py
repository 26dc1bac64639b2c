"""Reads what somebody's App Home shows, and draws it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from bot import clock
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.approvals.model import OpenQuestions
from bot.approvals.store import approver_questions, deciders
from bot.assignments.model import Assignment
from bot.assignments.store import assignment_lists
from bot.database import Transaction
from bot.emergencies.store import emergencies
from bot.messages.accounts.connecting import home_row
from bot.messages.emergencies.emergency_list import OpenReviews
from bot.messages.overviews.home import AdminOverview, home
from bot.packages.catalog import OfferedPackages
from bot.packages.settings.model import NO_LIMITS, DelegationLimits
from bot.packages.suggestions import Applicant, offered_to
from bot.paging import Page
from bot.people.model import Delegation
from bot.people.store import delegations
from bot.requests.asking.applicant import find_without_access
from bot.requests.model import Request
from bot.requests.pausing import waits_for_pause
from bot.requests.store import holds, request_lists

# Of each list: more would not fit into the page, see `bot.messages.overviews.home`.
ROWS_IN_HOME: Final = 30
FOR_ADMINS: Final = 5
REVIEWS_IN_HOME: Final = 5
ENDS_SOON: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Hold what one person's page shows, beside what is offered."""

    held: Page[Assignment]
    waiting: Page[Request]
    asked: Mapping[str, Request]
    to_decide: Page[Request]
    reviews: OpenReviews
    questions: OpenQuestions
    mine: set[str]
    applicant: Applicant
    given: list[Delegation]
    received: list[Delegation]
    admin: AdminOverview | None
    account: ConnectedAccount | None
    is_paused: bool


async def drawn(
    offering: OfferedPackages,
    slack_user: str,
    *,
    is_admin: bool,
    offers_accounts: bool = False,
    limits: DelegationLimits = NO_LIMITS,
) -> dict[str, Any]:
    """
    Draw the view of somebody's App Home as of now.

    Args:
        is_admin: They are shown what admins look after as well.
        offers_accounts: They can connect their Microsoft account.
        limits: What the package settings take from delegates.
    """
    offered, read = await offering.beside(_read, slack_user, is_admin, offers_accounts)
    return home(
        reader=slack_user,
        held=read.held,
        waiting=read.waiting,
        asked=read.asked,
        to_decide=read.to_decide,
        reviews=read.reviews,
        questions=read.questions,
        offer=offered_to(offered.shown.packages, read.applicant),
        refusal=read.applicant.guest_sentence,
        mine=read.mine,
        held_under=offered.held_under,
        opens=offered.opened_by(row.package_id for row in read.held.rows),
        given=read.given,
        received=read.received,
        admin=read.admin,
        account=home_row(read.account) if offers_accounts else (),
        limits=limits,
        is_connected_elsewhere=read.applicant.is_connected_elsewhere,
        is_paused=read.is_paused,
    )


def _read(db: Transaction, slack_user: str, is_admin: bool, offers_accounts: bool) -> _Read:
    to_decide = deciders.waiting_for(db, slack_user, rows=ROWS_IN_HOME)
    held = assignment_lists.own_page(db, slack_user, rows=ROWS_IN_HOME)
    waiting = request_lists.waited_for(db, slack_user, rows=ROWS_IN_HOME)
    return _Read(
        held=held,
        waiting=waiting,
        asked=request_lists.asked_about(db, slack_user, [row.id for row in held.rows]),
        to_decide=to_decide,
        questions=approver_questions.open_to(db, slack_user),
        reviews=_reviews(db, slack_user, is_admin),
        mine=assignment_lists.my_packages(db, slack_user),
        applicant=find_without_access(db, slack_user),
        given=delegations.of_delegators(db, [slack_user], at=clock.now()),
        received=delegations.to_delegate(db, [slack_user], at=clock.now()),
        admin=_for_admin(db, slack_user, to_decide) if is_admin else None,
        account=accounts.find(db, slack_user) if offers_accounts else None,
        is_paused=waits_for_pause(db, waiting.rows),
    )


def _reviews(db: Transaction, slack_user: str, is_admin: bool) -> OpenReviews:
    shown, count = emergencies.open_reviews(db, slack_user, is_admin=is_admin, most=REVIEWS_IN_HOME)
    return OpenReviews(rows=shown, count=count)


def _for_admin(db: Transaction, slack_user: str, to_decide: Page[Request]) -> AdminOverview:
    others = request_lists.pending_of_others(db, slack_user, rows=ROWS_IN_HOME)
    rows = [each for each in others.rows if slack_user not in each.deciders]
    others = replace(others, rows=rows, count=others.count.less(to_decide.count.number))
    return AdminOverview(
        others=others,
        ending=assignment_lists.ending_page(db, until=clock.now() + ENDS_SOON, rows=FOR_ADMINS),
        stuck=holds.page(db, rows=FOR_ADMINS),
    )
