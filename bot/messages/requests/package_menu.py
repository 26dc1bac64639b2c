"""Draw the menu in which people search for packages, and read what they chose."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.messages.blocks.parts import Block, beginning, length, plain
from bot.messages.phrases.policy_words import approval_needed, lasts
from bot.packages.model import Package
from bot.packages.suggestions import Prospect, Suggestion
from bot.words import N_, _

# What the menu is called, in Slack's state and in its complaints.
MENU: Final = "package"
ACTION: Final = "latchkey_package"
# Slack's limit for the text, the description and the group's label: docs.slack.dev, "Option object".
LONGEST: Final = 75
# How many packages one form may ask for.
MOST_CHOSEN: Final = 10
OTHERS: Final = N_("Other packages")
# Invisible, and yet part of how Persian, Indic scripts and emoji are written.
JOINERS: Final = "\u200c\u200d"
NOTES: Final[Mapping[Prospect, str]] = {
    Prospect.HAS_ALREADY: N_("You have it already."),
    Prospect.ASKED_ALREADY: N_("You have asked for it already."),
    Prospect.FOR_OTHERS_ONLY: N_("Managers ask for it for their people."),
    Prospect.NOT_FOR_THEM: N_("It is for other people."),
}


def menu(chosen: Sequence[Package]) -> Block:
    """Make the field in which packages are searched and chosen; the form is drawn anew with each choice."""
    element: Block = {
        "type": "multi_external_select",
        "action_id": ACTION,
        "placeholder": plain(_("Type a part of its name")),
        # The list opens before anything is typed.
        "min_query_length": 0,
        "max_selected_items": MOST_CHOSEN,
    }
    if chosen:
        element["initial_options"] = [_option(package) for package in chosen]
    return {
        "type": "input",
        "block_id": MENU,
        "dispatch_action": True,
        "label": plain(_("What do you need access to?")),
        "element": element,
    }


def chosen_in(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the packages that are chosen in a form, in the order of the choice."""
    return tuple(names_in(view))


def names_in(view: Mapping[str, Any]) -> dict[str, str]:
    """Return the packages that are chosen in a form, in the order of the choice: the name that it shows, by id."""
    found: Any = view
    for name in ("state", "values", MENU, ACTION, "selected_options"):
        found = found.get(name) if isinstance(found, Mapping) else None
    names: dict[str, str] = {}
    for option in found if isinstance(found, list) else []:
        value = option.get("value") if isinstance(option, Mapping) else None
        if isinstance(value, str) and value:
            text = option.get("text")
            names.setdefault(value, str(text.get("text")) if isinstance(text, Mapping) else "")
    return names


def option_groups(suggestions: Sequence[Suggestion]) -> list[Block]:
    """Group what is suggested by catalog; the catalog of the best suggestion is first."""
    groups: dict[str, list[Block]] = {}
    for each in suggestions:
        label = _shown(each.package.catalog) or _(OTHERS)
        groups.setdefault(label, []).append(_option(each.package, each.prospect))
    return [{"label": plain(label), "options": options} for label, options in groups.items()]


def _option(package: Package, prospect: Prospect = Prospect.OPEN) -> Block:
    option: Block = {"text": plain(_shown(package.name) or package.slug), "value": package.id}
    facts = [
        lasts(package.lasts),
        approval_needed(package),
    ]
    about = _(NOTES.get(prospect, "")) or " · ".join(fact for fact in facts if fact)
    option["description"] = plain(_shown(about))
    return option


def _shown(text: str) -> str:
    """
    Return a name on one line, within Slack's limit: of a long one the beginning and the end, which tell it from others.

    Signs that turn the direction of writing are left out: with them a name could pass for another.
    """
    line = " ".join((text if text.isprintable() else _visible(text)).split())
    if length(line) <= LONGEST:
        return line
    end = beginning(line[::-1], LONGEST // 3)[::-1]
    return f"{beginning(line, LONGEST - 1 - length(end)).rstrip()}…{end}"


def _visible(text: str) -> str:
    """Return *text* with blanks for control characters, and without what is invisible, but for joiners."""
    return "".join(
        sign if sign in JOINERS or not unicodedata.category(sign).startswith("C") else " "
        for sign in text
        if sign in JOINERS or unicodedata.category(sign) != "Cf"
    )
