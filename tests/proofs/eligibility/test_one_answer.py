"""Over generated policies, people and states: nobody is laxer than Entra, and all of ours say the same."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings

from bot.packages.eligibility import Admitted, Refusal, RefusalReason
from bot.provisioning.policy_tests.evaluate import PolicyTestOutcome
from tests.proofs.eligibility.answers import Answers, answers, may_ask
from tests.proofs.eligibility.cases import EXTENSIONS, RULED, SERVICE, Rules, World, built, worlds

VERSIONS = ["v1.0", "beta"]
# Scopes that beta has no words for.
V1_ALONE = {
    "specificDirectoryServicePrincipals",
    "allDirectoryServicePrincipals",
    "allDirectoryAgentIdentities",
}


# Scopes of which Latchkey cannot tell whether an Entra guest is in them: docs/how-to/entra-app.md.
FOR_OUTSIDERS = {
    "specificConnectedOrganizationUsers",
    "allConfiguredConnectedOrganizationUsers",
    "allExternalUsers",
}
NOT_THEIRS_TO_ASK = {RefusalReason.NO_POLICY, RefusalReason.ASKED_BY_MANAGER}


def judged(world: World, version: str) -> Answers:
    return asyncio.run(answers(built(world), world, version=version))


def sayable(rule: Rules, version: str) -> Rules:
    """A policy as far as the version has words for it."""
    if version == "v1.0":
        # v1.0 does not show whether a Verified ID is asked for: docs/explanation/not-verified.md.
        return replace(rule, verified_id=False)
    return replace(
        rule,
        automatic=False,
        scope="notSpecified" if rule.scope in V1_ALONE else rule.scope,
        targets=tuple(each for each in rule.targets if each != SERVICE),
    )


def is_unsupported(rule: Rules, version: str) -> bool:
    """What Latchkey refuses by design although Entra, asked by the person, would take it."""
    return (
        EXTENSIONS.get(rule.extension or "", False)
        or rule.verified_id
        or (version == "beta" and rule.expiration in {"hours", "never"})
        or RULED in rule.targets
    )


def check_against_entra(world: World, found: Answers, version: str) -> None:
    """Whatever we let in, Entra would let in; and what we refuse for no riddle, Entra refuses."""
    if found.slack is None:
        assert found.entra
    elif found.entra:
        # By design: what is not understood is not granted, and an unsaid kind of account is none.
        assert found.slack.reason is RefusalReason.UNSUPPORTED
        assert (
            world.who == "nobody says"
            or (world.who == "guest" and any(each.scope in FOR_OUTSIDERS for each in world.rules))
            or any(is_unsupported(each, version) for each in world.rules)
        )


def check_for_managers(found: Answers) -> None:
    """What a manager may ask for somebody in Slack they may in My Access."""
    event(f"for a manager: {'yes' if found.for_manager else 'no'}")
    assert found.entra_for_manager or not found.for_manager


def check_the_command_line(world: World, found: Answers) -> None:
    """It says the same, with one difference by design, which is an administrator's."""
    named = world.rules[world.wanted] if world.wanted is not None else None
    for_admins = {
        policy_id
        for policy_id, rule in zip(world.ids, world.rules, strict=False)
        if rule.scope == "notSpecified"
    }
    if isinstance(found.admitted, Admitted):
        lacks = found.slack is not None
        assert lacks or found.typed == found.admitted.policy.id
        assert not lacks or found.typed not in world.ids
    elif found.typed in world.ids:
        # Nobody may ask, and a policy for administrators alone is there.
        assert found.typed in for_admins
        assert found.admitted.reason in NOT_THEIRS_TO_ASK or (
            named and named.scope == "notSpecified"
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_all_say_the_same_and_none_is_laxer_than_entra(version):
    """Bot, command line, policy tests, and the person's own request to the stand-in."""

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(world=worlds)
    def check(world: World) -> None:
        world = replace(world, rules=tuple(sayable(each, version) for each in world.rules))
        if world.wanted is not None and world.wanted >= len(world.rules):
            world = replace(world, wanted=None)
        found = judged(world, version)
        event(f"slack: {found.slack.reason if found.slack else 'yes'}")
        check_against_entra(world, found, version)
        check_for_managers(found)
        check_the_command_line(world, found)
        if world.wanted is None:
            expected = (
                PolicyTestOutcome.HOLDS if may_ask(found.admitted) else PolicyTestOutcome.FAILS
            )
            assert found.tested is expected

    check()


PLAIN = Rules(
    scope="allDirectoryUsers",
    targets=(),
    asks=True,
    managers=False,
    automatic=False,
    expiration="days",
    question=None,
    extension=None,
    verified_id=False,
    reason=False,
    approved=False,
)
FREE = World(
    rules=(PLAIN,),
    who="member",
    published=True,
    attribute=False,
    has_other=None,
    in_group=False,
    reason=None,
    answered=frozenset(),
    wanted=None,
)
FLAWS: dict[str, tuple[World, RefusalReason]] = {
    "the catalog is switched off": (replace(FREE, published=False), RefusalReason.CATALOG_OFF),
    "another kind of account": (
        replace(FREE, who="guest", rules=(replace(PLAIN, scope="allMemberUsers"),)),
        RefusalReason.NO_POLICY,
    ),
    "for administrators": (
        replace(FREE, rules=(replace(PLAIN, scope="notSpecified"),)),
        RefusalReason.NO_POLICY,
    ),
    "nobody asks": (replace(FREE, rules=(replace(PLAIN, asks=False),)), RefusalReason.NO_POLICY),
    "a reason is wanted": (
        replace(FREE, rules=(replace(PLAIN, reason=True),)),
        RefusalReason.NO_REASON,
    ),
    "a question is asked": (
        replace(FREE, rules=(replace(PLAIN, question="required"),)),
        RefusalReason.NO_ANSWERS,
    ),
    "an attribute is asked for": (replace(FREE, attribute=True), RefusalReason.NO_ANSWERS),
    "two alike": (replace(FREE, rules=(PLAIN, PLAIN)), RefusalReason.SEVERAL),
    "the lower one is chosen": (
        replace(FREE, rules=(PLAIN, replace(PLAIN, scope="allMemberUsers")), wanted=0),
        RefusalReason.NOT_THAT_POLICY,
    ),
    "what its policy gives has ended": (
        replace(FREE, rules=(replace(PLAIN, expiration="over"),)),
        RefusalReason.ENDED,
    ),
    "of two alike the one that is left is over": (
        replace(FREE, rules=(PLAIN, replace(PLAIN, expiration="over")), wanted=1),
        RefusalReason.ENDED,
    ),
    "another package excludes it": (replace(FREE, has_other="delivered"), RefusalReason.EXCLUDED),
    "a group excludes it": (replace(FREE, in_group=True), RefusalReason.EXCLUDED),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("world", "reason"), FLAWS.values(), ids=FLAWS)
def test_one_flaw_is_enough_for_all_of_them(version, world, reason):
    """Each with its reason, and Entra refuses each as well."""
    found = judged(world, version)

    assert isinstance(found.slack, Refusal)
    assert found.slack.reason is reason
    assert not found.entra


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_flaw_all_of_them_agree(version):
    """The world from which the flaws differ."""
    found = judged(FREE, version)

    assert (found.slack, found.typed, found.tested, found.entra) == (
        None,
        "p1",
        PolicyTestOutcome.HOLDS,
        True,
    )


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("managers", [True, False])
def test_managers_ask_where_a_policy_lets_them(asks, managers):
    """Whether or not people ask for themselves, who read so; the beta API does not say that managers may."""
    world = replace(FREE, rules=(replace(PLAIN, asks=asks, managers=managers),))

    found = judged(world, "v1.0")
    assert (found.for_manager, found.entra_for_manager) == (managers, managers)
    alone = found.slack is not None and found.slack.reason is RefusalReason.ASKED_BY_MANAGER
    assert alone is (managers and not asks)
    assert judged(world, "beta").for_manager is False


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("who", ["member", "guest"])
def test_of_two_alike_the_one_that_is_not_over_needs_no_choice(version, who):
    """Nobody chooses what gives nothing any more, and the other is the one that all of them mean."""
    over = replace(PLAIN, expiration="over")

    found = judged(replace(FREE, who=who, rules=(over, PLAIN)), version)

    assert (found.slack, found.typed, found.tested, found.entra) == (
        None,
        "p2",
        PolicyTestOutcome.HOLDS,
        True,
    )
