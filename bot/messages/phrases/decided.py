"""Name those who have decided: an admin who stood in is called one, and a delegate says for whom."""

from collections.abc import Sequence

from bot.approvals.model import Decision
from bot.messages.blocks.parts import person
from bot.people.model import Verb
from bot.words import _


def names_of(decided: Sequence[Decision], verb: Verb) -> list[str]:
    """Return who decided so, each once; where there are several, for whom one of them did stands in parentheses."""
    those = [each for each in decided if each.verb is verb]
    name = _name_in_list if len(those) > 1 else name_of
    return list(dict.fromkeys(map(name, those)))


def _name_in_list(decision: Decision) -> str:
    if decision.for_entra_id is None:
        return name_of(decision)
    return _("{name} (for {for_name})").format(
        name=decision.name or _("somebody"), for_name=decision.for_name or _("somebody")
    )


def name_of(decision: Decision) -> str:
    """Return who has decided, by name: not escaped."""
    name = decision.name or _("somebody")
    if decision.for_entra_id is not None:
        return _("{name} for {for_name}").format(
            name=name, for_name=decision.for_name or _("somebody")
        )
    return _("{name} (as an admin)").format(name=name) if decision.as_admin else name


def mention_of(decision: Decision) -> str:
    """Mention who has decided, and the approver for whom they did."""
    who = person(decision.slack_user)
    if not (decision.for_user or decision.for_name):
        return who
    return _("{person} for {approver}").format(
        person=who, approver=person(decision.for_user, decision.for_name)
    )
