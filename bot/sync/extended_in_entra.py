"""
Tell which later ends of access are explained by what somebody has asked Entra for: to keep it longer.

Pure.  Microsoft documents four types of an ``expirationPattern``, and not which of them a request shows that names no end.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.drift.compare import SAME_END
from bot.drift.model import Found
from bot.drift.store.approved import EndMoved
from bot.requests.in_entra import justification
from graph.models import AssignmentRequest
from graph.values import Expiration, same_word

# The second is beta's older word.
EXTENDED: Final = ("userUpdate", "userExtend")
# So long after a request is finished a sync has seen what it did: they are minutes apart.  Where they are not, the policy counts.
SEEN_WITHIN: Final = timedelta(hours=1)
# Graph's clock says when a request is finished, ours when an end moved.
CLOCKS_DIFFER: Final = timedelta(minutes=5)


def has_asked(request: AssignmentRequest) -> bool:
    """Tell whether somebody has made a request in Entra, and not Entra by itself."""
    return request.requestor is not None and request.requestor.object_id is not None


def is_extension(request: AssignmentRequest) -> bool:
    """Tell whether somebody has asked to keep access longer; of an extension of ours it is known until when."""
    is_ours = justification.is_tagged(request.justification or "")
    return not is_ours and has_asked(request) and any(request.is_type(each) for each in EXTENDED)


def is_end_named(request: AssignmentRequest, found: Found) -> bool:
    """Tell whether an end that was found is no later than the one that the request itself names: a date or a length."""
    expiration = request.schedule.expiration if request.schedule else None
    return _is_by(found.ends_at, _end_from(expiration, _latest_start(request)))


def is_end_seen(request: AssignmentRequest, found: Found, moved: Sequence[EndMoved]) -> bool:
    """
    Tell whether an end that was found is no later than what Entra was seen to move it to when a request was finished.

    Only for a request that names none: My Access asks for a date only where the policy lets people choose.

    Args:
        moved: How the end was seen to move, the first first.
    """
    at = request.completed_date_time
    if at is None or _names_end(request):
        return False
    then = (each for each in moved if at - CLOCKS_DIFFER <= each.at <= at + SEEN_WITHIN)
    first = next(then, None)
    return first is not None and (first.ends_at is None or _is_by(found.ends_at, first.ends_at))


def is_end_given(request: AssignmentRequest, found: Found, given: Expiration | None) -> bool:
    """
    Tell whether an end that was found is no later than what the policy gives whoever has asked for no other.

    Args:
        given: What the policy says now; None: not known.
    """
    if given is None or _names_end(request):
        return False
    if same_word(given.type, "noExpiration"):
        return True
    return _is_by(found.ends_at, _end_from(given, request.completed_date_time))


def _names_end(request: AssignmentRequest) -> bool:
    # noExpiration names none: a policy that gives less may stand behind it.
    expiration = request.schedule.expiration if request.schedule else None
    return _end_from(expiration, _latest_start(request)) is not None


def _end_from(expiration: Expiration | None, start: datetime | None) -> datetime | None:
    return expiration.end_from(start) if expiration else None


def _latest_start(request: AssignmentRequest) -> datetime | None:
    """Return from when on a length counts at the latest: Microsoft does not say whether Entra counts from the first start."""
    starts = (
        request.completed_date_time,
        request.schedule.start_date_time if request.schedule else None,
    )
    return max((each for each in starts if each is not None), default=None)


def _is_by(end: datetime | None, latest: datetime | None) -> bool:
    return end is not None and latest is not None and end <= latest + SAME_END
