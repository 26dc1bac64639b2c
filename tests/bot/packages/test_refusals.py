"""Why somebody may not have a package, in words: whom it says so to, and whether asking again may help."""

import pytest

from bot.packages import refusals
from bot.packages.eligibility import Refusal, RefusalReason
from tests.bot.samples import policy

ENDS = {"type": "afterDateTime", "endDateTime": "2026-11-30T12:00:00Z"}
OVER = Refusal(reason=RefusalReason.ENDED, policy=policy(displayName="Interns", expiration=ENDS))
MOMENT = "30 Nov 2026, 12:00 UTC"


def test_a_policy_that_is_over_is_named_with_the_moment():
    """Not the day alone, which is over for nobody before midnight; and not as if it were over for everybody."""
    assert refusals.to_person(OVER) == (
        f"The policy that applies to you, “Interns”, gave it until {MOMENT}. "
        "Please ask whoever looks after this package."
    )
    assert refusals.to_asker(OVER, "Cy Chen") == (
        f"The policy that applies to Cy Chen, “Interns”, gave it until {MOMENT}. "
        "Please ask whoever looks after this package."
    )
    assert (
        refusals.to_admin(OVER, who="Cy", package="Reports")
        == f"The policy “Interns” gave Reports until {MOMENT}."
    )


@pytest.mark.parametrize("reason", RefusalReason)
def test_only_a_date_that_is_over_makes_it_vain_to_ask_again(reason):
    """All else may be another way when somebody asks: groups, what they have, what they say."""
    refusal = Refusal(reason=reason, policy=OVER.policy)
    for why in (refusals.to_person(refusal), refusals.to_asker(refusal, "Cy Chen")):
        assert refusals.is_for_now(why) is (reason is not RefusalReason.ENDED)
