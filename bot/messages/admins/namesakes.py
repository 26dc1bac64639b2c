"""Tell people of one name apart where an admin removes access: by the object id in Entra, which no two have."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from bot.assignments.model import Assignment
from bot.messages.blocks.parts import person, shorten
from bot.words import _


def namesakes(rows: Sequence[Assignment]) -> frozenset[str]:
    """Return the Entra ids of those whose name somebody else among *rows* has, too."""
    by_name = defaultdict(set)
    for row in rows:
        by_name[(row.holder_name or "").casefold()].add(row.entra_id)
    return frozenset(entra_id for alike in by_name.values() if len(alike) > 1 for entra_id in alike)


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
