"""Test who may do what: every cell of the table, and no for whatever is not in it."""

import itertools
from dataclasses import replace

import pytest

from bot.people.model import Person, Verb
from bot.people.permissions import (
    ADMINS,
    BENEFICIARIES,
    MANAGERS_OR_ADMINS,
    OF_DECIDERS,
    OWN,
    REQUESTERS,
    REVIEWS,
    SELF_OR_ADMIN,
    Actor,
    may,
)
from tests.proofs.authorization.authorization import ALLOWED, DECIDE, HOLDER, HOLDER_ID, ROLES


@pytest.mark.parametrize(("role", "verb"), list(itertools.product(ROLES, Verb)))
def test_each_role_may_do_what_the_table_says(role, verb):
    """And a no comes with a sentence."""
    why = may(ROLES[role], verb, holder=HOLDER, holder_entra_id=HOLDER_ID)

    assert (why is None) is (verb in ALLOWED[role])
    assert why is None or why.endswith(".")


@pytest.mark.parametrize(("role", "verb"), list(itertools.product(ROLES, sorted(DECIDE))))
def test_nobody_decides_for_somebody_unknown(role, verb):
    """Without the holder's Entra id it could be the decider's own."""
    assert may(ROLES[role], verb, holder=HOLDER, holder_entra_id=None) is not None


@pytest.mark.parametrize(("role", "verb"), list(itertools.product(ROLES, sorted(OWN))))
def test_nobody_owns_what_is_nobodys(role, verb):
    """Neither a request that nobody asked for, nor access whose holder in Entra is not known."""
    assert may(ROLES[role], verb, holder=None, holder_entra_id=None) is not None


@pytest.mark.parametrize("verb", [Verb.EXTEND, Verb.RETURN])
@pytest.mark.parametrize("holder", [None, HOLDER, "U0SOMEBODY"])
def test_access_is_of_an_entra_account_wherever_its_messages_go(verb, holder):
    """The Slack account that hears of it counts for nothing."""
    mine = Actor(slack_user="U0NEW", entra_id=HOLDER_ID)
    told = Actor(slack_user=holder or "U0NEW", entra_id="another")

    assert may(mine, verb, holder=holder, holder_entra_id=HOLDER_ID) is None
    assert may(told, verb, holder=holder, holder_entra_id=HOLDER_ID) is not None
    assert may(replace(told, entra_id=None), verb, holder=holder, holder_entra_id=HOLDER_ID)


@pytest.mark.parametrize(
    "role", ["an admin who may not decide this stage", "an admin unknown in Entra"]
)
def test_what_nobody_could_place_can_be_given_up(role):
    """Two who are both unknown in Entra are not the same person."""
    assert may(ROLES[role], Verb.GIVE_UP, holder=HOLDER, holder_entra_id=None) is None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", ["grant", "", "APPROVE", "approve ", None])
def test_what_is_not_a_verb_is_forbidden(role, verb):
    """To everybody."""
    assert may(ROLES[role], verb, holder=HOLDER, holder_entra_id=HOLDER_ID) is not None


def test_every_verb_is_somebodys():
    """A verb that nobody may is a mistake in this table."""
    assert set().union(*ALLOWED.values()) == set(Verb)


def test_every_verb_has_one_rule():
    """So that no order of the rules decides."""
    rules = (
        OWN,
        OF_DECIDERS,
        REVIEWS,
        ADMINS,
        SELF_OR_ADMIN,
        BENEFICIARIES,
        REQUESTERS,
        MANAGERS_OR_ADMINS,
    )
    assert sorted(verb for rule in rules for verb in rule) == sorted(Verb)


def test_a_decision_is_an_admins_only_where_nothing_else_gives_the_right():
    """Named by the policy, or as the delegate of somebody who is: then it is not theirs as an admin."""
    bo = Person(slack_user="U0BO", slack_name="Bo", entra_id="bo", entra_name="Bo Berg")
    dana = Actor(slack_user="U0DANA", entra_id="dana", is_admin=True)
    assert not dana.decides_as_admin
    assert replace(dana, stands_in=True).decides_as_admin
    assert not replace(dana, stands_in=True, is_approver=True).decides_as_admin
    assert not replace(dana, stands_in=True, acts_for=bo).decides_as_admin
    assert not replace(dana, is_approver=True).decides_as_admin
    assert not replace(dana, acts_for=bo).decides_as_admin


@pytest.mark.parametrize("verb", sorted(OWN))
def test_what_is_ones_own_is_refused_in_its_own_words(verb):
    """Not as something that nobody may do."""
    why = may(Actor(slack_user="U0CY"), verb, holder=HOLDER, holder_entra_id=HOLDER_ID)
    assert why == "Only the person whose access or request it is can do that."


@pytest.mark.parametrize("verb", sorted(BENEFICIARIES | REQUESTERS))
def test_who_has_no_slack_account_is_not_whoever_has_none(verb):
    """Nobody in Slack is not the same person as nobody else there."""
    assert may(Actor(slack_user=""), verb, holder="", holder_entra_id=HOLDER_ID) is not None
