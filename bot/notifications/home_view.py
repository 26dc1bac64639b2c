"""Reads what somebody's App Home shows, and draws it."""

from dataclasses import dataclass
from typing import Any, Final

from bot import clock
from bot.approvals.store import deciders
from bot.assignments.store import assignment_lists
from bot.database import Transaction
from bot.messages.home import home
from bot.packages.catalog import OfferedPackages
from bot.paging import Page
from bot.people.model import Delegation
from bot.people.store import delegations
from bot.requests.model import Request
from bot.requests.overview import AccessOverview, access_overview
from bot.requests.store import request_lists

# Of each list: more would not fit into the page, see `bot.messages.pages.LIST_IN_HOME`.
ROWS_IN_HOME: Final = 30


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Hold what one person's page shows, beside what is offered."""

    overview: AccessOverview
    to_decide: Page[Request]
    mine: set[str]
    given: list[Delegation]
    received: list[Delegation]


async def drawn(offering: OfferedPackages, slack_user: str, *, decides_all: bool) -> dict[str, Any]:
    """
    Draw the view of somebody's App Home as of now.

    Args:
        decides_all: An admin who may decide everything that waits; for others, what names them is shown.
    """
    offered, read = await offering.beside(_read, slack_user, decides_all)
    return home(
        reader=slack_user,
        held=read.overview.held,
        waiting=read.overview.waiting,
        asked=read.overview.asked,
        to_decide=read.to_decide,
        offer=offered.shown.packages,
        mine=read.mine,
        extendable=offered.extendable,
        given=read.given,
        received=read.received,
    )


def _read(db: Transaction, slack_user: str, decides_all: bool) -> _Read:
    if decides_all:
        to_decide = request_lists.pending_of_others(db, slack_user, rows=ROWS_IN_HOME)
    else:
        to_decide = deciders.waiting_for(db, slack_user, rows=ROWS_IN_HOME)
    return _Read(
        overview=access_overview(db, slack_user, rows=ROWS_IN_HOME),
        to_decide=to_decide,
        mine=assignment_lists.my_packages(db, slack_user),
        given=delegations.of_delegators(db, [slack_user], at=clock.now()),
        received=delegations.to_delegate(db, [slack_user], at=clock.now()),
    )
