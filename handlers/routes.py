"""List the routes: every command, action, form and event, with the right it needs.  Nothing else gets a listener."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from bot.people.model import Verb
from handlers.dispatch.app import Kind, SlackApp

Listener = TypeVar("Listener", bound=Callable[..., Any])


class NoRightNeeded(StrEnum):
    """Say why a route needs no right."""

    ASKS = "asks for oneself; the package's policy judges it"
    READS = "shows what is one's own, or what everybody may see"
    CONNECTS = "is about one's own Microsoft account, which a sign-in there proves"
    DECIDES = "shows the whole of what a card says to those whom it was sent to, to admins and to whoever asked"


# By command, action id, callback id or event type.  `bot.people.permissions.may` decides about the verbs.
RIGHTS: Final[Mapping[str, frozenset[Verb] | NoRightNeeded]] = {
    "/request-access": NoRightNeeded.ASKS,
    "latchkey_ask": NoRightNeeded.READS,
    "latchkey_policy": NoRightNeeded.READS,
    "latchkey_request": NoRightNeeded.ASKS,
    # The menu of packages: what it offers, and what was chosen.
    "latchkey_package": NoRightNeeded.READS,
    "latchkey_for_whom": NoRightNeeded.READS,
    "latchkey_new_request": NoRightNeeded.READS,
    "latchkey_ask_again": NoRightNeeded.READS,
    "latchkey_why": NoRightNeeded.READS,
    "latchkey_request_shortcut": NoRightNeeded.READS,
    "latchkey_request_message": NoRightNeeded.READS,
    "latchkey_approve": frozenset({Verb.APPROVE}),
    "latchkey_approve_for_less": frozenset({Verb.APPROVE}),
    "latchkey_approve_until": frozenset({Verb.APPROVE}),
    # For up to five packages in one row.
    "latchkey_approve_all": NoRightNeeded.DECIDES,
    "latchkey_approve_all_2": NoRightNeeded.DECIDES,
    "latchkey_approve_all_3": NoRightNeeded.DECIDES,
    "latchkey_approve_all_4": NoRightNeeded.DECIDES,
    "latchkey_approve_all_5": NoRightNeeded.DECIDES,
    "latchkey_approve_chosen": frozenset({Verb.APPROVE}),
    "latchkey_deny": frozenset({Verb.DENY}),
    # The button on a card, and its form; then the button of whoever is asked, and theirs.
    "latchkey_ask_question": frozenset({Verb.ASK_QUESTION}),
    "latchkey_question": frozenset({Verb.ASK_QUESTION}),
    "latchkey_answer_question": frozenset({Verb.ANSWER_QUESTION}),
    "latchkey_answer": frozenset({Verb.ANSWER_QUESTION}),
    "latchkey_answers": NoRightNeeded.DECIDES,
    "latchkey_review": NoRightNeeded.DECIDES,
    "latchkey_reason": frozenset({Verb.APPROVE, Verb.DENY}),
    "latchkey_extend": frozenset({Verb.EXTEND}),
    # The form that asks why access is still needed.
    "latchkey_extension": frozenset({Verb.EXTEND}),
    "latchkey_return": frozenset({Verb.RETURN}),
    # Stops the reminders of access that the holder might as well return.
    "latchkey_let_end": frozenset({Verb.RETURN}),
    "latchkey_remind_again": frozenset({Verb.RETURN}),
    "latchkey_cancel": frozenset({Verb.CANCEL}),
    "latchkey_remind": frozenset({Verb.REMIND}),
    "latchkey_delegate": NoRightNeeded.READS,
    "latchkey_delegation": frozenset({Verb.DELEGATE}),
    "latchkey_undelegate": frozenset({Verb.DELEGATE}),
    # Opens the links to sign-ins of whoever has given it.
    "latchkey_prove_delegation": NoRightNeeded.CONNECTS,
    "latchkey_decline": frozenset({Verb.DECLINE}),
    "/my-access": NoRightNeeded.READS,
    "latchkey_my_more": NoRightNeeded.READS,
    "latchkey_my_access": NoRightNeeded.READS,
    # The browser opens the link by itself.
    "latchkey_open": NoRightNeeded.READS,
    "latchkey_open_2": NoRightNeeded.READS,
    "latchkey_open_3": NoRightNeeded.READS,
    "latchkey_open_all": NoRightNeeded.READS,
    "latchkey_ask_now": NoRightNeeded.ASKS,
    "app_home_opened": NoRightNeeded.READS,
    "message": NoRightNeeded.READS,
    "latchkey_connect": NoRightNeeded.CONNECTS,
    # The browser opens the link by itself.
    "latchkey_sign_in": NoRightNeeded.CONNECTS,
    "latchkey_disconnect": NoRightNeeded.CONNECTS,
    "/access-admin": frozenset({Verb.LIST, Verb.REMOVE, Verb.DELEGATE}),
    "latchkey_more": frozenset({Verb.LIST}),
    # The console's tabs, pages, search field and person menu.
    "latchkey_console_pending": frozenset({Verb.LIST}),
    "latchkey_console_assignments": frozenset({Verb.LIST}),
    "latchkey_console_stuck": frozenset({Verb.LIST}),
    "latchkey_console_drift": frozenset({Verb.LIST}),
    "latchkey_console_people": frozenset({Verb.LIST}),
    "latchkey_console_leaver": frozenset({Verb.LIST}),
    "latchkey_console_audit": frozenset({Verb.LIST}),
    "latchkey_console_more": frozenset({Verb.LIST}),
    "latchkey_console_first": frozenset({Verb.LIST}),
    "latchkey_console_search": frozenset({Verb.LIST}),
    "latchkey_console_person": frozenset({Verb.LIST}),
    "latchkey_console": frozenset({Verb.LIST}),
    "latchkey_export_csv": frozenset({Verb.EXPORT}),
    "latchkey_export_jsonl": frozenset({Verb.EXPORT}),
    "latchkey_remove": frozenset({Verb.REMOVE}),
    "latchkey_remove_reason": frozenset({Verb.REMOVE}),
    "latchkey_remove_several": frozenset({Verb.REMOVE}),
    "latchkey_remove_chosen": frozenset({Verb.REMOVE}),
    "latchkey_remove_all": frozenset({Verb.REMOVE}),
    "latchkey_remove_listed": frozenset({Verb.REMOVE}),
    "latchkey_emergency_review": frozenset({Verb.REVIEW}),
    "latchkey_emergency_finding": frozenset({Verb.REVIEW}),
    "latchkey_reprocess": frozenset({Verb.REPROCESS}),
    "latchkey_drift_adopt": frozenset({Verb.ADOPT}),
    # Opens the form that asks until when, and takes it.
    "latchkey_drift_ignore": frozenset({Verb.IGNORE}),
    "latchkey_drift_until": frozenset({Verb.IGNORE}),
    "latchkey_retry": frozenset({Verb.RETRY}),
    "latchkey_give_up": frozenset({Verb.GIVE_UP}),
}


class UnregisteredAction(Exception):
    """Raised where a listener is not in the table of routes, or a route has no listener."""


class Routes:
    """Register listeners: each must be in the table, and registered once."""

    def __init__(self, app: SlackApp) -> None:
        self._app = app
        self._listeners: dict[tuple[Kind, str], Callable[..., Any]] = {}

    def command(self, command: str) -> Callable[[Listener], Listener]:
        return self._register("command", command)

    def action(self, action_id: str) -> Callable[[Listener], Listener]:
        return self._register("action", action_id)

    def view(self, callback_id: str) -> Callable[[Listener], Listener]:
        return self._register("view", callback_id)

    def event(self, event_type: str) -> Callable[[Listener], Listener]:
        return self._register("event", event_type)

    def shortcut(self, callback_id: str) -> Callable[[Listener], Listener]:
        return self._register("shortcut", callback_id)

    def options(self, action_id: str) -> Callable[[Listener], Listener]:
        """Register what offers the options of a menu; another listener hears what is chosen."""
        return self._register("options", action_id)

    def _register(self, kind: Kind, name: str) -> Callable[[Listener], Listener]:
        if name not in RIGHTS:
            raise UnregisteredAction(f"{name} is not in the table of handlers/routes.py.")
        if (kind, name) in self._listeners:
            raise UnregisteredAction(f"{name} has two listeners.")

        def register(listener: Listener) -> Listener:
            self._app.listen(kind, name, listener)
            self._listeners[kind, name] = listener
            return listener

        return register

    def check(self) -> None:
        """
        Check that the listeners are exactly those of the table.

        Raises:
            UnregisteredAction: They are not.
        """
        missing = RIGHTS.keys() - {name for _, name in self._listeners}
        if missing:
            raise UnregisteredAction(f"No listener for {', '.join(sorted(missing))}.")
        if Counter(self._app.listeners) != Counter(self._listeners.values()):
            raise UnregisteredAction("A listener was registered without going through Routes.")
