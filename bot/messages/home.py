"""App Home: what I have, what waits for me, what I may ask for."""

from collections.abc import Collection, Sequence

from bot.messages.asking import my_access_rows, offered
from bot.messages.deciding import pending_row
from bot.messages.pages import LIST_IN_HOME, fitted
from bot.messages.parts import Block, context, divider, header, section
from bot.models import Assignment, Package, Request


def home(
    *,
    reader: str,
    held: Sequence[Assignment],
    waiting: Sequence[Request],
    to_decide: Sequence[Request],
    offer: Sequence[Package],
    extendable: Collection[str],
) -> dict[str, object]:
    """The Home view of one person, within Slack's 100 blocks."""
    blocks: list[Block] = []
    if to_decide:
        blocks.append(header("Waiting for your decision"))
        blocks += fitted(
            [pending_row(request, reader=reader) for request in to_decide],
            room=LIST_IN_HOME,
            rest=lambda left: f"… and {left} more: they show up as you decide these.",
        )
        blocks.append(divider())
    blocks.append(header("Your access"))
    blocks += fitted(
        my_access_rows(held, waiting, extendable=extendable),
        room=LIST_IN_HOME,
        rest=lambda left: f"… and {left} more: `/my-access` shows all.",
    )
    blocks += [divider(), header("What is offered here")]
    mine = {row.package_id for row in held} | {request.package_id for request in waiting}
    rest = [package for package in offer if package.id not in mine]
    if rest:
        blocks += fitted(
            [[offered(package)] for package in rest],
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
    """What Home says when Slack does not take the whole page."""
    lines = (
        "Slack does not take this page as I made it, and I have written that down for my operators.",
        "`/my-access` shows what you have, `/request-access` what there is.",
    )
    return {
        "type": "home",
        "callback_id": "latchkey_home",
        "blocks": [section("\n".join(lines))],
    }
