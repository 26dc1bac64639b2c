"""Make of two package settings those under which nothing is allowed that either forbids."""

from dataclasses import replace

from bot.packages.settings.model import BreakGlass, BreakGlassPeople, PackageSettings
from bot.packages.settings.values import MOST_STAGES


def strictest(
    one: PackageSettings, other: PackageSettings, *, entra_decides: bool
) -> PackageSettings:
    """
    Return the stricter of each: more approvals, a fresh sign-in, a reason, and no emergency and no links that only one of them allows.

    Args:
        one: Whose channel, times and sentences hold.
        entra_decides: Which way of deciding holds; Entra knows neither quorums nor emergencies.
    """
    found = replace(
        one,
        quorum=_quorum(one, other),
        fresh_sign_in=one.fresh_sign_in or other.fresh_sign_in,
        auth_context=one.auth_context or other.auth_context,
        reason=one.reason or other.reason,
        break_glass=_break_glass(one.break_glass, other.break_glass),
        entra_decides=entra_decides,
        opens=one.opens if other.opens is not None else None,
    )
    if entra_decides:
        return replace(found, quorum=(1,), escalate_after=None, break_glass=None)
    return found


def _quorum(one: PackageSettings, other: PackageSettings) -> tuple[int, ...]:
    if len(one.quorum) == len(other.quorum) == 1:
        return (max(one.quorum[0], other.quorum[0]),)
    # One number holds for every stage, and a list for as many as it has.
    return tuple(
        max(one.approvals_needed(stage), other.approvals_needed(stage))
        for stage in range(MOST_STAGES)
    )


def _break_glass(one: BreakGlass | None, other: BreakGlass | None) -> BreakGlass | None:
    if one is None or other is None:
        return None
    return BreakGlass(
        lasts=min(one.lasts, other.lasts),
        review_within=min(one.review_within, other.review_within),
        people=one.people if other.people is BreakGlassPeople.IN_POLICY else other.people,
        most_a_week=min(one.most_a_week, other.most_a_week),
    )
