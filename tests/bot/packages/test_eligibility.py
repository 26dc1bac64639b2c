"""What Entra's rules would refuse is refused, in both versions of Graph: nothing is granted that they would not allow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import chance, clock
from bot.requests.evaluation.rules import Refused
from bot.requests.model import Request, State
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration, Policy
from sandbox.tenant.model import Request as Asked
from tests.bot.samples import members, question, user, wish
from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.faults import answering
from tests.harness.wires import Fault, GoOn

CAMPAIGN = seed.MARKETING_CAMPAIGN


def another_policy(harness: BotHarness, package_id: str, **changes: Any) -> Policy:
    """One more policy of a package, for everybody named, without approval; *changes* as the tenant keeps it."""
    like = harness.policy_of(package_id)
    facts = vars(like) | {"id": chance.new_id(), "display_name": "Another way", **changes}
    made = Policy(**facts)
    made.settings = {**like.settings, **changes.get("settings", {})}
    harness.tenant.world.policies[made.id] = made
    return made


def asked_by_policy(harness: BotHarness) -> None:
    harness.policy_of(CAMPAIGN).settings["questions"] = [question()]


def resource_of(harness: BotHarness) -> Any:
    package = harness.tenant.world.packages[CAMPAIGN]
    return harness.tenant.world.resources[package.role_scopes[0].resource_id]


def attribute(**changes: Any) -> dict[str, Any]:
    return {
        "name": "extension_costCenter",
        "source": {
            "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
            "question": question(id="a", text="Which cost center?", isRequired=False),
        },
        "destination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
        "isEditable": True,
        "isPersistedOnAssignmentRemoval": True,
        **changes,
    }


def asked_by_resource(harness: BotHarness) -> None:
    # Whatever its question says, Entra wants an answer about each attribute.
    resource_of(harness).attributes = [attribute()]


@pytest.mark.parametrize("ask", [asked_by_policy, asked_by_resource])
async def test_a_required_question_left_open_is_refused(either, ask):
    """Nothing is posted without the answer."""
    ask(either)

    request = await either.ask("marketing-campaign")
    await either.finish()

    assert request.state is State.REFUSED
    assert "It asks what is not answered" in (request.why or "")
    assert either.posted("adminAdd") == 0


async def test_answers_let_it_pass_and_the_questions_are_terms(either):
    """What is asked is part of what is approved; an empty answer is none."""
    asked_by_policy(either)
    asked_by_resource(either)
    request = wish(package_id=CAMPAIGN)

    open_ = await refusal(either, replace_answers(request, {"q": "INC-1", "a": " "}))
    found = await either.evaluator.access.find_terms(
        replace_answers(request, {"q": "INC-1", "a": "4711"})
    )

    assert "Which cost center?" in open_
    assert [(each.id, each.required, each.attribute) for each in found.terms.questions] == [
        ("q", True, None),
        ("a", True, "extension_costCenter"),
    ]


def replace_answers(request: Request, answers: dict[str, str]) -> Request:
    given = {key: (text,) for key, text in answers.items()}
    return Request(**{**vars(request), "answers": given})


async def refusal(harness: BotHarness, request: Request) -> str:
    """Return what a look of this moment says."""
    await harness.forget_what_was_read()
    with pytest.raises(Refused) as refused:
        await harness.evaluator.access.find_terms(request)
    return str(refused.value)


def switched_off(harness: BotHarness) -> None:
    world = harness.tenant.world
    world.catalogs[world.packages[CAMPAIGN].catalog_id].state = "unpublished"


def in_a_new_state(harness: BotHarness) -> None:
    world = harness.tenant.world
    world.catalogs[world.packages[CAMPAIGN].catalog_id].state = "archived"


def verified_id(harness: BotHarness) -> None:
    harness.policy_of(CAMPAIGN).settings["verifiableCredentialSettings"] = {
        "credentialTypes": [{"credentialType": "Employee", "issuers": ["did:web:contoso.example"]}]
    }


def extension_at(stage: str) -> Callable[[BotHarness], None]:
    def change(harness: BotHarness) -> None:
        harness.policy_of(CAMPAIGN).settings["customExtensionStageSettings"] = [
            {"id": "stage", "stage": stage, "customExtension": {"id": "program"}}
        ]

    change.__name__ = f"an_extension_at_{stage}"
    return change


def attribute_of_another_kind(harness: BotHarness) -> None:
    resource_of(harness).attributes = [attribute(source={"@odata.type": "#microsoft.graph.other"})]


def stored_elsewhere(harness: BotHarness) -> None:
    resource_of(harness).attributes = [attribute(destination={"@odata.type": "#x.elsewhere"})]


def attribute_without_a_question(harness: BotHarness) -> None:
    resource_of(harness).attributes = [
        attribute(source={"@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion"})
    ]


def a_question_of_another_kind(harness: BotHarness) -> None:
    harness.policy_of(CAMPAIGN).settings["questions"] = [
        question(**{"@odata.type": "#microsoft.graph.accessPackageFileQuestion"})
    ]


def approvers_by_a_program(harness: BotHarness) -> None:
    settings = harness.policy_of(CAMPAIGN).settings
    settings["requestApprovalSettings"] = {
        **settings["requestApprovalSettings"],
        "isApprovalRequiredForAdd": True,
        "stages": [
            {
                "@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage",
                "durationBeforeAutomaticDenial": "P14D",
                "isApproverJustificationRequired": False,
                "isEscalationEnabled": False,
                "durationBeforeEscalation": "PT0S",
                "primaryApprovers": [user(seed.BO)],
            }
        ],
    }


RIDDLES = [
    in_a_new_state,
    extension_at("assignmentRequestCreated"),
    extension_at("assignmentRequestApproved"),
    extension_at("assignmentRequestDeterminingApprovalRequirements"),
    extension_at("somethingOfNextYear"),
    attribute_of_another_kind,
    stored_elsewhere,
    attribute_without_a_question,
    a_question_of_another_kind,
]


@pytest.mark.made_up("words that Graph does not have yet")
@pytest.mark.parametrize("change", RIDDLES, ids=lambda each: each.__name__)
async def test_an_unsupported_rule_is_refused_and_the_admins_are_told(either, change):
    """Each of them could be a condition that Entra sees to, and an app's grant passes by."""
    change(either)

    request = await either.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert "do not understand" in (request.why or "")
    assert request.tell_admins
    assert either.posted("adminAdd") == 0


