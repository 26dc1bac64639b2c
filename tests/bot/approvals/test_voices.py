"""Test whose decisions count for a stage, and who has had their say: an approver and their delegate are one voice."""

from bot.approvals.model import approvals_of, decided_before, has_voice, voices_of
from bot.people.model import Verb
from tests.bot.samples import click, wish

REQUEST = wish()
BO = click(REQUEST, slack_user="U0BO", entra_id="bo", stage=0)
LEE_FOR_MIA = click(
    REQUEST, slack_user="U0LEE", entra_id="lee", for_user="U0MIA", for_entra_id="mia", stage=1
)
DANA_DENIES = click(REQUEST, slack_user="U0DANA", entra_id="dana", stage=1, verb=Verb.DENY)
NOT_LOOKED_UP = click(REQUEST, slack_user="U0CY", stage=1)
ALL = [BO, LEE_FOR_MIA, DANA_DENIES, NOT_LOOKED_UP]


def test_approvals_are_of_their_own_stage():
    """Neither those before, nor denials."""
    assert approvals_of(ALL, 0) == [BO]
    assert approvals_of(ALL, 1) == [LEE_FOR_MIA, NOT_LOOKED_UP]
    assert approvals_of(ALL, 2) == []


def test_voices_are_those_who_clicked_and_for_whom():
    """By Entra id; who is not known in Entra is nobody's voice."""
    assert voices_of(ALL, 0) == {"bo"}
    assert voices_of(ALL, 1) == {"lee", "mia"}


def test_who_has_decided_before_are_the_voices_of_earlier_stages():
    """Whatever they said; those of the stage itself are not among them."""
    assert decided_before(ALL, 0) == frozenset()
    assert decided_before(ALL, 1) == {"bo"}
    assert decided_before(ALL, 2) == {"bo", "lee", "mia", "dana"}


def test_who_is_shown_as_decided_is_who_clicked_and_for_whom():
    """In that stage alone, whatever they said; nobody has decided for an account that is not known."""
    assert [has_voice(ALL, 1, each) for each in ("U0LEE", "U0MIA", "U0DANA", "U0CY")] == 4 * [True]
    assert not has_voice(ALL, 1, "U0BO")
    assert not has_voice(ALL, 0, "U0MIA")
    assert not has_voice(ALL, 1, None)
