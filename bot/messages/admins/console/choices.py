"""Let an admin choose whom, or which package, a search meant."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from bot.console.model import LISTS, LONGEST_SOUGHT, ConsolePage, Tab, write_console_page
from bot.errors import PackageName
from bot.messages.blocks.parts import Block, button, context, escape, section
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases.alike import told_apart
from bot.paging import Place
from bot.words import N_, _

# Of people whose names begin alike, and of packages whose names are near.
MOST_CHOICES: Final = 10
FOUND_BY: Final = N_(
    "Search for a person, a package, or both: a name, an e-mail address or an object id."
)


def nobody_chosen() -> list[Block]:
    """Say what the tab of one person is for, before one is chosen."""
    return [section(_(FOUND_BY))]


def which_person(
    page: ConsolePage, name: str, people: Mapping[str, str], *, package_id: str | None
) -> list[Block]:
    """
    List people whose names begin as was typed, to choose one.

    Args:
        people: Their names by Entra id.
        package_id: The package that was asked about besides.
    """
    said = _("Nobody is called “{name}”. Is it one of these people?").format(name=escape(name))
    blocks = [section(said)]
    for entra_id, shown in islice(told_apart(people).items(), MOST_CHOICES):
        place = Place(list=LISTS[page.tab], package_id=package_id, entra_ids=(entra_id,))
        sought = people[entra_id][:LONGEST_SOUGHT]
        chosen = ConsolePage(tab=page.tab, place=place, sought=sought)
        show = button(_("Show"), "console_more", write_console_page(chosen) or "-", about=shown)
        blocks.append(section(escape(shown), accessory=show, block_id=f"choice:{entra_id}"))
    if len(people) > MOST_CHOICES:
        blocks.append(context(_("There are more: write more of the name to find them.")))
    return blocks


def which_package(page: ConsolePage, sentence: str, packages: Sequence[PackageName]) -> list[Block]:
    """
    List packages that may have been meant, to choose one.

    Args:
        sentence: Why it is not known which, as plain text.
    """
    blocks = [section(escape_sentence(sentence))]
    if packages:
        blocks.append(section(_("Did you mean one of these?")))
    for each in packages[:MOST_CHOICES]:
        tab = page.tab if page.tab is Tab.AUDIT else Tab.ASSIGNMENTS
        place = Place(list=LISTS[tab], package_id=each.id)
        chosen = ConsolePage(tab=tab, place=place, sought=each.name[:LONGEST_SOUGHT])
        show = button(_("Show"), "console_more", write_console_page(chosen) or "-", about=each.name)
        blocks.append(section(escape(str(each)), accessory=show, block_id=f"choice:{each.id}"))
    return blocks
