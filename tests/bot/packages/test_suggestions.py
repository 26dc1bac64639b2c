"""Test what the menu of packages offers, to whom, and in which order."""

import pytest

from bot.packages.index import PackageIndex
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.packages.suggestions import MOST_SUGGESTED, Applicant, Prospect, prospect_of, suggest


def package(name, *policies, id_=None):
    return Package(id=id_ or name.lower(), slug=name.lower(), name=name, policies=policies)


def policy(rank, only_users=None, *, for_oneself=True):
    return OfferedPolicy(
        id=f"p{rank}",
        name="Initial",
        rank=rank,
        lasts="",
        only_users=only_users,
        for_oneself=for_oneself,
    )


ANN = Applicant(entra_id="ann")


@pytest.mark.parametrize(
    ("policies", "prospect"),
    [
        ((policy(2),), Prospect.OPEN),
        ((policy(3),), Prospect.OPEN),
        ((policy(1),), Prospect.UNKNOWN),
        ((policy(4),), Prospect.UNKNOWN),
        ((policy(1, ("ann", "bo")),), Prospect.OPEN),
        ((policy(1, ("bo",)),), Prospect.NOT_FOR_THEM),
        ((policy(1, ()),), Prospect.NOT_FOR_THEM),
        ((policy(1, ("bo",)), policy(1)), Prospect.UNKNOWN),
        ((policy(1, ("bo",)), policy(2)), Prospect.OPEN),
        ((policy(2, for_oneself=False),), Prospect.FOR_OTHERS_ONLY),
        ((policy(1, ("bo",)), policy(2, for_oneself=False)), Prospect.FOR_OTHERS_ONLY),
        ((policy(2, for_oneself=False), policy(1)), Prospect.UNKNOWN),
        ((), Prospect.UNKNOWN),
    ],
)
def test_the_prospect_is_what_the_rows_say(policies, prospect):
    """The best of the policies; groups are not looked into."""
    assert prospect_of(package("A", *policies), ANN) is prospect


def test_whoever_is_not_bound_yet_is_nobody_in_particular():
    """A policy for named people may name them."""
    assert prospect_of(package("A", policy(1, ("bo",))), Applicant()) is Prospect.UNKNOWN


def test_those_that_one_may_have_come_first():
    """Then by name; what one has or has asked for, and what is for others, is last."""
    index = PackageIndex(
        [
            package("Alpha", policy(1, ("bo",))),
            package("Beta", policy(2)),
            package("Delta", policy(1)),
            package("Gamma", policy(2)),
            package("Omega", policy(2)),
            package("Zeta", policy(2)),
        ]
    )
    applicant = Applicant(entra_id="ann", has=frozenset({"beta"}), asked=frozenset({"omega"}))

    found = [each.package.name for each in suggest(index, "", applicant)]

    assert found == ["Gamma", "Zeta", "Delta", "Omega", "Beta", "Alpha"]


def test_what_is_not_among_the_shown_is_never_suggested():
    """Not by its whole name either: hidden packages are for those who know them."""
    everything = PackageIndex([package("Board Papers", id_="hidden"), package("Board Rooms")])
    shown = everything.only(lambda each: each.id != "hidden")

    for typed in ("", "board", "Board Papers", "bord papers"):
        assert "hidden" not in {each.package.id for each in suggest(shown, typed, ANN)}


@pytest.mark.parametrize("typed", ["fin rep", "REPORTS", "finance reprots", "&amp;", "ﬁnance"])
def test_parts_slips_and_other_spellings_are_found(typed):
    """As Slack may send them."""
    index = PackageIndex([package("Finance Reports & Co"), package("Marketing")])

    assert [each.package.name for each in suggest(index, typed, ANN)] == ["Finance Reports & Co"]


def test_whoever_is_refused_is_offered_nothing():
    """A guest, for a while."""
    index = PackageIndex([package("Marketing", policy(2))])

    assert suggest(index, "", Applicant(refusal="You are a guest.")) == []


def test_no_more_than_slack_takes():
    """The best of them."""
    index = PackageIndex([package(f"P{number:04}", policy(2)) for number in range(1_000)])

    assert len(suggest(index, "p", ANN)) == MOST_SUGGESTED
