"""Name those who have decided: an admin who stood in is called one, and a delegate says for whom."""

from collections.abc import Sequence

from bot.approvals.model import Decision
from bot.people.model import Verb
from bot.words import _


def names_of(decided: Sequence[Decision], verb: Verb) -> list[str]:
    """Return who decided so, each once."""
    return list(dict.fromkeys(name_of(each) for each in decided if each.verb is verb))


def name_of(decision: Decision) -> str:
    """Return who has decided, by name: not escaped."""
    name = decision.name or "somebody"
    if decision.for_entra_id is not None:
        return _("{name} for {for_name}").format(
            name=name, for_name=decision.for_name or "somebody"
        )
    return _("{name} (as an admin)").format(name=name) if decision.as_admin else name
