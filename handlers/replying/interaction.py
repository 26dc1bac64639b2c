"""Read what every click carries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import TooLate
from bot.paging import ListName, Place, read_place
from bot.words import N_

NO_PLACE: Final = N_("I do not know where that list went on. Please ask for it again.")


@dataclass(frozen=True, kw_only=True)
class Click:
    """
    Describe a click on one of our buttons.

    Attributes:
        value: The opaque id that the button carried.
        team: The clicker's own workspace; not always ours.
        channel: Where the message is; None for App Home.
    """

    user: str
    team: str | None
    value: str
    channel: str | None
    trigger_id: str


def read_click(body: Mapping[str, Any], action: Mapping[str, Any]) -> Click:
    """
    Read a block_actions payload.

    Source: docs.slack.dev, "block_actions payload"; ``user.team_id`` is the clicker's team, ``team.id`` ours.  On
    Enterprise Grid either may name the organization, and the clicker's any workspace of theirs.
    """
    user = body["user"]
    channel = body.get("channel") or {}
    container = body.get("container") or {}
    return Click(
        user=user["id"],
        team=user.get("team_id"),
        value=str(action.get("value") or ""),
        channel=channel.get("id") or container.get("channel_id"),
        trigger_id=body.get("trigger_id") or "",
    )


def sending_of(view: Mapping[str, Any]) -> str | None:
    """
    Return what tells a form that was sent from every other, and is the same when it is sent once more.

    Source: docs.slack.dev, "Modals": each update gives a view another ``hash``.
    """
    if not view.get("id"):
        return None
    return f"{view['id']}:{view.get('hash') or ''}"


def read_next(value: str, lists: Collection[ListName]) -> Place:
    """
    Read from a Next button where its list continues.

    Args:
        value: What the button carried.
        lists: The lists that the button may belong to.

    Raises:
        TooLate: It belongs to another list, to an older version, or was never ours.
    """
    try:
        place = read_place(value)
    except ValueError:
        raise TooLate(NO_PLACE) from None
    if place.list not in lists:
        raise TooLate(NO_PLACE)
    return place
