"""Find what a menu with a search field offers for what was typed: asked of the app, or found in its own options."""

from dataclasses import dataclass

from starlette.datastructures import FormData

from sandbox.page.filters import names_in
from sandbox.page.reader import Reader
from sandbox.slack import Workspace
from sandbox.slack.forms import find
from sandbox.slack.model import Json, Suggestions

TROUBLES = {
    "operation_timeout": "Latchkey did not answer within three seconds.",
    "invalid_options": "Latchkey answered with options that Slack does not take.",
    "no_options_url": "The manifest does not say where to ask for options.",
}


@dataclass(frozen=True)
class OptionList:
    """Options below one heading, or below none."""

    label: str
    options: list[Json]


@dataclass(frozen=True)
class Offer:
    """The options of a menu at this moment."""

    lists: list[OptionList]
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to choose."""
        return not any(each.options for each in self.lists)


async def offer(workspace: Workspace, form: FormData, reader: Reader) -> Offer:
    """Return what the menu that *form* names offers for its `query`.

    Raises:
        LookupError: this person sees no such menu.
    """
    user, query = _word(form, "as"), _word(form, "query")
    block_id, action_id = _word(form, "block_id") or None, _word(form, "action_id")
    view_id, channel, ts = _word(form, "view"), _word(form, "channel"), _word(form, "ts")
    if view_id:
        blocks = workspace.view(view_id, user=user).blocks
    else:
        message = workspace.channel(channel).message(ts)
        blocks = message.blocks if message is not None else []
    found = find(blocks, action_id=action_id, block_id=block_id)
    if found is None:
        raise LookupError("this menu is gone")
    if not found[1]["type"].endswith("external_select"):
        return _own(found[1], query, reader)
    suggestions = await workspace.suggest(
        user=user,
        view_id=view_id or None,
        channel=channel,
        ts=ts,
        action_id=action_id,
        block_id=block_id,
        query=query,
    )
    return _offered(suggestions)


def _offered(suggestions: Suggestions) -> Offer:
    if suggestions.error is not None:
        said = TROUBLES.get(suggestions.error, f"No options came: {suggestions.error}.")
        return Offer([], said)
    if suggestions.groups:
        return Offer(
            [OptionList(each["label"]["text"], each["options"]) for each in suggestions.groups]
        )
    return Offer([OptionList("", suggestions.options)])


def _own(element: Json, query: str, reader: Reader) -> Offer:
    """Return the options of a menu that brings them along, as far as they hold *query*."""
    if "option_groups" in element:
        lists = [OptionList(g["label"]["text"], g["options"]) for g in element["option_groups"]]
    else:
        names = names_in(element, reader)
        own = [{"value": key, "text": {"text": name}} for key, name in names.items()]
        lists = [OptionList("", own or element.get("options") or [])]
    wanted = query.casefold()
    return Offer(
        [
            OptionList(
                each.label, [o for o in each.options if wanted in o["text"]["text"].casefold()]
            )
            for each in lists
        ]
    )


def _word(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""
