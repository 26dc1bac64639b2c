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


ONE_OF_SEVERAL = Refusal(reason=RefusalReason.SEVERAL, candidates=(policy(displayName="Interns"),))


@pytest.mark.parametrize(
    "said",
    [
        refusals.to_person(ONE_OF_SEVERAL),
        refusals.to_asker(ONE_OF_SEVERAL, "Cy Chen"),
        refusals.to_admin(ONE_OF_SEVERAL, who="Cy", package="Reports"),
    ],
)
def test_where_one_of_several_policies_is_understood_that_is_said(said):
    """One is named, and that there are others which cannot be chosen here."""
    assert "“Interns”" in said
    assert "everal" in said
    assert "one of them: “Interns”" in said


def test_what_is_left_out_of_many_ways_is_not_hidden():
    """Six are named, and that there are more."""
    many = tuple(policy(id=f"p{n}", displayName=f"Way {n}") for n in range(7))

    said = refusals.to_person(Refusal(reason=RefusalReason.SEVERAL, candidates=many))

    assert "Way 5" in said
    assert "Way 6" not in said
    assert "; …. Please ask again" in said
