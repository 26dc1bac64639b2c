"""List what can be asked for, and say what is still missing to ask for it."""

from collections.abc import Mapping, Sequence

from bot.messages.blocks.pages import page_of
from bot.messages.blocks.parts import (
    LONGEST_DESCRIPTION,
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    escape,
    message,
    person,
    section,
    shorten,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases import policy_words
from bot.messages.requests.package_menu import NOTES
from bot.packages.model import Package
from bot.packages.suggestions import Prospect
from bot.words import _, translate
from bot.words.formats import in_a_row, number

MOST_OFFERED = 20
# In the text that stands for a message where its blocks are not shown.
MOST_NAMED = 50


def offer(
    packages: Sequence[Package],
    *,
    prospects: Mapping[str, Prospect] | None = None,
    intro: str | None = None,
    page: int = 1,
) -> Message:
    """
    List what this workspace offers, each with a button to ask for it, a page at a time.

    Args:
        prospects: By package, what is known of the reader's prospects.
    """
    prospects = prospects or {}
    intro = intro or _("What do you need access to?")
    if not packages:
        return message(
            _(
                "{intro}\nNothing can be asked for here yet. Your identity team makes packages in "
                "Entra; they show up here within minutes."
            ).format(intro=intro)
        )
    head = [section(intro)]
    if len(packages) > MOST_OFFERED:
        head.append(
            context(_("`/request-access` with a part of a name finds every package that has it."))
        )
    blocks = page_of(
        ([offered(package, prospects.get(package.id, Prospect.OPEN))] for package in packages),
        count=len(packages),
        page=page,
        head=head,
        command="/request-access",
        most=MOST_OFFERED,
    )
    names = in_a_row([escape(package.slug) for package in packages[:MOST_NAMED]])
    left = len(packages) - MOST_NAMED
    if left > 0:
        names = _("{names} and {count} more").format(names=names, count=number(left))
    can = _("You can ask for: {names}.").format(names=names)
    return message(f"{intro} {can}", blocks)


def offered(package: Package, prospect: Prospect = Prospect.OPEN) -> Block:
    """Show a package, with a button to ask for it; what somebody has, or has asked for, has none."""
    lines = [f"*{escape(package.name)}*  `{escape(package.slug)}`"]
    if package.description:
        lines.append(escape(shorten(package.description, LONGEST_DESCRIPTION)))
    facts = [
        package.catalog,
        policy_words.lasts(package.lasts),
        policy_words.approval_needed(package),
    ]
    lines.append(f"_{' · '.join(escape(fact) for fact in facts if fact)}_")
    if prospect in {Prospect.HAS_ALREADY, Prospect.ASKED_ALREADY}:
        lines.append(_(NOTES[prospect]))
        return section("\n".join(lines), block_id=f"offer:{package.id}")
    if package.is_for_others_only:
        lines.append(_(NOTES[Prospect.FOR_OTHERS_ONLY]))
    ask = button(_("Ask for it"), "ask", package.id, about=package.name)
    return section("\n".join(lines), accessory=ask, block_id=f"offer:{package.id}")


def no_such_package(typed: str) -> str:
    """Say that it cannot be asked for: there may be one of that name which is closed, and which whoever types it may even have."""
    return _("There is no access package called “{typed}” that can be asked for.").format(
        typed=escape(typed)
    )


def reason_needed(package_id: str, name: str, sentence: str) -> Message:
    ask = button(_("Say why"), "ask", package_id, style="primary", about=name)
    shown = escape_sentence(translate(sentence))
    return message(shown, [section(shown), actions(ask)])


def form_for_other(about: str, name: str, *, wanted_for: str | None) -> Message:
    """
    Offer the form in which somebody asks for another person.

    Args:
        about: What the button carries to the form.
        wanted_for: The Slack id of the other, who is chosen in it already; None if it is not known.
    """
    line = (
        _("To ask for {name} for {person}, please fill in the form.").format(
            name=bold(name), person=person(wanted_for)
        )
        if wanted_for
        else _("To ask for {name} for somebody else, please choose them in the form.").format(
            name=bold(name)
        )
    )
    value = f"{about} {wanted_for}" if wanted_for else about
    ask = button(_("Open the form"), "ask", value, style="primary", about=name)
    return message(line, [section(line), actions(ask)])


def form_needed(about: str, sentence: str) -> Message:
    """*about* is what the button carries to the form."""
    ask = button(_("Open the form"), "ask", about, style="primary")
    shown = escape_sentence(translate(sentence))
    return message(shown, [section(shown), actions(ask)])
