"""Say what pressing Extend would bring; it is offered only where it brings enough."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.assignments.model import Assignment
from bot.messages.blocks.parts import escape, moment
from bot.messages.phrases.policy_words import approvers
from bot.packages.named_stages import NamedStage
from bot.packages.offers import PoliciesHeldUnder
from bot.words import _
from bot.words.formats import short_date

# An extension is worth asking for, and deciding about, if it brings a day, or a tenth of what is given at once.
WORTH: Final = timedelta(days=1)
PART: Final = 10


@dataclass(frozen=True, kw_only=True)
class ExtensionOffer:
    """
    Say what an extension that is asked for now would bring.

    Attributes:
        ends_at: The new end; None: not known here.
        stages: Who must approve it; empty: nobody, or it is not known.
    """

    ends_at: datetime | None
    stages: tuple[NamedStage, ...]

    @property
    def label(self) -> str:
        """Return the button's label: the new end, with its hour by UTC, as Slack shows no date in the reader's zone there."""
        if self.ends_at is None:
            return _("Extend")
        with_year = self.ends_at.year != clock.now().year
        day = short_date(self.ends_at, with_year=with_year)
        # A day alone would be another one than the sentence beside it says to whoever is far from Greenwich.
        return _("Extend to {end}").format(end=f"{day}, {self.ends_at:%H:%M} UTC")

    @property
    def sentence(self) -> str:
        """Say what it would bring and who must approve it, for a reminder; empty where nothing is known."""
        parts = []
        if self.ends_at is not None:
            parts.append(
                _("If you extend it now, it lasts until {when}.").format(when=moment(self.ends_at))
            )
        if self.stages:
            said = _("{approvers} must approve that.").format(
                approvers=escape(approvers(self.stages))
            )
            parts.append(f"{said[0].upper()}{said[1:]}")
        return " ".join(parts)


def extension_of(row: Assignment, held_under: PoliciesHeldUnder) -> ExtensionOffer | None:
    """
    Return what extending *row* now would bring; None if it cannot be extended, or brings too little.

    The end is counted from now, as `bot.packages.policy_terms.extended_end` does when it is asked for.
    """
    if row.is_emergency:
        return None
    if row.ends_at is None or row.policy_id is None or row.policy_id not in held_under:
        return None
    policy = held_under[row.policy_id]
    if policy is not None and not policy.may_extend:
        return None
    now = clock.now()
    end = policy.end_of(now) if policy else None
    if policy is None or end is None:
        return ExtensionOffer(ends_at=None, stages=())
    if end - row.ends_at < min(WORTH, (end - now) / PART):
        return None
    return ExtensionOffer(ends_at=end, stages=policy.extension_stages)
