"""Whether whoever asks may see who approves, as the policy and the tenant say it."""

from dataclasses import asdict, replace

import pytest

from bot.packages import policy_terms
from bot.packages.model import Stage, Terms
from bot.packages.policy_terms import with_settings
from bot.packages.settings.model import PackageSettings
from bot.requests.model import Kind, hides_deciders, may_see_deciders
from bot.requests.store.request_rows import TERMS
from graph.models import ApprovalStage, AssignmentPolicy
from tests.bot.samples import BO, approval, package, policy, role_scope, user, wish


def stage(said: str | None) -> ApprovalStage:
    return ApprovalStage(approver_information_visibility=said)


@pytest.mark.parametrize(
    ("said", "by_default", "hidden"),
    [
        ("visible", True, False),
        ("Visible", True, False),
        ("yes", True, False),
        ("notVisible", False, True),
        ("no", False, True),
        ("default", False, False),
        ("default", True, True),
        (None, False, False),
        (None, True, True),
        # Nobody knows what it will mean.
        ("unknownFutureValue", False, True),
        ("onlyTheManager", False, True),
    ],
)
def test_what_each_word_means(said, by_default, hidden):
    """Of beta's first words, too."""
    kept = policy_terms.stage_of(stage(said), hidden_by_default=by_default)
    assert kept.hides_approvers is hidden


def asked(said: str) -> AssignmentPolicy:
    told = {"primaryApprovers": [user(BO)], "approverInformationVisibility": said}
    return policy(requestApprovalSettings=approval(told))


def terms_of(said: str) -> Terms:
    return policy_terms.terms_of(
        package(role_scope()), asked(said), extending=False, always=False, hidden_by_default=False
    )


def test_it_is_no_part_of_what_is_approved():
    """Who sees who decides changes nothing of what is given, to whom and by whose leave."""
    hidden, shown = terms_of("notVisible"), terms_of("visible")
    assert hidden != shown
    assert policy_terms.hash_of(hidden) == policy_terms.hash_of(shown)


def test_terms_of_before_hide_nobody():
    """They are read as they were written."""
    written = asdict(terms_of("visible"))
    for each in written["stages"]:
        del each["hides_approvers"]
    assert TERMS.validate_python(written) == terms_of("visible")
    assert policy_terms.hash_of_row(written) == policy_terms.hash_of(terms_of("visible"))


def test_what_a_stage_hid_that_is_gone_is_remembered_for_good():
    """Also when the policy has changed once more, and it is no part of what is approved."""
    shown = terms_of("visible")
    fewer = replace(shown, stages=())
    once = with_settings(fewer, PackageSettings(), agreed=terms_of("notVisible"))
    twice = with_settings(fewer, PackageSettings(), agreed=once)
    assert once.hid_approvers
    assert twice.hid_approvers
    assert not with_settings(fewer, PackageSettings(), agreed=shown).hid_approvers
    assert policy_terms.hash_of(once) == policy_terms.hash_of(fewer)
    assert not may_see_deciders(wish(terms=twice), 0, "U0ANN")


def test_what_a_stage_hid_is_remembered_where_entra_drops_the_admins_own_in_its_place():
    """The admins' stage after a removal took the place of the one that is gone."""
    (shown,), (hidden,) = terms_of("visible").stages, terms_of("notVisible").stages
    agreed = replace(terms_of("visible"), stages=(shown, hidden))
    now = replace(agreed, stages=(shown, Stage()))
    there = with_settings(now, PackageSettings(entra_decides=True), agreed=agreed)
    assert len(there.stages) == 1
    assert not may_see_deciders(wish(terms=there), 1, "U0ANN")


def test_a_stage_of_the_admins_stays_one():
    """Whether its approvers are shown or not."""
    assert Stage(hides_approvers=True).is_admins_own


STAGES = (Stage(hides_approvers=True), Stage())


@pytest.mark.parametrize(
    ("reader", "stage_read", "sees"),
    [
        ("U0ANN", 0, False),
        ("U0ANN", 1, True),
        ("U0CY", 0, False),
        ("U0BO", 0, True),
        (None, 0, True),
        # Of a stage that is not among them any more nothing is known.
        ("U0ANN", 2, False),
        ("U0BO", 2, True),
    ],
)
def test_who_sees_who_decides(reader, stage_read, sees):
    """Whoever asks and whoever gets it, of the stages that hide it; everybody else always."""
    terms = replace(terms_of("visible"), stages=STAGES)
    request = replace(wish(kind=Kind.ADD), asked_by="U0CY", holder="U0ANN", wanted_for="U0ANN")
    assert may_see_deciders(replace(request, terms=terms), stage_read, reader) is sees


def test_what_was_not_evaluated_yet_hides_nothing():
    """Nobody is asked."""
    assert not hides_deciders(replace(wish(), terms=None), 0)
