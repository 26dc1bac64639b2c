"""Say to somebody who decides why they are asked."""

from collections.abc import Mapping
from typing import Final

from bot.people.model import NamedAs
from bot.requests.model import Request
from bot.words import N_, _

# To whom it is said: somebody who is asked to decide.
WHY_ASKED: Final[Mapping[NamedAs, str]] = {
    NamedAs.USER: N_("You are asked because the policy names you."),
    NamedAs.GROUP: N_("You are asked because the policy names a group that you are in."),
    NamedAs.MANAGER: N_("You are asked because the policy names a manager of whoever gets it."),
    NamedAs.SPONSOR: N_("You are asked because the policy names the sponsors of whoever gets it."),
    NamedAs.FALLBACK: N_("You are asked because nobody is found whom the policy names first."),
    NamedAs.ESCALATION: N_("You are asked as well because this has been waiting for a while."),
    NamedAs.DELEGATE: N_("You are asked because an approver has named you as their delegate."),
}


def why_asked(request: Request, named_as: NamedAs) -> str:
    if named_as is NamedAs.MANAGER and request.is_on_behalf:
        # Which of the two its policy means, is not kept.
        return _(
            "You are asked because the policy names a manager of whoever asks, or of whoever gets it."
        )
    return _(WHY_ASKED[named_as])
