"""Every deed that Slack can bring, with the right it takes: what is not in this table is not listened to."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from bot.people.model import Verb
from handlers.app import Kind, SlackApp

Listener = TypeVar("Listener", bound=Callable[..., Any])


class Own(StrEnum):
    """What takes no right, because it is about whoever does it."""

    ASKS = "asks for oneself; the package's policy judges it"
    READS = "shows what is one's own, or what everybody may see"
    DECIDES = "shows the whole of what a card says to those whom it was sent to, to admins and to whoever asked"


# By command, action id, callback id or event type.  The verbs are judged by `bot.people.permissions.may`.
RIGHTS: Final[Mapping[str, frozenset[Verb] | Own]] = {
    "/request-access": Own.ASKS,
    "latchkey_ask": Own.READS,
    "latchkey_policy": Own.READS,
    "latchkey_request": Own.ASKS,
    "latchkey_approve": frozenset({Verb.APPROVE}),
    "latchkey_deny": frozenset({Verb.DENY}),
    "latchkey_answers": Own.DECIDES,
    "latchkey_reason": frozenset({Verb.APPROVE, Verb.DENY}),
    "latchkey_extend": frozenset({Verb.EXTEND}),
    "latchkey_return": frozenset({Verb.RETURN}),
    # Silences the reminders of access that one might as well give back.
    "latchkey_let_end": frozenset({Verb.RETURN}),
    "latchkey_cancel": frozenset({Verb.CANCEL}),
    "/my-access": Own.READS,
    "latchkey_my_more": Own.READS,
    "app_home_opened": Own.READS,
    "/access-admin": frozenset({Verb.LIST, Verb.REMOVE}),
    "latchkey_more": frozenset({Verb.LIST}),
    "latchkey_remove": frozenset({Verb.REMOVE}),
    "latchkey_reprocess": frozenset({Verb.REPROCESS}),
    "latchkey_retry": frozenset({Verb.RETRY}),
    "latchkey_give_up": frozenset({Verb.GIVE_UP}),
}


class WithoutRight(Exception):
    """Something would be listened to that the table does not know, or the other way round."""


class Deeds:
    """The only way for a handler to listen: to what is in the table, and once."""

    def __init__(self, app: SlackApp) -> None:
        self._app = app
        self._listeners: dict[str, Callable[..., Any]] = {}

    def command(self, command: str) -> Callable[[Listener], Listener]:
        return self._listening("command", command)

    def action(self, action_id: str) -> Callable[[Listener], Listener]:
        return self._listening("action", action_id)

    def view(self, callback_id: str) -> Callable[[Listener], Listener]:
        return self._listening("view", callback_id)

    def event(self, event_type: str) -> Callable[[Listener], Listener]:
        return self._listening("event", event_type)

    def _listening(self, kind: Kind, deed: str) -> Callable[[Listener], Listener]:
        if deed not in RIGHTS:
            raise WithoutRight(f"{deed} has no right in handlers/routes.py.")
        if deed in self._listeners:
            raise WithoutRight(f"{deed} is listened to twice.")

        def listen(listener: Listener) -> Listener:
            self._app.listen(kind, deed, listener)
            self._listeners[deed] = listener
            return listener

        return listen

    def check(self) -> None:
        """
        Insist that what Bolt listens to and what the table allows are the same.

        Raises:
            WithoutRight: They are not.
        """
        deaf = RIGHTS.keys() - self._listeners.keys()
        if deaf:
            raise WithoutRight(f"Nobody listens to {', '.join(sorted(deaf))}.")
        bolts = [listener.ack_function for listener in self._app._async_listeners]
        if bolts != list(self._listeners.values()):
            raise WithoutRight("Somebody listens to Slack past the table in handlers/routes.py.")
