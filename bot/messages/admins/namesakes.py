"""Tell people of one name apart where an admin removes access: by the object id in Entra, which no two have."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from bot.assignments.model import Assignment
from bot.messages.blocks.parts import person, shorten
from bot.same_name import folded
from bot.words import _


def namesakes(rows: Sequence[Assignment], *, of: Collection[str] = ()) -> frozenset[str]:
    """
    Return the Entra ids of those whose name somebody else among *rows* has, too.

    Args:
        of: Of those whom the list is narrowed to: who else has their name is not to be seen in it, so they are told apart
            from everybody.
    """
    by_name = defaultdict(set)
    for row in rows:
        by_name[folded(row.holder_name)].add(row.entra_id)
    alike = {one for several in by_name.values() if len(several) > 1 for one in several}
    return frozenset(alike.union(of))


def who_has(row: Assignment, *, alike: Collection[str]) -> str:
    """Mention or name whoever has access, mrkdwn; with the id where only the name is there, and others have it, too."""
    who = person(row.holder, row.holder_name)
    return f"{who} (`{row.entra_id}`)" if row.holder is None and row.entra_id in alike else who


def plain_name(row: Assignment, *, alike: Collection[str], most: int) -> str:
    """Name whoever has access where Slack mentions nobody, in *most* characters; with the id where others have the name, too."""
    name = row.holder_name or _("Somebody")
    if row.entra_id not in alike:
        return shorten(name, most)
    told_by = f" ({row.entra_id})"
    return f"{shorten(name, most - len(told_by))}{told_by}"
