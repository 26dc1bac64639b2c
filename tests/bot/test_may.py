"""Who may do what: every cell of the table, and no for whatever is not in it."""

import itertools

import pytest

from bot.authority import Actor, may
from bot.models import Verb

HOLDER, HOLDER_ID = "U0ANN", "ann"

ROLES = {
    "the holder": Actor(slack_user=HOLDER, entra_id=HOLDER_ID),
    "the holder, who is an admin": Actor(slack_user=HOLDER, entra_id=HOLDER_ID, is_admin=True),
    "the holder, who is an approver": Actor(
        slack_user=HOLDER, entra_id=HOLDER_ID, is_approver=True
    ),
    "the holder's other account": Actor(slack_user="U0TWIN", entra_id=HOLDER_ID),
    "the holder's other account, an admin": Actor(
        slack_user="U0TWIN", entra_id=HOLDER_ID, is_admin=True, is_approver=True
    ),
    "the holder's account under another id": Actor(
        slack_user=HOLDER, entra_id="bo", is_admin=True, is_approver=True
    ),
    "an approver": Actor(slack_user="U0BO", entra_id="bo", is_approver=True),
    "an admin": Actor(slack_user="U0DANA", entra_id="dana", is_admin=True),
    "an admin and approver": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, is_approver=True
    ),
    "somebody": Actor(slack_user="U0CY", entra_id="cy"),
    "an approver unknown in Entra": Actor(slack_user="U0BO", is_approver=True),
    "an admin unknown in Entra": Actor(slack_user="U0DANA", is_admin=True),
    "a guest named as approver": Actor(
        slack_user="U0GUS", entra_id="gus", is_approver=True, not_a_person="You are a guest."
    ),
    "a stranger named as admin": Actor(
        slack_user="U0EVE", entra_id="eve", is_admin=True, not_a_person="You are a stranger."
    ),
    "nobody in particular": Actor(slack_user=""),
}
OWN = {Verb.CANCEL, Verb.EXTEND, Verb.RETURN}
DECIDE = {Verb.APPROVE, Verb.DENY}
RULE = {Verb.REMOVE, Verb.LIST}

ALLOWED: dict[str, set[Verb]] = {
    "the holder": OWN,
    "the holder, who is an admin": OWN | RULE,
    "the holder, who is an approver": OWN,
    "the holder's other account": set(),
    "the holder's other account, an admin": RULE,
    "the holder's account under another id": OWN | RULE,
    "an approver": DECIDE,
    "an admin": DECIDE | RULE,
    "an admin and approver": DECIDE | RULE,
    "somebody": set(),
    "an approver unknown in Entra": set(),
    "an admin unknown in Entra": RULE,
    "a guest named as approver": set(),
    "a stranger named as admin": set(),
    "nobody in particular": set(),
}


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
def test_nobody_owns_what_has_no_holder(role, verb):
    """Access of somebody who is not in Slack."""
    assert may(ROLES[role], verb, holder=None, holder_entra_id=HOLDER_ID) is not None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", ["grant", "", "APPROVE", "approve ", None])
def test_what_is_not_a_verb_is_forbidden(role, verb):
    """To everybody."""
    assert may(ROLES[role], verb, holder=HOLDER, holder_entra_id=HOLDER_ID) is not None


def test_every_verb_is_somebodys():
    """A verb that nobody may is a mistake in this table."""
    assert set().union(*ALLOWED.values()) == set(Verb)
