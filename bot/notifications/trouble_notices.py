"""Find the notices that something wrong with access calls for: to whom, under which key, in which words."""

from bot.assignments.model import Trouble
from bot.assignments.store import assignments, troubles, unsure
from bot.database import Transaction
from bot.messages import troubles as words
from bot.messages.parts import Message
from bot.notifications.model import Notice
from bot.notifications.outcome_notices import OwedNotice
from bot.packages.store import catalog


def notices_for_trouble(
    db: Transaction, trouble: Trouble, *, admin_channel: str
) -> list[OwedNotice]:
    """Return the admins' card, and what the holder is told, if it is anything to them."""
    notice = Notice(
        key=f"{troubles.NOTICE}:{trouble.id}",
        kind=troubles.NOTICE,
        to=admin_channel,
        assignment_id=trouble.about,
    )
    found: list[OwedNotice] = [(notice, card(db, trouble))]
    row = assignments.find(db, trouble.about)
    said = words.told_holder(trouble, row) if row is not None else None
    if said is not None and row is not None and row.holder is not None:
        key = f"{troubles.NOTICE}-holder:{trouble.id}"
        found.append((Notice(key=key, kind="news", to=row.holder), said))
    return found


def card(db: Transaction, trouble: Trouble) -> Message:
    """Draw the admins' card, as it must be now."""
    row = assignments.find(db, trouble.about)
    if row is not None:
        return words.card(trouble, row, package=row.package_name)
    package = catalog.find(db, trouble.about)
    many = unsure.unreadable(db).get(trouble.about, 0)
    return words.card(
        trouble, None, package=package.name if package else trouble.about, unreadable=many
    )
