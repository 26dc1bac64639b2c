"""Make what tells who somebody is, and what they may do."""

from dataclasses import dataclass

from bot.assembly.connections import AccountParts, make_accounts
from bot.assembly.outside import Outside
from bot.errors import ConfigurationError
from bot.people.actors import Permissions
from bot.people.admins import Roster
from bot.people.approvers import Approvers
from bot.people.delegates import Delegates
from bot.people.guard import Guard
from bot.people.identity import People
from bot.people.languages import Languages
from bot.slack.errors import SlackError, SlackRefused
from bot.slack.zones import Zones


@dataclass(frozen=True, kw_only=True)
class PeopleParts:
    """The parts that know people: their accounts, their rights, their languages and time zones."""

    people: People
    accounts: AccountParts
    approvers: Approvers
    delegates: Delegates
    permissions: Permissions
    guard: Guard
    languages: Languages
    zones: Zones


async def make_people(outside: Outside) -> PeopleParts:
    """
    Return the parts that know people.

    Raises:
        ConfigurationError: Slack does not show who the admins are.
    """
    settings, store, slack = outside.settings, outside.store, outside.slack
    people = People(slack=slack, graph=outside.graph, store=store, addresses=settings.addresses)
    approvers = Approvers(graph=outside.graph)
    delegates = Delegates(store=store, people=people)
    permissions = Permissions(
        people=people,
        approvers=approvers,
        roster=Roster(slack=slack, admins=settings.admins),
        delegates=delegates,
        admins_decide=settings.admins_decide,
    )
    await _check_admins(permissions)
    return PeopleParts(
        people=people,
        accounts=make_accounts(settings, outside.machine, store=store, people=people),
        approvers=approvers,
        delegates=delegates,
        permissions=permissions,
        guard=Guard(store=store, permissions=permissions),
        languages=Languages(store=store, slack=slack, default=settings.language),
        zones=Zones(slack),
    )


async def _check_admins(permissions: Permissions) -> None:
    try:
        await permissions.refresh()
    except SlackRefused as refused:
        raise ConfigurationError(
            [
                f"The user groups in LATCHKEY_ADMINS cannot be read ({refused}): check their ids, and that the app "
                "has the scope usergroups:read."
            ]
        ) from None
    except SlackError:
        # Read again within a minute; until then nobody is an admin.
        return