@pytest.mark.made_up("words that Graph does not have yet")
@pytest.mark.parametrize("change", RIDDLES, ids=lambda each: each.__name__)
async def test_an_unsupported_rule_that_comes_after_the_approval_stops_the_grant(harness, change):
    """What decides is read again just before the POST."""
    request = wish(package_id=CAMPAIGN)
    found = await harness.evaluator.access.find_terms(request)
    change(harness)

    assert found.terms.stages == ()
    assert "do not understand" in await refusal(harness, request)


async def test_a_verified_id_is_not_passed_by(database):
    """Beta shows what v1.0 has no word for."""
    async with by_hand(database, GRAPH_API_VERSION="beta") as harness:
        verified_id(harness)

        request = await harness.ask("marketing-campaign")

    assert "it asks for a Verified ID" in (request.why or "")


async def test_approvers_whom_a_program_names_are_not_guessed(harness):
    """The stage lists somebody, and somebody else decides."""
    approvers_by_a_program(harness)

    request = await harness.ask("marketing-campaign")

    assert "accessPackageDynamicApprovalStage" in (request.why or "")


@pytest.mark.parametrize(
    "stage",
    [
        "assignmentRequestGranted",
        "assignmentRequestRemoved",
        "assignmentFourteenDaysBeforeExpiration",
        "AssignmentOneDayBeforeExpiration",
    ],
)
async def test_an_extension_that_is_told_afterwards_is_supported(either, stage):
    """It has no say in who gets what."""
    extension_at(stage)(either)

    assert (await either.ask("marketing-campaign")).state is State.SUBMITTED


async def test_a_catalog_that_is_switched_off_gives_nothing(either):
    """Nothing of it is offered, asked for, or granted to who asked before; and what is held may go on."""
    request = wish(package_id=CAMPAIGN)
    await either.evaluator.access.find_terms(request)
    switched_off(either)

    why = await refusal(either, request)
    await either.tenant_sync.run()

    assert why == "Its catalog is switched off in Entra, so nobody can ask for it now."
    assert not await either.request_forms.offered_packages()


AUTOMATIC: dict[str, Any] = {
    "automaticRequestSettings": {"requestAccessForAllowedTargets": True},
    "requestApprovalSettings": {"stages": []},
}


