"""Say what has to be known before an extension is asked for."""

from dataclasses import dataclass

from bot.assignments.model import Assignment
from bot.messages.assignments.extending import ExtensionOffer, extension_of
from bot.packages.settings.model import ReasonRule
from bot.requests.transactions.extend import ExtendableAccess
from bot.words import N_

NEEDS_REASON = N_("Please say why you still need it.")


@dataclass(frozen=True, kw_only=True)
class ExtensionForm:
    """
    The questions and facts of the form for an extension.

    Attributes:
        needs_reason: The policy wants a reason, or it is not known whether it does.
        rule: What the reason must contain by the package's settings; None: anything will do.
    """

    assignment: Assignment
    offer: ExtensionOffer
    needs_reason: bool
    rule: ReasonRule | None

    @property
    def is_required(self) -> bool:
        return self.needs_reason or self.rule is not None

    @property
    def is_wanted(self) -> bool:
        """True if somebody must know why: the policy, the settings, or whoever decides."""
        return self.is_required or bool(self.offer.stages)

    def find_lack(self, reason: str) -> str | None:
        """Return what *reason* lacks, a sentence; None: nothing."""
        if self.rule is not None and not self.rule.takes(reason):
            return self.rule.hint
        if self.needs_reason and not reason:
            return NEEDS_REASON
        return None


def form_of(found: ExtendableAccess, rule: ReasonRule | None) -> ExtensionForm:
    """Return what has to be known for this extension."""
    row, held_under = found.assignment, found.package.held_under
    policy = held_under.get(row.policy_id or "")
    offer = extension_of(row, held_under)
    if offer is None:
        # Too little to be offered; whoever asks for it all the same is told what is decided.
        offer = ExtensionOffer(
            ends_at=None, stages=policy.extension_stages if policy is not None else ()
        )
    return ExtensionForm(
        assignment=row,
        offer=offer,
        # Of a policy that is not known here it is not, either.
        needs_reason=policy is None or policy.needs_reason,
        rule=rule,
    )
