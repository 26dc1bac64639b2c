"""Do what people do in modals and in the App Home, and what the app's answer changes there."""

from typing import TYPE_CHECKING, Any

from sandbox.slack import payloads
from sandbox.slack.content import checked_view
from sandbox.slack.delivery import Answer, deliver
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.forms import CHOOSABLE, FIELDS, complaint, elements, entry, find
from sandbox.slack.interactions import inactive, outcome
from sandbox.slack.methods.views import clear_modals, new_modal, redraw
from sandbox.slack.model import Json, Outcome, View

if TYPE_CHECKING:
    from sandbox.slack.state import State

TROUBLE = "We had some trouble connecting. Try again?"


async def click_view(
    workspace: "State",
    *,
    user: str,
    view_id: str,
    action_id: str,
    block_id: str | None,
    value: Any,
) -> Outcome:
    """Send a click in a view."""
    person, view = workspace.person(user), workspace.view(view_id, user=user)
    refused = inactive(person)
    if refused is not None:
        return refused
    found = find(view.blocks, action_id=action_id, block_id=block_id, value=value)
    if found is None:
        return Outcome(ok=False, error="action_not_found", text="This button is gone.")
    block, element = found
    held = None
    if element["type"] in CHOOSABLE:
        held = entry(element, value, offered=_offered(view, block, element))
    if held is not None and element["type"] in FIELDS:
        view.values.setdefault(block["block_id"], {})[action_id] = held
        if block["type"] == "input" and not block["dispatch_action"]:
            return Outcome(ok=True)
    payload = payloads.view_click(
        workspace,
        person=person,
        view=view,
        action=payloads.action(workspace, block=block, element=element, held=held),
        trigger_id=workspace.triggers.issue(user=user, from_modal=view.type == "modal"),
    )
    return outcome(await deliver(workspace, "interactive", payload))


async def submit(
    workspace: "State", *, user: str, view_id: str, values: dict[str, dict[str, Any]]
) -> Outcome:
    """Send a filled-in modal, unless Slack's own form already objects."""
    person, view = workspace.person(user), workspace.view(view_id, user=user)
    refused = inactive(person)
    if refused is not None:
        return refused
    view.errors, view.trouble = fill_in(view, values), None
    if view.errors:
        workspace.changed("modal", users={user})
        return Outcome(ok=False, error="form_incomplete", errors=view.errors)
    payload = payloads.view_submission(
        workspace,
        person=person,
        view=view,
        trigger_id=workspace.triggers.issue(user=user, from_modal=True),
    )
    answer = await deliver(workspace, "interactive", payload)
    if not answer.ok:
        return _trouble(workspace, view, answer, answer.error)
    try:
        return _follow(workspace, view, answer)
    except SlackRefusal:
        return _trouble(workspace, view, answer, "invalid_response")


async def close(workspace: "State", *, user: str, view_id: str, clear: bool) -> Outcome:
    """Close a modal, or the whole stack; the app hears of it if it asked to."""
    person, view = workspace.person(user), workspace.view(view_id, user=user)
    clear = clear or view.clear_on_close
    closed = list(reversed(person.modals)) if clear else [view]
    shown = outcome(Answer(status=None))
    for each in closed:
        _remove(workspace, each)
    for each in closed:
        if each.notify_on_close:
            payload = payloads.view_closed(workspace, person=person, view=each, is_cleared=clear)
            shown = outcome(await deliver(workspace, "interactive", payload))
    return shown


def fill_in(view: View, values: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Put values into the view's state; return what Slack's own form objects to, by block id."""
    errors: dict[str, str] = {}
    for block, element in elements(view.blocks):
        if element["type"] not in FIELDS:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        inputs = view.values.setdefault(block_id, {})
        if action_id in values.get(block_id, {}):
            offered = _offered(view, block, element)
            inputs[action_id] = entry(element, values[block_id][action_id], offered=offered)
        if block["type"] == "input":
            objection = complaint(block, inputs[action_id])
            if objection is not None:
                errors[block_id] = objection
    return errors


def _offered(view: View, block: Json, element: Json) -> list[Json]:
    return view.offered.get((view.user, block["block_id"], element["action_id"]), [])


def _follow(workspace: "State", view: View, answer: Answer) -> Outcome:
    """Do what the answer to a submission says: close, show errors, update, push or clear."""
    given = answer.json or {}
    if answer.body.strip() and answer.json is None:
        raise SlackRefusal("invalid_response")
    seen = outcome(answer)
    wish = given.get("response_action")
    if wish == "errors":
        view.errors = _errors(view, given.get("errors"))
        workspace.changed("modal", users={view.user})
        return Outcome(
            ok=False,
            status=seen.status,
            seconds=seen.seconds,
            error="errors",
            errors=view.errors,
        )
    if wish == "update":
        redraw(workspace, view, _modal(given))
    elif wish == "push":
        new_modal(workspace, _modal(given), user=view.user, below=view)
    elif wish == "clear":
        clear_modals(workspace, user=view.user)
    elif wish is None:
        _remove(workspace, view)
    else:
        raise SlackRefusal("invalid_response")
    return seen


def _errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackRefusal("invalid_response")
    return {block_id: str(message) for block_id, message in errors.items()}


def _modal(given: Json) -> Json:
    view = checked_view(given.get("view"))
    if view["type"] != "modal":
        raise SlackRefusal("invalid_response")
    return view


def _remove(workspace: "State", view: View) -> None:
    stack = workspace.person(view.user).modals
    if view in stack:
        stack.remove(view)
    workspace.views.pop(view.id, None)
    workspace.changed("modal", users={view.user})


def _trouble(workspace: "State", view: View, answer: Answer, error: str | None) -> Outcome:
    view.trouble = TROUBLE
    workspace.changed("modal", users={view.user})
    return Outcome(
        ok=False,
        status=answer.status,
        seconds=answer.seconds,
        text=TROUBLE,
        error=error,
    )
