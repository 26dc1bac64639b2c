"""Methods that open, change and publish views."""

import time
from typing import TYPE_CHECKING

from sandbox import chance
from sandbox.slack.arguments import Arguments
from sandbox.slack.content import checked_view
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.forms import initial_values
from sandbox.slack.model import Json, View
from sandbox.slack.render import view_object

if TYPE_CHECKING:
    from sandbox.slack.state import State

MOST_MODALS = 3
"""How many modals may lie on top of each other."""


def open_view(workspace: "State", args: Arguments) -> Json:
    """Serve views.open."""
    given = _modal(args)
    trigger = workspace.triggers.spend(args.required("trigger_id"))
    view = new_modal(workspace, given, user=trigger.user, below=None)
    return {"view": view_object(workspace, view)}


def push(workspace: "State", args: Arguments) -> Json:
    """Serve views.push; only a trigger id that came from a modal will do."""
    given = _modal(args)
    trigger = workspace.triggers.spend(args.required("trigger_id"))
    stack = workspace.person(trigger.user).modals
    if not trigger.from_modal or not stack:
        raise SlackRefusal("not_found")
    view = new_modal(workspace, given, user=trigger.user, below=stack[-1])
    return {"view": view_object(workspace, view)}


def update(workspace: "State", args: Arguments) -> Json:
    """Serve views.update."""
    given = checked_view(args.structure("view"))
    view = _wanted(workspace, args)
    if view is None:
        raise SlackRefusal("not_found")
    _must_match_hash(view, args)
    if given["type"] != view.type:
        raise SlackRefusal("invalid_arguments", messages=["type may not change"])
    redraw(workspace, view, given)
    return {"view": view_object(workspace, view)}


def publish(workspace: "State", args: Arguments) -> Json:
    """Serve views.publish."""
    if not workspace.home_tab_enabled:
        raise SlackRefusal("not_enabled")
    person = workspace.people.get(args.required("user_id"))
    if person is None or person.is_bot or not workspace.is_ours(person):
        raise SlackRefusal("user_not_found")
    given = checked_view(args.structure("view"))
    if given["type"] != "home":
        raise SlackRefusal("invalid_arguments", messages=["type must be home"])
    if person.home is not None:
        _must_match_hash(person.home, args)
        redraw(workspace, person.home, given)
        return {"view": view_object(workspace, person.home)}
    view_id = workspace.next_id("V")
    person.home = View(
        id=view_id,
        user=person.id,
        type="home",
        blocks=[],
        hash=_new_hash(),
        root_view_id=view_id,
    )
    workspace.views[view_id] = person.home
    redraw(workspace, person.home, given)
    return {"view": view_object(workspace, person.home)}


def new_modal(workspace: "State", given: Json, *, user: str, below: View | None) -> View:
    """Put a checked modal in front of a person, on top of *below* or instead of everything.

    Raises:
        SlackRefusal: `push_limit_reached` or `duplicate_external_id`.
    """
    stack = workspace.person(user).modals
    if below is None:
        clear_modals(workspace, user=user)
    elif len(stack) >= MOST_MODALS:
        raise SlackRefusal("push_limit_reached")
    _must_be_new(workspace, given, own=None)
    view_id = workspace.next_id("V")
    view = View(
        id=view_id,
        user=user,
        type="modal",
        blocks=[],
        hash=_new_hash(),
        root_view_id=below.root_view_id if below else view_id,
        previous_view_id=below.id if below else None,
    )
    workspace.views[view_id] = view
    stack.append(view)
    redraw(workspace, view, given)
    return view


def redraw(workspace: "State", view: View, given: Json) -> None:
    """Give a view new, checked content; what is filled in under the same ids stays.

    Raises:
        SlackRefusal: `duplicate_external_id`.
    """
    _must_be_new(workspace, given, own=view)
    view.blocks = given["blocks"]
    view.title = given.get("title")
    view.submit = given.get("submit")
    view.close = given.get("close")
    view.callback_id = given.get("callback_id") or ""
    view.private_metadata = given.get("private_metadata") or ""
    view.external_id = given.get("external_id") or ""
    view.notify_on_close = bool(given.get("notify_on_close"))
    view.clear_on_close = bool(given.get("clear_on_close"))
    view.values = initial_values(view.blocks, before=view.values)
    view.hash = _new_hash()
    view.errors = {}
    view.trouble = None
    workspace.changed(view.type, users={view.user})


def clear_modals(workspace: "State", *, user: str) -> None:
    """Close every modal in front of a person."""
    stack = workspace.person(user).modals
    for view in stack:
        workspace.views.pop(view.id, None)
    stack.clear()
    workspace.changed("modal", users={user})


def _modal(args: Arguments) -> Json:
    given = checked_view(args.structure("view"))
    if given["type"] != "modal":
        raise SlackRefusal("invalid_arguments", messages=["type must be modal"])
    return given


def _wanted(workspace: "State", args: Arguments) -> View | None:
    if "view_id" in args:
        return workspace.views.get(args.required("view_id"))
    wanted = args.required("external_id")
    return next((each for each in workspace.views.values() if each.external_id == wanted), None)


def _must_match_hash(view: View, args: Arguments) -> None:
    wanted = args.optional("hash")
    if wanted and wanted != view.hash:
        raise SlackRefusal("hash_conflict")


def _must_be_new(workspace: "State", given: Json, *, own: View | None) -> None:
    external_id = given.get("external_id")
    if not external_id:
        return
    taken = (view.external_id for view in workspace.views.values() if view is not own)
    if external_id in taken:
        raise SlackRefusal("duplicate_external_id")


def _new_hash() -> str:
    return f"{int(time.time())}.{chance.token_hex(4)}"
