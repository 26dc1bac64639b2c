"""What is known of a policy is said in the reader's language, and who approves in its grammar."""

import pytest

from bot.messages.phrases import policy_words
from bot.packages.model import Package
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offers import OfferedPolicy
from bot.words import speaking
from bot.words.catalogs import PSEUDO

BO, MIA, CY = (NamedApprover(kind=ApproverKind.PERSON, name=each) for each in ("Bo", "Mia", "Cy"))
DANA = NamedApprover(kind=ApproverKind.PERSON, name="Dana")
SOMEBODY = NamedApprover(kind=ApproverKind.PERSON)
MANAGER = NamedApprover(kind=ApproverKind.MANAGER)
OF_ASKER = NamedApprover(kind=ApproverKind.MANAGER, of_asker=True)
ABOVE = NamedApprover(kind=ApproverKind.MANAGER, level=2)
FAR_ABOVE = NamedApprover(kind=ApproverKind.MANAGER, level=3)
SECURITY = NamedApprover(kind=ApproverKind.MEMBERS, name="Security reviewers")
FINANCE = NamedApprover(kind=ApproverKind.MEMBERS, name="Finance")
SPONSORS = NamedApprover(kind=ApproverKind.OTHER)


def stage(*approvers: NamedApprover, quorum: int = 1) -> NamedStage:
    return NamedStage(approvers=approvers, quorum=quorum)


ONE = [
    (stage(), "an admin approves"),
    (stage(BO), "Bo approves"),
    (stage(MANAGER), "your manager approves"),
    (stage(SECURITY), "a member of “Security reviewers” approves"),
    (stage(SOMEBODY, SPONSORS), "an approver approves"),
    (stage(BO, MANAGER), "Bo or your manager approves"),
    (stage(ABOVE), "your manager’s manager approves"),
    (stage(FAR_ABOVE), "your manager 3 levels up approves"),
    (stage(MANAGER, ABOVE), "your manager or your manager’s manager approves"),
    (stage(MANAGER, OF_ASKER), "your manager approves"),
    (stage(BO, SECURITY, MANAGER), "Bo, a member of “Security reviewers” or your manager approves"),
    (stage(BO, MIA, CY, DANA), "Bo, Mia or someone else approves"),
]
SEVERAL = [
    (stage(quorum=2), "2 admins approve"),
    (stage(SECURITY, quorum=2), "2 members of “Security reviewers” approve"),
    (stage(BO, MIA, CY, quorum=2), "2 people among Bo, Mia and Cy approve"),
    (stage(BO, MIA, quorum=2), "Bo and Mia approve"),
    (stage(BO, quorum=2), "2 people (its policy names only Bo) approve"),
    (stage(MANAGER, quorum=3), "3 people (its policy names only your manager) approve"),
    (
        stage(BO, SECURITY, quorum=2),
        "2 people among Bo and members of “Security reviewers” approve",
    ),
    (
        stage(SECURITY, FINANCE, quorum=2),
        "2 people among members of “Security reviewers” and members of “Finance” approve",
    ),
    (stage(BO, MIA, CY, DANA, quorum=4), "4 people among Bo, Mia and others approve"),
    (stage(BO, SOMEBODY, quorum=2), "2 people among Bo and others approve"),
    (stage(BO, SPONSORS, quorum=3), "3 people among Bo and others approve"),
    (stage(SPONSORS, quorum=2), "2 approvers approve"),
]


@pytest.mark.parametrize(("one", "said"), [*ONE, *SEVERAL])
def test_who_approves_a_stage_and_how_many(one, said):
    """Singular where one is enough, plural where several must."""
    assert policy_words.decides([one]) == said
    assert f"{policy_words.approvers([one])} approve{'s' if one.quorum == 1 else ''}" == said


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (stage(MANAGER), "their manager approves"),
        (stage(OF_ASKER), "your manager approves"),
        (stage(MANAGER, OF_ASKER), "their manager or your manager approves"),
        (stage(ABOVE), "their manager’s manager approves"),
        (stage(FAR_ABOVE), "their manager 3 levels up approves"),
        (stage(MANAGER, quorum=2), "2 people (its policy names only their manager) approve"),
        (stage(BO), "Bo approves"),
    ],
)
def test_whose_manager_it_is_where_somebody_asks_for_somebody_else(one, said):
    """Of whoever gets it, or of whoever asks: as the policy says."""
    assert policy_words.decides([one], for_other=True) == said


