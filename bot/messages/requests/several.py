"""Say what became of several packages that somebody asked for in one form."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.messages.blocks.parts import Block, context, escape, plain, section, shorten
from bot.messages.blocks.sentences import escape_sentence
from bot.packages.model import Package
from bot.requests.model import AskedTogether
from bot.words import N_, _, translate
from bot.words.formats import all_of, in_quotes

LONGEST_NAME = 100
SOMETHING_GONE = N_("Something of that is not offered any more.")
NOT_KNOWN = N_(
    "My database stopped answering just as I was saving this, so I can't tell whether it was asked for: {names}. Please look in "
    "/my-access in a minute, and ask again if it is not there: nothing is asked for twice."
)


def results_view(result: AskedTogether) -> dict[str, Any]:
    """Make the view that takes the form's place: each package by name, and nothing else to send."""
    return {
        "type": "modal",
        "callback_id": "latchkey_asked",
        "title": plain(_("Ask for access")),
        "close": plain(_("Close")),
        "blocks": results(result),
    }


def results(result: AskedTogether) -> list[Block]:
    """Say of each package whether it was asked for."""
    blocks: list[Block] = []
    blocks += [section(line) for line in _begun(result, _names)]
    if result.open_before:
        open_before = _names(each.package_name for each in result.open_before)
        blocks.append(
            section(_("Asked for before, and still open: {names}.").format(names=open_before))
        )
    blocks += [
        section(
            _("*{name}* was not asked for. {why}").format(
                name=_name(package.name), why=escape_sentence(translate(why))
            )
        )
        for package, why in result.refused
    ]
    if result.is_something_gone:
        blocks.append(section(_(SOMETHING_GONE)))
    if result.not_saved:
        not_saved = _names(each.name for each in result.not_saved)
        blocks.append(
            section(
                _(
                    "I can't save this right now, so it was not asked for: {names}. Please try again in a minute."
                ).format(names=not_saved)
            )
        )
    if result.not_known:
        not_known = _names(each.name for each in result.not_known)
        blocks.append(section(_(NOT_KNOWN).format(names=not_known)))
    if result.asked or result.open_before:
        blocks.append(
            context(_("I will send you a message about each; `/my-access` shows how they stand."))
        )
    return blocks


def without_forms_for(
    result: AskedTogether, why_not: Callable[[Package], str | None]
) -> AskedTogether:
    """
    Return *result* with the first of its packages with forms being one that a form can ask for; those before it are refused.

    Args:
        why_not: Returns why none can, a sentence; None if one can.
    """
    refused, left = list(result.refused), list(result.with_forms)
    while left and (why := why_not(left[0])) is not None:
        refused.append((left.pop(0), why))
    return replace(result, refused=refused, with_forms=left)


def note_before_forms(result: AskedTogether) -> str:
    """Say above the form of one package, as plain text, what became of the others."""
    said = _begun(result, _plain_names)
    if result.open_before:
        open_before = _plain_names(each.package_name for each in result.open_before)
        said.append(_("Asked for before, and still open: {names}.").format(names=open_before))
    said += [
        _("{name} was not asked for. {why}").format(
            name=in_quotes(package.name), why=translate(why)
        )
        for package, why in result.refused
    ]
    if result.is_something_gone:
        said.append(_(SOMETHING_GONE))
    if result.not_saved:
        not_saved = _plain_names(each.name for each in result.not_saved)
        said.append(
            _(
                "I can't save this right now, so it was not asked for: {names}. Please try again in a minute."
            ).format(names=not_saved)
        )
    if result.not_known:
        not_known = _plain_names(each.name for each in result.not_known)
        said.append(_(NOT_KNOWN).format(names=not_known))
    said.append(_note_of_following(result.with_forms[1:]))
    return " ".join(each for each in said if each)


def _begun(result: AskedTogether, names: Callable[[Iterable[str]], str]) -> list[str]:
    """Say what has been asked for; it is called so only of what they may have, as far as is known."""
    said = []
    asked = [each.package_name for each in result.asked if each.id not in result.doubtful]
    if asked:
        said.append(_("Asked for {names}.").format(names=names(asked)))
    doubtful = [each.package_name for each in result.asked if each.id in result.doubtful]
    if doubtful:
        said.append(_("I am checking whether you may have {names}.").format(names=names(doubtful)))
    return said


def _note_of_following(packages: Sequence[Package]) -> str:
    """Say which packages are asked for after this one, and not yet."""
    if not packages:
        return _("This one asks questions of its own.")
    return _("This one asks questions of its own. Not asked for yet, and next: {names}.").format(
        names=_plain_names(each.name for each in packages)
    )


def _name(name: str) -> str:
    return escape(shorten(name, LONGEST_NAME))


def _names(names: Iterable[str]) -> str:
    return _in_a_row([f"*{_name(each)}*" for each in names])


def _plain_names(names: Iterable[str]) -> str:
    return _in_a_row([in_quotes(shorten(each, LONGEST_NAME)) for each in names])


def _in_a_row(names: Sequence[str]) -> str:
    return all_of(names)
