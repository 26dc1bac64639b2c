"""Draw App Home: what somebody has, what waits for them, what they may ask for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from bot.assignments.model import Assignment
from bot.messages import delegating
from bot.messages.asking import NOTHING, my_access_rows, offered
from bot.messages.deciding import pending_row
from bot.messages.pages import LIST_IN_HOME, fitted
from bot.messages.parts import Block, actions, button, context, divider, header, section
from bot.packages.model import Package
from bot.packages.offers import ExtendablePolicies
from bot.paging import Count, Page
from bot.people.model import Delegation
from bot.requests.model import Kind, Request

# Of what others let somebody decide; `/my-access delegate` lists all.
MOST_DELEGATIONS: Final = 5


def home(
    *,
    reader: str,
    held: Page[Assignment],
    waiting: Page[Request],
    asked: Mapping[str, Kind],
    to_decide: Page[Request],
    offer: Sequence[Package],
    mine: Collection[str],
    extendable: ExtendablePolicies,
    given: Sequence[Delegation] = (),
    received: Sequence[Delegation] = (),
) -> dict[str, object]:
    """
    Draw the Home view of one person, within Slack's 100 blocks.

    Args:
        asked: What is asked and waited for about what is shown, by assignment.
        mine: Ids of the packages that they have or have asked for.
        given: By what they let others decide for them.
        received: By what others let them decide.
    """
    blocks: list[Block] = []
    if to_decide.rows:
        blocks.append(header("Waiting for your decision"))
        blocks += fitted(
            (pending_row(request, reader=reader) for request in to_decide.rows),
            count=to_decide.count,
            room=LIST_IN_HOME,
            rest=lambda left: f"… and {left} more: they show up as you decide these.",
        )
    if to_decide.rows or given or received:
        blocks += [
            *delegating.rows(given, received[:MOST_DELEGATIONS]),
            delegating.ask_button_row(),
            divider(),
        ]
    blocks.append(header("Your access"))
    if held.rows or waiting.rows:
        blocks += fitted(
            my_access_rows(held.rows, waiting.rows, asked=asked, extendable=extendable),
            count=held.count.plus(waiting.count),
            room=LIST_IN_HOME,
            rest=lambda left: f"… and {left} more: `/my-access` shows all.",
        )
    else:
        blocks.append(section(f"{NOTHING} `/request-access` shows what there is."))
    search = button("Request access", "new_request", "-", style="primary")
    blocks += [divider(), header("Access you can ask for"), actions(search)]
    rest = [package for package in offer if package.id not in mine]
    if rest:
        blocks += fitted(
            ([offered(package)] for package in rest),
            count=Count(len(rest)),
            room=LIST_IN_HOME,
            rest=lambda left: (
                f"… and {left} more: `/request-access` lists them all, and with a part of a name finds "
                "those that have it."
            ),
        )
    elif offer:
        blocks.append(section("You have, or have asked for, everything that is offered here."))
    else:
        blocks.append(section("Nothing can be asked for here yet."))
    blocks.append(
        context(
            "Whether you may have a package is checked against its policy in Entra when you ask."
        )
    )
    return {"type": "home", "callback_id": "latchkey_home", "blocks": blocks}


def short_home() -> dict[str, object]:
    """Draw a short Home for when Slack does not take the whole page."""
    lines = (
        "Slack refused this page, and I have logged why.",
        "`/my-access` shows what you have, `/request-access` what there is.",
    )
    return {
        "type": "home",
        "callback_id": "latchkey_home",
        "blocks": [section("\n".join(lines))],
    }