def test_each_stage_has_its_own_number():
    """And its own verb."""
    stages = [stage(MANAGER), stage(SECURITY, quorum=2), stage()]
    assert policy_words.decides(stages) == (
        "your manager approves, then 2 members of “Security reviewers” approve, then an admin approves"
    )
    assert policy_words.approvers(stages) == (
        "your manager, then 2 members of “Security reviewers”, then an admin"
    )


def test_nobody_and_not_known_are_two_things():
    """Of what is not known yet nothing is said."""
    assert policy_words.decides([]) == "no approval"
    assert policy_words.decides(None) == ""


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "de",
            "deine Führungskraft genehmigt, dann: 2 Mitglieder von „Security reviewers“ genehmigen",
        ),
        ("es", "aprueba tu responsable, luego aprueban 2 miembros de «Security reviewers»"),
        ("fr", "votre responsable approuve, puis 2 membres de « Security reviewers » approuvent"),
        ("ja", "あなたのマネージャーが承認、次に「Security reviewers」のメンバー2人が承認"),
    ],
)
def test_singular_and_plural_in_each_language(language, said):
    """By its catalog."""
    with speaking(language):
        assert policy_words.decides([stage(MANAGER), stage(SECURITY, quorum=2)]) == said


@pytest.mark.parametrize(("one", "said"), [*ONE, *SEVERAL])
def test_names_of_approvers_come_through_another_language(one, said):
    """Nothing else does."""
    with speaking(PSEUDO):
        found = policy_words.decides([one])
    assert "[!! " in found
    for name in ("Bo", "Mia", "Security reviewers"):
        assert (name in found) == (name in said)


def way(*stages: NamedStage) -> OfferedPolicy:
    return OfferedPolicy(id="p", name="P", rank=1, lasts="", stages=stages)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([way()], "no approval needed"),
        ([way(stage(BO))], "needs approval"),
        ([way(stage(MANAGER), stage(BO))], "needs approval"),
        ([way(stage(MANAGER), stage(SECURITY, quorum=2))], "needs 3 approvals"),
        ([way(stage(SECURITY, quorum=2)), way(stage(BO, MIA, quorum=2))], "needs 2 approvals"),
        ([way(stage(SECURITY, quorum=2)), way()], "needs up to 2 approvals"),
    ],
)
def test_how_many_approvals_a_package_needs(policies, said):
    """A number where the settings want several of one stage; of policies that differ, the most."""
    package = Package(
        id="a",
        slug="a",
        name="A",
        needs_approval=any(each.stages for each in policies),
        policies=tuple(policies),
    )
    assert policy_words.approval_needed(package) == said


SAID = [
    (policy_words.lasts, "30 days"),
    (policy_words.lasts, "1 day or 8 days"),
    (policy_words.lasts, "until 31 Jan 2027"),
    (policy_words.lasts, "no end date"),
    (policy_words.lasts, "some hours, or no end date: the beta API does not say"),
    (policy_words.open_to, "everybody in your organization"),
    (policy_words.open_to, "members of “Marketing” or “Sales, or Support”, and certain people"),
]


@pytest.mark.parametrize(("say", "text"), SAID)
def test_english_stays_as_it_was_written(say, text):
    """Letter by letter."""
    assert say(text) == text


@pytest.mark.parametrize(("say", "text"), SAID)
def test_another_language_has_it_from_its_catalog(say, text):
    """Names come through as they are."""
    with speaking(PSEUDO):
        said = say(text)
    assert "[!! " in said
    for name in ("Marketing", "Sales"):
        assert (name in said) == (name in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [("30 days", "30 Tage"), ("1 day or 8 days", "1 Tag oder 8 Tage")],
)
def test_in_german(text, said):
    """By Babel and the catalog."""
    with speaking("de"):
        assert policy_words.lasts(text) == said
