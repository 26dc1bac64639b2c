"""Ask an app for the options of an external select while somebody types, and read its answer."""

from typing import TYPE_CHECKING, Any

from sandbox.slack import payloads
from sandbox.slack.block_elements import MENU_OPTION, OPTION_GROUP
from sandbox.slack.content import completed_part
from sandbox.slack.delivery import Answer, deliver
from sandbox.slack.forms import find, options_of
from sandbox.slack.interactions import inactive, refusal
from sandbox.slack.model import Json, Message, Offered, Suggestions, View
from sandbox.slack.rules import exactly_one_field, items, shape

if TYPE_CHECKING:
    from sandbox.slack.state import State

MOST_OPTIONS = 100
"""Of one answer.  Slack says so of `options`; the stand-in counts the members of groups together, too."""
LEAST_QUERY = 3
"""The number of typed characters before Slack asks, where the element has no `min_query_length`.

Source: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
"""

_ANSWER = shape(
    {},
    {
        "options": items(MENU_OPTION, most=MOST_OPTIONS, least=0),
        "option_groups": items(OPTION_GROUP, most=100, least=0),
    },
    exactly_one_field("options", "option_groups"),
)


async def suggest_in_view(
    workspace: "State",
    *,
    user: str,
    view_id: str,
    action_id: str,
    query: str,
    block_id: str | None,
) -> Suggestions:
    """Ask for options of a menu in a modal or the App Home."""
    person, view = workspace.person(user), workspace.view(view_id, user=user)
    if inactive(person) is not None:
        return Suggestions(error="account_inactive")
    found = _external(view, action_id=action_id, block_id=block_id)
    if isinstance(found, Suggestions):
        return found
    block, element = found
    payload = payloads.view_suggestion(
        workspace, person=person, view=view, block=block, element=element, query=query
    )
    return await _ask(workspace, payload, found, user=user, offered=view.offered)


async def suggest_in_message(
    workspace: "State",
    *,
    user: str,
    channel: str,
    ts: str,
    action_id: str,
    query: str,
    block_id: str | None,
) -> Suggestions:
    """Ask for options of a menu in a message."""
    person, place = workspace.person(user), workspace.channel(channel)
    refused = refusal(person, place)
    if refused is not None:
        return Suggestions(error=refused.error)
    message = place.message(ts)
    if message is None or message not in place.seen_by(user):
        return Suggestions(error="message_not_found")
    found = _external(message, action_id=action_id, block_id=block_id)
    if isinstance(found, Suggestions):
        return found
    block, element = found
    payload = payloads.message_suggestion(
        workspace,
        person=person,
        channel=place,
        message=message,
        block=block,
        element=element,
        query=query,
    )
    return await _ask(workspace, payload, found, user=user, offered=message.offered)


def _external(
    place: View | Message, *, action_id: str, block_id: str | None
) -> tuple[Json, Json] | Suggestions:
    found = find(place.blocks, action_id=action_id, block_id=block_id)
    if found is None or not found[1]["type"].endswith("external_select"):
        return Suggestions(error="action_not_found")
    return found


async def _ask(
    workspace: "State",
    payload: Json,
    found: tuple[Json, Json],
    *,
    user: str,
    offered: Offered,
) -> Suggestions:
    block, element = found
    if len(payload["value"]) < element.get("min_query_length", LEAST_QUERY):
        return Suggestions(error="query_too_short")
    if not workspace.has_options_url and not workspace.sockets.is_connected:
        return Suggestions(error="no_options_url")
    suggestions = _read(await deliver(workspace, "interactive", payload))
    remembered = offered.setdefault((user, block["block_id"], element["action_id"]), [])
    remembered += [each for each in suggestions.options if each not in remembered]
    return suggestions


def _read(answer: Answer) -> Suggestions:
    if not answer.ok:
        return Suggestions(error=answer.error)
    given: Any = answer.json
    problems: list[str] = []
    _ANSWER(given, "", lambda what, where: problems.append(f"{what} [json-pointer:{where}]"))
    if problems:
        return Suggestions(error="invalid_options")
    given = completed_part(given)
    options = options_of(given)
    if len(options) > MOST_OPTIONS:
        return Suggestions(error="invalid_options")
    return Suggestions(options=options, groups=list(given.get("option_groups") or []))
