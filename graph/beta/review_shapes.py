"""Access reviews of a policy: v1.0's schedule and beta's words for how often, one into the other."""

from typing import Any, Final

from graph.beta.subject_shapes import subject_from_beta, subject_to_beta
from graph.errors import Unsupported

Json = dict[str, Any]

_SAME_BUT_FOR_NAME: Final = {  # v1.0: beta
    "expirationBehavior": "accessReviewTimeoutBehavior",
    "isRecommendationEnabled": "isAccessRecommendationEnabled",
    "isReviewerJustificationRequired": "isApprovalJustificationRequired",
}
_HOW_OFTEN: Final = {  # beta's recurrenceType: v1.0's pattern type and interval
    "weekly": ("weekly", 1),
    "monthly": ("absoluteMonthly", 1),
    "quarterly": ("absoluteMonthly", 3),
    "halfyearly": ("absoluteMonthly", 6),
    "annual": ("absoluteYearly", 1),
}


def from_beta(review: Json | None) -> Json | None:
    """Beta's ``accessReviewSettings`` as v1.0's ``reviewSettings``."""
    if review is None:
        return None
    said = dict(review)
    for ours, beta in _SAME_BUT_FOR_NAME.items():
        if beta in said:
            said[ours] = said.pop(beta)
    kind = str(said.pop("reviewerType", None) or "").casefold()
    said["isSelfReview"] = kind == "self"
    reviewers = [subject_from_beta(each) for each in said.pop("reviewers", None) or []]
    said["primaryReviewers"] = [each for each in reviewers if not each.get("isBackup")]
    if kind == "manager" and not said["primaryReviewers"]:
        # Beta says it by the kind alone; among the reviewers are then only those for want of a manager.
        said["primaryReviewers"] = [
            {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
        ]
    said["fallbackReviewers"] = [each for each in reviewers if each.get("isBackup")]
    for each in reviewers:
        each.pop("isBackup", None)
    often = _HOW_OFTEN.get(str(said.pop("recurrenceType", None) or "").casefold())
    start, days = said.pop("startDateTime", None), said.pop("durationInDays", None)
    said["schedule"] = {
        "startDateTime": start,
        "expiration": {"type": "afterDuration", "duration": f"P{days}D"} if days else None,
        "recurrence": often
        and {
            "pattern": {"type": often[0], "interval": often[1]},
            "range": {"type": "noEnd", "startDate": start and start[:10]},
        },
    }
    return said


def to_beta(review: Json | None) -> Json | None:
    """
    v1.0's ``reviewSettings`` as beta's ``accessReviewSettings``.

    Raises:
        Unsupported: It recurs, or lasts, or is reviewed by somebody, as beta cannot say.
    """
    if review is None:
        return None
    said = dict(review)
    for ours, beta in _SAME_BUT_FOR_NAME.items():
        if ours in said:
            said[beta] = said.pop(ours)
    primary = said.pop("primaryReviewers", None) or []
    fallback = said.pop("fallbackReviewers", None) or []
    managers = [each for each in primary if "requestormanager" in _type_of(each)]
    if said.pop("isSelfReview", None):
        said["reviewerType"] = "Self"
    elif managers:
        if len(primary) > 1 or managers[0].get("managerLevel") not in (None, 1):
            raise Unsupported(
                "The beta API lets the manager review, or others, not both, and no manager further up; "
                "use v1.0 for this policy."
            )
        said["reviewerType"] = "Manager"
    else:
        said["reviewerType"] = "Reviewers"
    said["reviewers"] = [
        *(subject_to_beta(each, is_backup=False) for each in primary if each not in managers),
        *(subject_to_beta(each, is_backup=True) for each in fallback),
    ]
    schedule = said.pop("schedule", None) or {}
    said["startDateTime"] = schedule.get("startDateTime")
    said["recurrenceType"] = _often_to_beta(schedule.get("recurrence"))
    said["durationInDays"] = _days_to_beta(schedule.get("expiration"))
    return said


def _often_to_beta(recurrence: Json | None) -> str | None:
    if recurrence is None:
        return None
    pattern = recurrence.get("pattern") or {}
    wanted = (str(pattern.get("type") or "").casefold(), pattern.get("interval") or 1)
    if wanted == ("absolutemonthly", 12):
        return "annual"
    for word, (kind, interval) in _HOW_OFTEN.items():
        if wanted == (kind.casefold(), interval):
            return word
    raise Unsupported(
        "The beta API reviews weekly, monthly, quarterly, halfyearly or annually; "
        "use v1.0 for another rhythm."
    )


def _days_to_beta(expiration: Json | None) -> int | None:
    duration = str((expiration or {}).get("duration") or "")
    if not duration:
        return None
    if not (duration.startswith("P") and duration.endswith("D") and duration[1:-1].isdigit()):
        raise Unsupported("The beta API counts whole days for a review; use v1.0.")
    return int(duration[1:-1])


def _type_of(subject: Json) -> str:
    return str(subject.get("@odata.type") or "").casefold()
