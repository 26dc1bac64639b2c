"""Find the notices that something wrong with access calls for: to whom, under which key, in which words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.assignments.model import Assignment, Trouble, TroubleKind
from bot.assignments.store import assignments, troubles, unsure
from bot.database import Store, Transaction
from bot.messages.assignments import troubles as words
from bot.messages.blocks.parts import Message
from bot.notifications.announcing import Announcer, count, when_unfinished
from bot.notifications.model import Notice
from bot.notifications.outcome_notices import OwedNotice
from bot.packages.store import catalog


@dataclass(frozen=True, kw_only=True)
class TroubleFacts:
    """
    The facts that the words about a trouble need.

    Attributes:
        row: The access that it is about; None where it is a package's.
        package: The package's name.
        unreadable: How much of it cannot be read, where it is a package's.
    """

    row: Assignment | None
    package: str
    unreadable: int = 0


def read_facts(db: Transaction, trouble: Trouble) -> TroubleFacts:
    """Read what the words about *trouble* need."""
    row = assignments.find(db, trouble.about)
    if row is not None:
        return TroubleFacts(row=row, package=row.package_name)
    many = unsure.unreadable(db).get(trouble.about, 0)
    return TroubleFacts(row=None, package=_package_name(db, trouble), unreadable=many)


def _package_name(db: Transaction, trouble: Trouble) -> str:
    """Return the name of the package that it is about; where Entra does not show the package any more, that of when it began."""
    package = catalog.find(db, trouble.about)
    if package is not None:
        return package.name
    name = trouble.why if trouble.kind is TroubleKind.UNREADABLE else None
    return name or trouble.about


def notices_for_trouble(
    trouble: Trouble, facts: TroubleFacts, *, admin_channel: str
) -> list[OwedNotice]:
    """Return the admins' card, and what the holder is told, if it is anything to them."""
    notice = Notice(
        key=f"{troubles.NOTICE}:{trouble.id}",
        kind=troubles.NOTICE,
        to=admin_channel,
        assignment_id=trouble.about,
    )
    found: list[OwedNotice] = [(notice, card(trouble, facts))]
    row = facts.row
    said = words.told_holder(trouble, row) if row is not None else None
    if said is not None and row is not None and row.holder is not None:
        key = f"{troubles.NOTICE}-holder:{trouble.id}"
        found.append((Notice(key=key, kind="news", to=row.holder), said))
    return found


def card(trouble: Trouble, facts: TroubleFacts) -> Message:
    """Draw the admins' card, as it must be now."""
    if facts.row is not None:
        return words.card(trouble, facts.row, package=facts.package)
    return words.card(trouble, None, package=facts.package, unreadable=facts.unreadable)


class TroubleNews:
    """Tells the admins, and whose access it is, what is wrong with it."""

    def __init__(self, *, store: Store, announcer: Announcer, admin_channel: str) -> None:
        self._store = store
        self._announcer = announcer
        self._admin_channel = admin_channel

    async def send(self, trouble: Trouble) -> int:
        """Tell the admins, and whose access it is, what is wrong with it."""
        facts = await self._store.read(read_facts, trouble)
        make = partial(notices_for_trouble, trouble, facts, admin_channel=self._admin_channel)
        keys = [notice.key for notice, _ in make()]
        return count(
            await self._announcer.announce(make, lambda db: _close_trouble(db, trouble, keys))
        )


def _close_trouble(db: Transaction, trouble: Trouble, keys: Sequence[str]) -> None:
    troubles.schedule_notice(db, trouble, news=when_unfinished(db, keys))
