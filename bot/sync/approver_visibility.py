"""Hide who decides what waits already, where its policy hides that from whoever asks by now."""

from collections.abc import Sequence
from dataclasses import replace

from bot.database import Transaction
from bot.packages import policy_terms
from bot.packages.model import Terms
from bot.requests.model import Kind, Request
from bot.requests.store import current_stage
from graph.models import AssignmentPolicy


def hide_by_now(
    db: Transaction, policies: Sequence[AssignmentPolicy], *, hidden_by_default: bool
) -> int:
    """
    Hide it in every request that waits under one of *policies*, and return in how many.

    What is shown by now is not shown in these: whoever has decided may have done so because it was hidden.

    Args:
        policies: As they were read just now.
        hidden_by_default: It is known that whoever asks does not see who decides, where a policy leaves that to the tenant.
    """
    by_id = {each.id: each for each in policies}
    hiding = {
        each.id
        for each in policies
        if any(
            stage.hides_approvers
            for extending in (False, True)
            for stage in policy_terms.stages_for(
                each, extending=extending, always=False, hidden_by_default=hidden_by_default
            )
        )
    }
    hidden = 0
    for request in current_stage.waiting_under(db, hiding) if hiding else ():
        if request.terms is None:
            continue
        terms = _by_now(request, request.terms, by_id[request.terms.policy_id], hidden_by_default)
        if terms != request.terms:
            # If somebody was first, the next look does it.
            hidden += current_stage.hide_approvers(db, request, terms=terms) is not None
    return hidden


def _by_now(
    request: Request, terms: Terms, policy: AssignmentPolicy, hidden_by_default: bool
) -> Terms:
    stages = policy_terms.stages_for(
        policy,
        extending=request.kind is Kind.EXTEND,
        always=False,
        hidden_by_default=hidden_by_default,
    )
    hides = [each.hides_approvers for each in stages]
    # The admins' own stage, behind those of the policy, is nobody's secret.
    known = [
        replace(each, hides_approvers=each.hides_approvers or (place < len(hides) and hides[place]))
        for place, each in enumerate(terms.stages)
    ]
    return replace(terms, stages=tuple(known))
