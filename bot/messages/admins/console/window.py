"""Draw the window of the admins' console: the tabs, the menu of people, the search field, and what is in between."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.console.model import (
    LONGEST_SOUGHT,
    OF_PEOPLE,
    SEARCHED,
    ConsolePage,
    Tab,
    write_console_page,
)
from bot.messages.blocks.parts import Block, actions, button, divider, plain, section
from bot.messages.blocks.sentences import escape_sentence
from bot.words import N_, _

CALLBACK: Final = "latchkey_console"
TITLE: Final = N_("Latchkey admin console")
CHOOSE: Final = {
    Tab.PEOPLE: N_("Choose a person to see what they have, and why."),
    Tab.LEAVER: (
        N_(
            "Choose who has left. You see everything that they have, and can remove all of it with "
            "one confirmation."
        )
    ),
}
View = dict[str, Any]


def view(
    page: ConsolePage, content: Sequence[Block], *, note: str | None = None, user: str | None = None
) -> View:
    """
    Draw the console with *content* in the tab that is shown.

    Args:
        note: What has just happened, a sentence fit for Slack.
        user: The Slack user whom the person menu shows.
    """
    written = write_console_page(page) or write_console_page(ConsolePage(tab=page.tab)) or ""
    head: list[Block] = [_tabs(page.tab)]
    if page.tab in OF_PEOPLE:
        head += _person_menu(page.tab, user)
    has_search = page.tab in SEARCHED
    if has_search:
        head.append(_search_field(page))
    if note:
        head.append(section(note))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": written,
        "title": plain(_(TITLE)),
        # Slack wants one where there is something to fill in.
        **({"submit": plain(_("Search"))} if has_search else {}),
        "close": plain(_("Close")),
        "blocks": [*head, divider(), *content],
    }


def loading(page: ConsolePage) -> View:
    """Draw the console while what it shows is looked up, which may take Slack and Entra a while."""
    return view(page, [section(_("I am looking that up …"))])


def refused(why: str) -> View:
    """Draw what somebody sees who may not see the console."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(_(TITLE)),
        "close": plain(_("Close")),
        "blocks": [section(escape_sentence(why))],
    }


def _tabs(current: Tab) -> Block:
    made = [
        button(_("Pending"), "console_pending", Tab.PENDING),
        button(_("Assignments"), "console_assignments", Tab.ASSIGNMENTS),
        button(_("Stuck"), "console_stuck", Tab.STUCK),
        button(_("Drift"), "console_drift", Tab.DRIFT),
        button(_("People"), "console_people", Tab.PEOPLE),
        button(_("Leaver"), "console_leaver", Tab.LEAVER),
        button(_("Audit log"), "console_audit", Tab.AUDIT),
    ]
    return actions(*(_marked(each, current) for each in made), block_id="tabs")


def _marked(tab: Block, current: Tab) -> Block:
    """Mark the tab that is shown: by its label, and not by its color alone."""
    if tab["value"] != current:
        return tab
    label = tab["text"]["text"]
    return {
        **tab,
        "text": plain(f"• {label}"),
        "style": "primary",
        "accessibility_label": _("{label}: shown now").format(label=label),
    }


def _search_field(page: ConsolePage) -> Block:
    field: Block = {
        "type": "plain_text_input",
        "action_id": "latchkey_console_search",
        "max_length": LONGEST_SOUGHT,
        "placeholder": plain(_("Person, package, or both")),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if page.sought and not page.sought.startswith("<@"):
        field["initial_value"] = page.sought
    return {
        "type": "input",
        # Another one for other words: Slack keeps what was typed under the same one.
        "block_id": f"search:{page.tab}",
        "dispatch_action": True,
        "optional": True,
        "label": plain(_("Search")),
        "element": field,
    }


def sought_in(view: Mapping[str, Any]) -> str:
    """Return what is typed into the search field of a console; empty if nothing is."""
    values = view.get("state", {}).get("values", {})
    for block_id, fields in values.items():
        if str(block_id).startswith("search:"):
            typed = fields.get("latchkey_console_search", {}).get("value")
            return str(typed or "").strip()[:LONGEST_SOUGHT]
    return ""


def _person_menu(tab: Tab, user: str | None) -> list[Block]:
    menu: Block = {
        "type": "users_select",
        "action_id": "latchkey_console_person",
        "placeholder": plain(_("Choose a person")),
    }
    if user:
        menu["initial_user"] = user
    return [section(_(CHOOSE[tab])), actions(menu, block_id=f"person:{tab}")]
