"""
Write what Entra is told of a request: why it was asked for, who approved it, and the tag by which we find it again.

Whoever reviews access in Entra sees an app's request there; these words name the people behind it, but for those whom the policy
hides from whoever asked, who may read them there, too.
"""

import re
from collections.abc import Sequence
from typing import Final

from bot.approvals.model import Decision
from bot.people.model import Verb
from bot.requests.model import Request, hides_deciders

# No limit is published.  Reasons end at 1,000 characters, and the names of those who decided are never cut for them.
LONGEST: Final = 2_000
TAG: Final = "[latchkey "
TAGGED: Final = re.compile(r"\s*\[latchkey [0-9a-f]{32}\]\s*$")
ELLIPSIS: Final = "…"
LONGEST_NAME: Final = 100
# Entra shows a request to whom it is for, with these words.
UNNAMED: Final = "an approver (named in Latchkey's audit log)"


def tag(request: Request) -> str:
    """Return the words that tell our request from anybody else's."""
    return f"{TAG}{request.id}]"


def is_tagged(text: str) -> bool:
    """Tell whether some Latchkey wrote this."""
    return TAG in text


def without_tag(text: str) -> str:
    """Return what somebody wrote, without the tag that some Latchkey has put behind it."""
    return TAGGED.sub("", text).strip()


def written_for(request: Request, decided: Sequence[Decision]) -> str:
    """
    Return the justification of the request that is posted: reason, deciders, tag; the tag always whole and last.

    Args:
        decided: The decisions that count, in the order of their stages.
    """
    approved = [each for each in decided if each.verb is Verb.APPROVE]
    many = len(request.terms.stages) > 1 if request.terms else False
    by = "; ".join(
        _decider(each, many=many, is_named=not hides_deciders(request, each.stage))
        for each in approved
    )
    end = f" Approved by {by}." if by else ""
    asker = request.terms.asker if request.terms else None
    if asker is not None:
        name = _untagged(_shortened(asker.name or "somebody", LONGEST_NAME))
        end = f" Asked for by {name} ({asker.id}).{end}"
    end = f"{end} {tag(request)}"
    reason = _untagged(request.justification or "Asked for in Slack.")
    return _shortened(reason, LONGEST - len(end)) + end


def _decider(decision: Decision, *, many: bool, is_named: bool) -> str:
    stage = f", stage {decision.stage + 1}" if many else ""
    if not is_named:
        return f"{UNNAMED}{stage}"
    name = _untagged(_shortened(decision.name or "somebody", LONGEST_NAME))
    role = ", as an admin of Latchkey" if decision.as_admin else ""
    on_behalf = ""
    if decision.for_entra_id is not None:
        approver = _untagged(_shortened(decision.for_name or "somebody", LONGEST_NAME))
        on_behalf = f" for {approver} ({decision.for_entra_id})"
    return f"{name} ({decision.entra_id}){on_behalf}{stage}{role}"


def _untagged(text: str) -> str:
    """Return what somebody wrote, without what could pass for a tag of ours."""
    while TAG in text:
        text = text.replace(TAG, "(latchkey ")
    return text


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)] + ELLIPSIS