@pytest.mark.parametrize(
    "settings", [None, {}, {"enableTargetsToSelfAddAccess": False}], ids=["null", "empty", "no"]
)
async def test_an_automatic_policy_is_not_for_asking(harness, settings):
    """Microsoft recommends it beside one for asking; alone it offers nothing."""
    rule = {"@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "all"}
    automatic = another_policy(
        harness,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[rule],
        expiration=Expiration("noExpiration"),
        settings={**AUTOMATIC, "requestorSettings": settings},
    )

    assert (await harness.ask("marketing-campaign")).state is State.SUBMITTED

    for each in list(harness.tenant.world.policies.values()):
        if each.package_id == CAMPAIGN and each.id != automatic.id:
            del harness.tenant.world.policies[each.id]
    await harness.tenant_sync.run()
    assert "marketing-campaign" not in [
        each.slug for each in await harness.request_forms.offered_packages()
    ]


async def test_of_several_equal_policies_the_person_chooses(either):
    """They are named, with how long and who decides; the chosen one is what counts."""
    other = another_policy(
        either, CAMPAIGN, expiration=Expiration("afterDuration", duration=timedelta(days=8))
    )

    request = await either.ask("marketing-campaign")
    chosen = await either.evaluator.access.find_terms(
        wish(package_id=CAMPAIGN, wanted_policy_id=other.id)
    )

    assert request.state is State.REFUSED
    assert "“Another way” (8 days, no approval)" in (request.why or "")
    assert "“Specific users” (30 days, no approval)" in (request.why or "")
    assert not request.tell_admins
    assert (chosen.terms.policy_id, chosen.terms.lasts) == (other.id, "8 days")


async def test_a_policy_that_is_not_theirs_cannot_be_chosen(harness):
    """Nor one of another package."""
    for policy_id in ("nobody's", harness.policy_of(seed.FINANCE_REPORTS).id):
        why = await refusal(harness, wish(package_id=CAMPAIGN, wanted_policy_id=policy_id))
        assert why.startswith("The way that you chose is not open to you now; what is: “Specific")


async def test_a_policy_that_came_later_does_not_undo_an_approval(harness):
    """The person asked when there was one, and that one is still theirs."""
    request = await harness.ask("finance-reports because Q4")
    another_policy(harness, seed.FINANCE_REPORTS)

    found = await harness.evaluator.access.find_terms(request)

    assert found.terms.policy_id == request.terms.policy_id


async def test_who_is_neither_member_nor_guest_is_not_guessed(harness):
    """Entra leaves the kind of some old accounts empty."""
    harness.tenant.world.users[seed.ANN].user_type = None

    request = await harness.ask("finance-reports because Q4")

    assert "do not understand" in (request.why or "")


async def test_a_manager_who_asked_for_a_report_has_not_asked_for_themselves(harness):
    """Where managers may ask for others, an open request of theirs does not say for whom it is."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    world = harness.tenant.world
    world.requests["open"] = Asked(
        id="open",
        request_type="userAdd",
        created_at=clock.now(),
        package_id=seed.FINANCE_REPORTS,
        policy_id=policy.id,
        target_id=seed.ANN,
        requestor_id=seed.MIA,
        state="pendingApproval",
    )
    first = await harness.ask("finance-reports because Q4", user="U0MIA")
    policy.settings["requestorSettings"]["enableOnBehalfRequestorsToAddAccess"] = True

    second = await harness.ask("finance-reports because Q4", user="U0MIA")

    assert "already asked for it in Entra" in (first.why or "")
    assert second.state is State.PENDING


async def test_hours_in_beta_are_no_endless_access(database):
    """Beta has no field for hours: what it leaves open is not granted for ever."""
    async with by_hand(database, GRAPH_API_VERSION="beta") as harness:
        harness.policy_of(CAMPAIGN).expiration = Expiration(
            "afterDuration", duration=timedelta(hours=4)
        )
        await harness.tenant_sync.run()

        (offered,) = [
            each for each in await harness.request_forms.offered_packages() if each.id == CAMPAIGN
        ]
        request = await harness.ask("marketing-campaign")

    assert "no end date" not in offered.lasts.split(",")[0]
    assert "the beta API does not say" in (request.why or "")


async def test_a_policy_that_is_listed_and_not_shown_lets_no_other_step_in(either):
    """Graph's servers need not know of it at the same moment: the more specific one counts, with its approval."""
    approval = either.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]
    either.policy_of(CAMPAIGN).allowed_target_scope = "allMemberUsers"
    stricter = another_policy(
        either,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[user(seed.ANN)],
        settings={"requestApprovalSettings": approval},
    )
    either.line.on(f"GET .*ssignmentPolicies/{stricter.id}.*", answering(404))

    request = await either.ask("marketing-campaign because Q4")

    assert request.state is State.RECEIVED
    assert either.posted("adminAdd") == 0
    await either.forget_what_was_read()
    await either.expire_all_waits()
    await either.work()
    request = await either.request(request.id)
    assert request.state is State.PENDING
    assert request.terms is not None
    assert request.terms.policy_id == stricter.id


def before_its_targets(policy_id: str, targets: list[dict[str, str]]) -> Fault:
    """The package shows a policy as it was, whom it is for among it; the policy itself is shown as it is."""

    async def answer(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        found = await go_on()
        await found.aread()
        body = found.json()
        is_beta = "/beta/" in str(request.url)
        for each in body["accessPackageAssignmentPolicies" if is_beta else "assignmentPolicies"]:
            if each["id"] == policy_id:
                whose = each["requestorSettings"] if is_beta else each
                whose["allowedRequestors" if is_beta else "specificAllowedTargets"] = targets
        return httpx.Response(found.status_code, json=body, request=request)

    return answer


@pytest.mark.parametrize("targets", [[], [user(seed.ANN)]], ids=["nobody", "Ann"])
async def test_a_policy_is_for_whom_it_says_itself(either, targets):
    """A package may show it as it was a moment ago: which groups decide is read of the policy, and whether she is in them."""
    approval = either.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]
    either.policy_of(CAMPAIGN).allowed_target_scope = "allMemberUsers"
    either.tenant.world.groups[seed.SECURITY_REVIEWERS].members.append(seed.ANN)
    stricter = another_policy(
        either,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[members(seed.SECURITY_REVIEWERS)],
        settings={"requestApprovalSettings": approval},
    )
    either.line.on(
        f"GET .*accessPackages/{CAMPAIGN}$", before_its_targets(stricter.id, targets), times=9
    )

    request = await either.ask("marketing-campaign because Q4")

    assert request.state is State.PENDING
    assert request.terms is not None
    assert request.terms.policy_id == stricter.id
