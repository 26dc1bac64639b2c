"""Offer whoever has a package to open what it gives."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Final

from bot.messages.blocks.pages import MESSAGE, fitted
from bot.messages.blocks.parts import (
    LONGEST_ABOUT,
    Block,
    Message,
    bold,
    button,
    message,
    numbered,
    section,
    shorten,
)
from bot.packages.opening import Opening, OpeningKind
from bot.paging import Count
from bot.words import N_, _, ngettext, translate

# Links that stand beside other buttons, and by themselves; the others are behind one more button.
IN_ROW: Final = 2
IN_MESSAGE: Final = 3
# Of a resource's name on a button.
LONGEST_ON_BUTTON: Final = 30
KINDS: Final[Mapping[OpeningKind, str]] = {
    OpeningKind.SITE: N_("SharePoint site"),
    OpeningKind.APP: N_("App"),
    OpeningKind.TEAM: N_("Team in Microsoft Teams"),
    OpeningKind.ENTRA_ROLE: N_("Entra role, in the Microsoft Entra admin center"),
}


def open_buttons(
    openings: Collection[Opening], *, package_id: str, package: str, most: int
) -> list[Block]:
    """
    Make a button for each of the first *most* things to open, and one for the others.

    A single thing needs no name: the package's stands beside it.

    Args:
        package: Its name.
    """
    shown = list(islice(openings, most))
    is_only = len(openings) == 1
    made = [
        _open_button(each, package=package, place=place, is_only=is_only)
        for place, each in enumerate(shown, start=1)
    ]
    left = len(openings) - len(shown)
    if left > 0:
        label = ngettext("and {count} more", "and {count} more", left).format(count=left)
        made.append(button(label, "open_all", package_id, about=shorten(package, LONGEST_ABOUT)))
    return made


def _open_button(opening: Opening, *, package: str, place: int, is_only: bool) -> Block:
    name = shorten(opening.name, LONGEST_ON_BUTTON)
    label = _("Open") if is_only else _("Open {name}").format(name=name)
    about = shorten(package, LONGEST_ABOUT)
    if is_only and opening.kind is not OpeningKind.OWN:
        about = f"{shorten(opening.name, LONGEST_ABOUT)}, {about}"
    made = button(label, "open", "-", about=about)
    # Slack opens the address by itself, and tells of the press.
    return {**numbered(made, place), "url": opening.url}


def everything_to_open(package: str, openings: Collection[Opening]) -> Message:
    """List all that a package opens, each with its button."""
    title = _("What you can open with {package}:").format(package=bold(package))
    head = [section(title)]
    rows = (
        [section(_line(each), accessory=_open_button(each, package=package, place=1, is_only=True))]
        for each in openings
    )
    listed = fitted(
        rows,
        count=Count(len(openings)),
        room=MESSAGE.less(head),
        rest=lambda left: _("… and {count} more: see the package in Entra.").format(count=left),
    )
    return message(title, [*head, *listed])


def _line(opening: Opening) -> str:
    kind = KINDS.get(opening.kind)
    name = bold(opening.name)
    return f"{name}\n{translate(kind)}" if kind else name
