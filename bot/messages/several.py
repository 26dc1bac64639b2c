"""Say what became of several packages that somebody asked for in one form."""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.messages.parts import Block, context, escape, plain, section, shorten
from bot.packages.model import Package
from bot.requests.model import AskedTogether

LONGEST_NAME = 100


def results_view(result: AskedTogether) -> dict[str, Any]:
    """Make the view that takes the form's place: each package by name, and nothing else to send."""
    return {
        "type": "modal",
        "callback_id": "latchkey_asked",
        "title": plain("Ask for access"),
        "close": plain("Close"),
        "blocks": results(result),
    }


def results(result: AskedTogether) -> list[Block]:
    """Say of each package whether it was asked for."""
    blocks: list[Block] = []
    if result.asked:
        blocks.append(section(f"Asked for {_names(each.package_name for each in result.asked)}."))
    if result.open_before:
        open_before = _names(each.package_name for each in result.open_before)
        blocks.append(section(f"You had asked for {open_before} before; that is still open."))
    blocks += [
        section(f"*{_name(package.name)}* was not asked for. {escape(why)}")
        for package, why in result.refused
    ]
    if result.not_saved:
        not_saved = _names(each.name for each in result.not_saved)
        blocks.append(
            section(
                f"I can't save your request for {not_saved} right now, so it was not asked for; "
                "please try again in a minute."
            )
        )
    if result.asked or result.open_before:
        blocks.append(
            context("I will send you a message about each; `/my-access` shows how they stand.")
        )
    return blocks


def note_before_forms(result: AskedTogether) -> str:
    """Say above the form of one package, as plain text, what became of the others."""
    said = []
    if result.asked:
        said.append(f"Asked for {_plain_names(each.package_name for each in result.asked)}.")
    if result.open_before:
        open_before = _plain_names(each.package_name for each in result.open_before)
        said.append(f"You had asked for {open_before} before; that is still open.")
    said += [f"{package.name} was not asked for. {why}" for package, why in result.refused]
    if result.not_saved:
        not_saved = _plain_names(each.name for each in result.not_saved)
        said.append(f"I can't save your request for {not_saved} right now; please try it again.")
    said.append(note_of_following(result.with_forms[1:]))
    return " ".join(each for each in said if each)


def note_of_following(packages: Sequence[Package]) -> str:
    """Say which packages are asked for after this one, and not yet."""
    if not packages:
        return "This one asks questions of its own."
    return (
        "This one asks questions of its own, and then follows "
        f"{_plain_names(each.name for each in packages)}; none of them is asked for yet."
    )


def _name(name: str) -> str:
    return escape(shorten(name, LONGEST_NAME))


def _names(names: Iterable[str]) -> str:
    return _in_a_row([f"*{_name(each)}*" for each in names])


def _plain_names(names: Iterable[str]) -> str:
    return _in_a_row([shorten(each, LONGEST_NAME) for each in names])


def _in_a_row(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
