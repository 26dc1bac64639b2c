"""Offer emergency access in the request form, and read whether somebody has chosen it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.messages.blocks.parts import Block, context, plain, shorten
from bot.messages.emergencies.emergency import offer
from bot.packages.settings.model import BreakGlass
from bot.words import _

# The field, and the value of its only option.
EMERGENCY: Final = "emergency"
# Slack's limit for the text of an option.
LONGEST_OPTION: Final = 75


@dataclass(frozen=True, kw_only=True)
class EmergencyChoice:
    """
    Say what a form offers of emergency access.

    Attributes:
        package_id: To this package, and no other that is chosen instead of it.
        terms: What the package's settings say of it.
        is_chosen: They have chosen it already.
    """

    package_id: str
    terms: BreakGlass
    is_chosen: bool = False


def choice_blocks(choice: EmergencyChoice) -> list[Block]:
    """Make the box to tick, with what follows from it below."""
    label = _("This is an emergency: give me access now, without an approval")
    option = {"text": plain(shorten(label, LONGEST_OPTION)), "value": EMERGENCY}
    element: Block = {"type": "checkboxes", "action_id": EMERGENCY, "options": [option]}
    if choice.is_chosen:
        element["initial_options"] = [option]
    return [
        {
            "type": "input",
            "block_id": block_of(choice.package_id),
            "optional": True,
            "label": plain(_("Emergency")),
            "element": element,
        },
        context(offer(choice.terms)),
    ]


def block_of(package_id: str) -> str:
    """Return the id of the block: what is ticked for one package is not for another that is chosen after it."""
    return f"{EMERGENCY}:{package_id}"


def is_chosen_in(view: Mapping[str, Any], package_id: str) -> bool:
    """Tell whether somebody has ticked the box for that package."""
    found: Any = view
    for name in ("state", "values", block_of(package_id), EMERGENCY):
        found = found.get(name) if isinstance(found, Mapping) else None
    options = found.get("selected_options") if isinstance(found, Mapping) else None
    return isinstance(options, list) and any(
        isinstance(each, Mapping) and each.get("value") == EMERGENCY for each in options
    )
