"""
Know which language to say something in: a person's own, as their Slack has it; a channel's, as the settings have it.

With somebody's language Slack says whether they are a full member; of a guest that is kept, too.

Slack is asked once a day for each person, after they have done something, or before the first message to them; never before
an answer, which is in the channels' language until the person's is known.  So is what goes to more people at once than
Slack may be asked about.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from bot import clock
from bot.database import Busy, Store, Transaction
from bot.database.replicas import limits
from bot.people.identity import why_not_a_member
from bot.people.store import languages
from bot.slack.api import Slack
from bot.slack.errors import SlackError
from bot.words import ENGLISH, language_of_locale, speaking

log = structlog.get_logger(__name__)

# People change their language seldom.
READ_FOR: Final = timedelta(days=1)
# In memory, so that another replica's news is heard; and what is not known is not asked for with every message.
KEPT_FOR: Final = timedelta(minutes=10)
MOST_KEPT: Final = 50_000
A_MINUTE: Final = timedelta(minutes=1)
# Slack takes a hundred (tier 4), and tells more things by the same method.
ASKED_A_MINUTE: Final = 50
# What is kept where Slack says none.
UNKNOWN: Final = "-"

T = TypeVar("T")


class Languages:
    """Finds the language of whoever reads something."""

    def __init__(self, *, store: Store, slack: Slack, default: str = ENGLISH) -> None:
        """
        Args:
            default: Of channels, and of whoever reads another language than there is a catalog for.
        """
        self._store = store
        self._slack = slack
        self.default: Final = default
        # Languages, until when they are kept, and until when Slack need not be asked again (real time).
        self._kept: Final[dict[str, tuple[str, datetime, datetime]]] = {}
        # When Slack was asked within the last minute, and until when it is left alone (real time).
        self._asked: Final[deque[datetime]] = deque()
        self._silent_until = clock.real()

    async def find(self, slack_user: str) -> str:
        """Return somebody's language as far as it is known here; Slack is not asked."""
        kept = self._kept.get(slack_user)
        if kept is not None and kept[1] > clock.real():
            return kept[0]
        try:
            known = await self._store.read_together(languages.find_each, slack_user)
        except Busy:
            return self.default
        locale, read_at = known or (UNKNOWN, None)
        return self._keep(slack_user, locale, read_at=read_at)

    def is_fresh(self, slack_user: str) -> bool:
        """Tell whether Slack need not be asked about somebody who has just been found."""
        kept = self._kept.get(slack_user)
        return kept is not None and kept[2] > clock.real()

    async def learn(self, slack_users: Iterable[str]) -> None:
        """
        Ask Slack about those of whom it has said nothing for a day, or never; raises nothing.

        Whoever cannot be asked about now is written to in the language that is known.
        """
        read: dict[str, str] = {}
        guests: dict[str, str | None] = {}
        now = clock.real()
        for slack_user in dict.fromkeys(slack_users):
            language = await self.find(slack_user)
            if self.is_fresh(slack_user) or not self._may_ask():
                continue
            try:
                profile, locale = await self._slack.users.described(slack_user)
                read[slack_user] = locale or UNKNOWN
                guests[slack_user] = why_not_a_member(profile)
            except SlackError as error:
                log.info("language-not-read", error=type(error).__name__)
                self._kept[slack_user] = language, now + KEPT_FOR, now + KEPT_FOR
                self._silent_until = now + KEPT_FOR / 10
        if not read:
            return
        try:
            await self._store.run(_save, read, guests, read_at=now)
        except Busy:
            log.info("language-not-saved")
        # Only now: whoever finds it fresh relies on what was saved with it, that somebody is a guest.
        for slack_user, locale in read.items():
            self._keep(slack_user, locale, read_at=now)

    def _may_ask(self) -> bool:
        """Tell whether Slack may be asked about one person more, and count it."""
        now = clock.real()
        while self._asked and self._asked[0] <= now - A_MINUTE:
            self._asked.popleft()
        if now < self._silent_until or len(self._asked) >= ASKED_A_MINUTE:
            return False
        self._asked.append(now)
        return True

    def _keep(self, slack_user: str, locale: str, *, read_at: datetime | None) -> str:
        now = clock.real()
        language = language_of_locale(locale) or self.default
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        fresh_until = now if read_at is None else read_at + READ_FOR
        self._kept[slack_user] = language, now + KEPT_FOR, fresh_until
        return language

    async def of(self, to: str) -> str:
        """Return the language of whoever reads what goes to a person or a channel, asking Slack if need be."""
        if not is_person(to):
            return self.default
        await self.learn([to])
        return await self.find(to)

    async def learn_all(self, recipients: Iterable[str | None]) -> None:
        """Learn the languages of those among *recipients* that are people, before they are written to."""
        await self.learn(to for to in recipients if to and is_person(to))

    @contextmanager
    def speaking_to(self, db: Transaction, to: str) -> Iterator[None]:
        """Say everything in this block in the language of a person or a channel, as far as it is known."""
        language = self.default
        if is_person(to):
            locale, _ = languages.find(db, [to]).get(to, (UNKNOWN, None))
            language = language_of_locale(locale) or self.default
        with speaking(language):
            yield

    async def said_to(self, recipients: Sequence[str], make: Callable[[], T]) -> dict[str, T]:
        """Return what *make* makes, for each of *recipients* in their language."""
        await self.learn_all(recipients)
        found = {to: await self.of(to) for to in dict.fromkeys(recipients)}
        made = {}
        for language in set(found.values()):
            with speaking(language):
                made[language] = make()
        return {to: made[language] for to, language in found.items()}


def _save(
    db: Transaction, read: Mapping[str, str], guests: Mapping[str, str | None], *, read_at: datetime
) -> None:
    """Write down what Slack has just said of some people: their languages, and who of them is no full member."""
    languages.save(db, read, read_at=read_at)
    for slack_user, why in guests.items():
        if why is not None:
            limits.note_nothing_to_ask(db, slack_user, why)
        elif limits.guest_sentence(db, slack_user) is not None:
            limits.forget_guest(db, slack_user)


def is_person(to: str) -> bool:
    """Tell a person's Slack id from a channel's."""
    return to.startswith(("U", "W"))
