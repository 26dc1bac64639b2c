"""Tell who may see who decides a stage: everybody but those who ask, where its policy hides that from them."""

from bot.requests.model.evidence import DecidedThere
from bot.requests.model.request import Request


def may_see_deciders(request: Request, stage: int, reader: str | None) -> bool:
    """
    Tell whether somebody may see who is asked to decide a stage of a request, and who has decided it.

    Args:
        reader: Who reads it, by Slack id; None: only those who decide, and the admins.
    """
    if reader is None or reader not in (request.asked_by, request.wanted_for, request.holder):
        return True
    return not hides_deciders(request, stage)


def may_clicker_see_deciders(
    request: Request, stage: int, slack_user: str, entra_id: str | None
) -> bool:
    """
    Tell the same of whoever presses a button somewhere, who may be whoever asks, by another Slack account.

    Args:
        entra_id: Who they are in Entra; of whom that is not known, they may not.
    """
    if not hides_deciders(request, stage):
        return True
    concerned = {each.casefold() for each in (request.entra_id, request.asker_entra_id) if each}
    is_somebody_else = entra_id is not None and entra_id.casefold() not in concerned
    return is_somebody_else and may_see_deciders(request, stage, slack_user)


def hides_deciders(request: Request, stage: int) -> bool:
    """Tell whether whoever asks for it, or gets it, may not see who decides a stage."""
    terms = request.terms
    if terms is None:
        return False
    if stage < len(terms.stages):
        return terms.stages[stage].hides_approvers
    # Its terms have changed since, or it was an emergency, which the approvers of its stages review.
    return hides_any_decider(request)


def hides_any_decider(request: Request) -> bool:
    """Tell whether whoever asks may not see who decides one of its stages, or who reviews an emergency."""
    terms = request.terms
    if terms is None:
        return False
    stages = (*terms.stages, *terms.stages_left_out)
    return terms.hid_approvers or any(each.hides_approvers for each in stages)


def shown_there(request: Request, reader: str | None) -> list[DecidedThere]:
    """Return what was decided in Entra of which somebody may see who did that."""
    return [each for each in request.decided_there if may_see_deciders(request, each.stage, reader)]
