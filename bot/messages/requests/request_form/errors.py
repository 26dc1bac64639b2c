"""Say what is wrong with a form that was sent, at the fields where it is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.messages.blocks.parts import shorten
from bot.messages.requests import package_menu
from bot.messages.requests.request_form.questions import block_of
from bot.messages.requests.request_form.reading import REASON
from bot.packages.questions import Question
from bot.words import N_, _, translate
from bot.words.formats import all_of, in_quotes

LONGEST_ERROR: Final = 2_000
CHANGED: Final = N_(
    "What is asked has changed since you opened this form. Please look at it again."
)


def not_offered_any_more(names: Iterable[str]) -> dict[str, str]:
    """Return which of the packages that are chosen in the menu cannot be asked for any more, to be said at it."""
    sentence = _("Not offered any more: {names}.").format(
        names=all_of([in_quotes(each) for each in names])
    )
    return {package_menu.MENU: shorten(sentence, LONGEST_ERROR)}


def errors_at(
    view: Mapping[str, Any],
    fields: Mapping[str, str],
    answers: Mapping[str, str],
    questions: Sequence[Question],
) -> dict[str, str]:
    """Return what is wrong, at the blocks where it is; elsewhere what the form has no block for."""
    at = {block_of(each): answers[each.id] for each in questions if each.id in answers}
    blocks = {block.get("block_id") for block in view.get("blocks") or ()}
    otherwise = REASON if REASON in blocks or package_menu.MENU not in blocks else package_menu.MENU
    found: dict[str, str] = {}
    for block, sentence in {**fields, **at}.items():
        place = block if block in blocks else otherwise
        found[place] = shorten(
            f"{found.get(place, '')} {translate(sentence)}".strip(), LONGEST_ERROR
        )
    return found or {otherwise: _(CHANGED)}
