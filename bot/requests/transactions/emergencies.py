"""Ask for access in an emergency: what a form must say for that, and what waits for its approvers already."""

from typing import TYPE_CHECKING, Final

from bot.database import Transaction
from bot.database.replicas.limits import Limit
from bot.requests import state_machine
from bot.requests.model import Request, State
from bot.requests.state_machine import FilledAnew
from bot.requests.transactions.creation import TOO_MANY, Submitted, count
from bot.requests.transactions.filled_form import FilledForm
from bot.words import N_

if TYPE_CHECKING:
    from bot.packages.settings.model import BreakGlass

NOT_GIVEN: Final = N_(
    "“{package}” gives no emergency access. Nothing was asked for; ask for it as usual."
)
NO_REASON: Final = N_(
    "Please say what the emergency is: a reason is needed. Nothing was asked for."
)
FOR_YOURSELF: Final = N_("Emergency access is for yourself only.")
NO_DATES: Final = N_("Emergency access begins at once and ends by itself: leave this empty.")


def find_wrong_fields(
    filled: FilledForm, package_name: str, terms: "BreakGlass | None", reason: str | None
) -> dict[str, str]:
    """Return what is wrong in a form that asks for emergency access, a sentence for each field."""
    fields = {}
    if filled.start is not None:
        fields["start"] = NO_DATES
    if filled.end is not None:
        fields["end"] = NO_DATES
    if filled.is_on_behalf:
        fields["for_whom"] = FOR_YOURSELF
    if reason is None:
        fields["reason"] = NO_REASON
    if terms is None:
        fields["reason"] = NOT_GIVEN.format(package=package_name)
    return fields


def make_urgent(
    db: Transaction,
    known: Request,
    reason: str | None,
    limit: Limit,
    filled: FilledAnew | None = None,
) -> Submitted | None:
    """
    Make an emergency of what waits for its approvers; None: it is left as it is.

    Args:
        filled: What the form says that asks for it, if one does.

    Raises:
        TooOften: They have asked for too much in an hour.
    """
    if known.state is not State.PENDING or known.emergency or known.is_on_behalf or reason is None:
        return None
    count(db, known.asked_by, limit, TOO_MANY)
    moved = state_machine.make_emergency(db, known, reason, filled)
    return Submitted(request=moved, created=True) if moved else None
