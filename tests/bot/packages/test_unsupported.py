"""A policy is judged whole or not at all: every word that is not known, and every part that was not read, is unsupported."""

import json
from typing import Any

import pytest

from bot.packages import policy_terms
from bot.packages.eligibility import Refusal, RefusalReason
from bot.packages.questions import Choice, Question
from bot.packages.refusals import to_admin, to_person
from bot.packages.unsupported import (
    HARMLESS_IN_PACKAGE,
    HARMLESS_IN_POLICY,
    questions_of,
    unsupported_in_package,
    unsupported_in_policy,
)
from graph.beta.versions import dialect
from graph.models import AccessPackage, AssignmentPolicy, Expiration
from graph.values import UNSAID
from tests.bot.samples import BO, approval, package, policy, question, role_scope, user

STAGE = {"primaryApprovers": [user(BO)]}
A = Choice(value="a", text="A")
SUBJECT = {**user(BO), "except": ["x"]}


def test_an_ordinary_policy_is_supported():
    """Nor is one with everything that a policy for asking may have."""
    full = policy(
        **{"@odata.type": "#microsoft.graph.accessPackageAssignmentPolicy"},
        catalog={"id": "c"},
        createdBy="x",
        modifiedBy="y",
        createdDateTime="2026-01-01T00:00:00Z",
        description="Ask away",
        reviewSettings={"isEnabled": True, "newKindOfReview": 1},
        notificationSettings={"isAssignmentNotificationDisabled": True},
        automaticRequestSettings=None,
        verifiableCredentialSettings={"@odata.type": "#x", "credentialTypes": []},
        questions=[
            question(),
            question(
                id="c",
                **{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"},
                choices=[{"actualValue": "a", "text": "A", "localizations": []}],
            ),
        ],
        customExtensionStageSettings=[{"stage": "assignmentRequestGranted"}],
        requestApprovalSettings=approval(
            {"@odata.type": "#microsoft.graph.accessPackageApprovalStage", **STAGE}
        ),
        requestorSettings={
            "enableTargetsToSelfAddAccess": True,
            "enableOnBehalfRequestorsToAddAccess": True,
            "onBehalfRequestors": [{"@odata.type": "#microsoft.graph.targetManager"}],
            "allowCustomAssignmentSchedule": True,
        },
    )

    assert unsupported_in_policy(policy(), extending=False) == ()
    assert unsupported_in_policy(full, extending=False) == ()
    assert unsupported_in_policy(full, extending=True) == ()


UNKNOWN: dict[str, dict[str, Any]] = {
    "the policy": {"newInGraph": {"a": 1}},
    "a switch of the policy that is off": {"isEnabled": False},
    "a number that is nought": {"maximumHolders": 0},
    "a verified id": {"verifiableCredentialSettings": {"credentialTypes": [{}, {"a": "b"}]}},
    "another kind of policy": {"@odata.type": "#microsoft.graph.accessPackageTrialPolicy"},
    "the requestor settings": {
        "requestorSettings": {"enableTargetsToSelfAddAccess": True, "onlyFromManagedDevices": True}
    },
    "the approval settings": {"requestApprovalSettings": approval(STAGE, approvalMode="Parallel")},
    "a stage": {"requestApprovalSettings": approval({**STAGE, "needsAll": True})},
    "an approver": {"requestApprovalSettings": approval({"primaryApprovers": [SUBJECT]})},
    "a stand-in": {
        "requestApprovalSettings": approval({**STAGE, "fallbackPrimaryApprovers": [SUBJECT]})
    },
    "an alternate": {
        "requestApprovalSettings": approval({**STAGE, "escalationApprovers": [SUBJECT]})
    },
    "an alternate's stand-in": {
        "requestApprovalSettings": approval({**STAGE, "fallbackEscalationApprovers": [SUBJECT]})
    },
    "a stand-in among the first approvers": {
        "requestApprovalSettings": approval({"primaryApprovers": [{**user(BO), "isBackup": True}]})
    },
    "whom it is for": {"specificAllowedTargets": [SUBJECT]},
    "who may ask for others": {
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableOnBehalfRequestorsToAddAccess": True,
            "onBehalfRequestors": [SUBJECT],
        }
    },
    "the expiration": {
        "expiration": {"type": "afterDuration", "duration": "P1D", "unlessOnLeave": True}
    },
    "no time at all": {"expiration": {"type": "afterDuration", "duration": "PT0S"}},
    "a question": {"questions": [question(onlyOnMondays=True)]},
    "an answer to choose": {
        "questions": [
            question(
                **{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"},
                choices=[{"actualValue": "a", "text": "A", "leadsTo": "denial"}],
            )
        ]
    },
    "nothing to choose from": {
        "questions": [
            question(**{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"})
        ]
    },
    "a question without a kind": {"questions": [question(**{"@odata.type": None})]},
    "a question without an id": {"questions": [question(id=None, isRequired=False)]},
    "a question without a text": {"questions": [question(text=None)]},
    "an extension without a moment": {"customExtensionStageSettings": [{"id": "x"}]},
    "an extension of an older kind": {
        "customExtensionHandlers": [{"stage": "assignmentRequestCreated"}]
    },
    "an older extension that is none": {"customExtensionHandlers": ["x"]},
    "questions not read": {"questions": None},
    "extensions not read": {"customExtensionStageSettings": None},
    "a page of questions": {"questions@odata.nextLink": "https://graph.test/more"},
    "a page of extensions": {"customExtensionStageSettings@odata.nextLink": "https://x"},
}


@pytest.mark.parametrize("changes", UNKNOWN.values(), ids=UNKNOWN)
def test_every_unknown_word_is_unsupported(changes):
    """Wherever it stands, whatever it says, and if it says no."""
    assert len(unsupported_in_policy(policy(**changes), extending=False)) == 1


GRAPH = "#microsoft.graph."
CHOICES = {"@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion"}


def typed(name: str, **facts: Any) -> dict[str, Any]:
    return {"@odata.type": f"{GRAPH}{name}", **facts}


# What the two versions of Graph call the parts of a policy, where they say it.
KNOWN: dict[str, dict[str, Any]] = {
    "requestor settings, v1.0": {
        "requestorSettings": typed(
            "accessPackageAssignmentRequestorSettings", enableTargetsToSelfAddAccess=True
        )
    },
    "requestor settings, beta": {
        "requestorSettings": typed("requestorSettings", enableTargetsToSelfAddAccess=True)
    },
    "approval settings, v1.0": {
        "requestApprovalSettings": approval(
            STAGE, **typed("accessPackageAssignmentApprovalSettings")
        )
    },
    "approval settings, beta": {
        "requestApprovalSettings": approval(STAGE, **typed("approvalSettings"))
    },
    "a stage, v1.0": {
        "requestApprovalSettings": approval(typed("accessPackageApprovalStage", **STAGE))
    },
    "a stage, beta": {"requestApprovalSettings": approval(typed("approvalStage", **STAGE))},
    "an expiration": {
        "expiration": typed("expirationPattern", type="afterDuration", duration="P1D")
    },
    "an approver who is no stand-in, beta": {
        "requestApprovalSettings": approval({"primaryApprovers": [{**user(BO), "isBackup": False}]})
    },
    "a choice": {
        "questions": [
            question(
                **CHOICES, choices=[typed("accessPackageAnswerChoice", actualValue="a", text="A")]
            )
        ]
    },
    "a translation, v1.0": {
        "questions": [
            question(
                localizations=[typed("accessPackageLocalizedText", languageCode="de", text="?")]
            )
        ]
    },
    "a translation, beta": {
        "questions": [
            question(
                localizations=[typed("accessPackageLocalizedContent", languageCode="de", text="?")]
            )
        ]
    },
    **{
        f"an extension at {moment}": {"customExtensionStageSettings": [{"stage": moment}]}
        for moment in (
            "assignmentRequestGranted",
            "assignmentRequestRemoved",
            "assignmentFourteenDaysBeforeExpiration",
            "assignmentOneDayBeforeExpiration",
        )
    },
}


@pytest.mark.parametrize("changes", KNOWN.values(), ids=KNOWN)
def test_what_graph_calls_its_parts_is_supported(changes):
    """Nobody is kept out because Graph says the type of what it sends."""
    assert unsupported_in_policy(policy(**changes), extending=False) == ()


@pytest.mark.parametrize(
    "state", ["assignmentRequestCreated", "assignmentRequestApproved", "other"]
)
def test_an_extension_with_a_say_is_unsupported(state):
    """And the phrase names its moment."""
    changes = {"customExtensionStageSettings": [{"stage": state}]}

    assert unsupported_in_policy(policy(**changes), extending=False) == (
        f"a custom extension takes part at {state}",
    )


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        (UNKNOWN["a verified id"], "it asks for a Verified ID"),
        (UNKNOWN["the approval settings"], "its stages do not decide one after the other"),
        (
            {"requestApprovalSettings": approval(STAGE, approvalMode="AnyTwo")},
            "its stages do not decide one after the other",
        ),
        (UNKNOWN["the policy"], "the policy says newInGraph"),
        (UNKNOWN["another kind of policy"], "the policy is an accessPackageTrialPolicy"),
        (UNKNOWN["the requestor settings"], "requestorSettings says onlyFromManagedDevices"),
        (UNKNOWN["a stage"], "an approval stage says needsAll"),
        (UNKNOWN["an approver"], "singleUser in an approval stage says except"),
        (UNKNOWN["whom it is for"], "singleUser in specificAllowedTargets says except"),
        (UNKNOWN["the expiration"], "expiration says unlessOnLeave"),
        (UNKNOWN["no time at all"], "it does not say how long it lasts"),
        ({"expiration": {"type": "afterDuration"}}, "it does not say how long it lasts"),
        (
            {"requestApprovalSettings": approval(STAGE, newInGraph=1)},
            "requestApprovalSettings says newInGraph",
        ),
        ({"expiration": {"type": "afterDateTime"}}, "it does not say until when it lasts"),
        ({"expiration": {"type": "onLeaving"}}, "it ends by the rule onLeaving"),
        (
            {"expiration": {"type": None, "duration": "P30D"}},
            "it names an end, and not by which rule it ends",
        ),
        (
            {"expiration": {"type": "notSpecified", "endDateTime": "2027-01-31T00:00:00Z"}},
            "it names an end, and not by which rule it ends",
        ),
        (UNKNOWN["questions not read"], "its questions were not read"),
        (UNKNOWN["extensions not read"], "its custom extensions were not read"),
        (UNKNOWN["a page of questions"], "not all of questions was read"),
        (UNKNOWN["an extension without a moment"], "a custom extension takes part at some moment"),
        (UNKNOWN["a question"], "the question “Which ticket?” says onlyOnMondays"),
        ({"requestApprovalSettings": None}, "it does not say whether somebody has to approve"),
        ({"requestorSettings": None}, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_admins_are_told_which_word_it_was(changes, phrase):
    """So that they know what to change."""
    assert unsupported_in_policy(policy(**changes), extending=False) == (
        (phrase,) if phrase else ()
    )


@pytest.mark.parametrize("kind", ["noExpiration", "notSpecified", "NOEXPIRATION", None])
def test_no_end_is_an_end_that_is_understood(kind):
    assert unsupported_in_policy(policy(expiration={"type": kind}), extending=False) == ()
    assert unsupported_in_policy(policy(expiration=None), extending=False) == ()


EMPTY: list[Any] = [None, "", [], {}, {"@odata.type": "#x"}, {"a": None, "b": []}]


@pytest.mark.parametrize("value", EMPTY, ids=str)
def test_an_unknown_word_that_says_nothing_is_none(value):
    """Graph writes properties that are not in use as null."""
    assert unsupported_in_policy(policy(newInGraph=value), extending=False) == ()


@pytest.mark.parametrize("name", ["questions", "customExtensionStageSettings"])
def test_what_was_not_read_is_not_what_is_empty(name):
    """A forgotten $expand must not let anybody in."""
    body = json.loads(policy().model_dump_json(by_alias=True, exclude_unset=True))
    del body[name]

    assert unsupported_in_policy(AssignmentPolicy.model_validate(body), extending=False)


@pytest.mark.parametrize(("extending", "is_unsupported"), [(False, False), (True, True)])
def test_whether_somebody_approves_must_be_said_for_what_is_asked(extending, is_unsupported):
    """Add and extend have a switch each."""
    half = policy(requestApprovalSettings=approval(isApprovalRequiredForUpdate=None))

    assert bool(unsupported_in_policy(half, extending=extending)) is is_unsupported


PACKAGES: dict[str, dict[str, Any]] = {
    "a state of the package": {"state": "suspended"},
    "a word of next year": {"isFrozen": False},
    "its catalog was not read": {"catalog": None},
    "a state of the catalog": {"catalog": {"id": "c", "state": "archived"}},
    "a catalog without a state": {"catalog": {"id": "c"}},
    "a page of policies": {"assignmentPolicies@odata.nextLink": "https://x"},
    "a page of roles": {"resourceRoleScopes@odata.nextLink": "https://x"},
    "a role without its resource": {"resourceRoleScopes": [{"id": "1", "role": {"id": "r"}}]},
    "attributes not read": {
        "resourceRoleScopes": [{"id": "1", "role": {"resource": {"displayName": "Ledger"}}}]
    },
}


@pytest.mark.parametrize("changes", PACKAGES.values(), ids=PACKAGES)
def test_a_package_is_judged_whole_too(changes):
    """Its state, its catalog's, and what its resources ask."""
    assert len(unsupported_in_package(package(**changes))) == 1


def test_an_ordinary_package_is_supported():
    """Switched off or not: that is another reason."""
    for state in ("published", "Unpublished"):
        assert (
            unsupported_in_package(package(role_scope(), catalog={"id": "c", "state": state})) == ()
        )


def test_questions_come_in_their_order_with_what_an_answer_is():
    """The policy's questions come first, and every attribute wants an answer."""
    choice = {"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"}
    choices = [{"actualValue": "a", "text": "A"}]
    asked = policy(
        questions=[
            question(id="3", sequence=2, isRequired=False),
            question(
                id="2", sequence=1, **choice, choices=choices, isMultipleSelectionAllowed=True
            ),
            question(id="1", sequence=0, **choice, choices=choices, isRequired=None),
        ]
    )
    scope = role_scope()
    scope["role"]["resource"]["attributes"] = [
        {
            "name": "costCenter",
            "source": {
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": question(id="4", text="Which cost center?", isRequired=False),
            },
        }
    ]

    assert questions_of(package(scope, scope), asked) == (
        Question(id="1", text="Which ticket?", required=True, choices=(A,)),
        Question(id="2", text="Which ticket?", required=True, choices=(A,), takes_several=True),
        Question(id="3", text="Which ticket?", required=False),
        Question(id="4", text="Which cost center?", required=True, attribute="costCenter"),
    )


def test_in_whatever_order_graph_lists_what_asks_the_questions_keep_theirs():
    """Else what is approved would be another thing, though nothing has changed."""
    scopes = [role_scope(), role_scope("Owner_1", "1")]
    for number, scope in enumerate(scopes):
        source = typed("accessPackageResourceAttributeQuestion", question=question(id=str(number)))
        scope["role"]["resource"]["attributes"] = [{"name": "costCenter", "source": source}]

    asked = questions_of(package(*scopes), policy())
    assert questions_of(package(*scopes[::-1]), policy()) == asked
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"text": "Another text"}, False),
        ({"isRequired": False}, False),
        ({"id": "other"}, False),
        ({"sequence": 5}, True),
        ({"isAnswerEditable": False}, True),
    ],
)
def test_another_question_needs_a_new_decision(changes, is_same):
    """What the approvers saw answered is part of what they approved."""

    def hashed(asked: dict[str, Any]) -> str:
        chosen = policy(questions=[asked])
        given = package(role_scope())
        return policy_terms.hash_of(
            policy_terms.terms_of(
                given,
                chosen,
                extending=False,
                always=False,
                hidden_by_default=False,
                questions=questions_of(given, chosen),
            )
        )

    assert (hashed(question()) == hashed(question(**changes))) is is_same


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_every_property_that_graph_has_is_known(version, shared_conformance):
    """Understood, harmless by name, or known to be unsupported: Microsoft's own list of today has nothing else."""
    types = json.loads((shared_conformance / f"graph-{version}.json").read_text())["types"]
    spoken = dialect(version)
    fields = {each.alias for each in AssignmentPolicy.model_fields.values()}
    for noun, name, known in (
        ("policy", "accessPackageAssignmentPolicy", fields | HARMLESS_IN_POLICY),
        (
            "accessPackage",
            "accessPackage",
            {each.alias for each in AccessPackage.model_fields.values()} | HARMLESS_IN_PACKAGE,
        ),
    ):
        said = spoken.incoming(noun, dict.fromkeys(types[name]["props"]))
        assert set(said) - known <= {"verifiableCredentialSettings"}


def test_each_reason_has_a_sentence_for_both():
    """However little is known about it, and however long the names are."""
    long = policy(displayName="x" * 500)
    for reason in RefusalReason:
        for refusal in (
            Refusal(reason=reason),
            Refusal(reason=reason, policy=long, candidates=(long,) * 9, details=("y" * 500,) * 9),
        ):
            for sentence in (to_person(refusal), to_admin(refusal, who="Ann", package="Campaign")):
                assert 10 < len(sentence) < 2500
                assert sentence.endswith((".", "!"))


def asking(**attribute: Any) -> AccessPackage:
    """A package whose one resource wants to know something about people."""
    scope = role_scope()
    scope["role"]["resource"]["attributes"] = [attribute]
    return package(scope)


STORE = {"@odata.type": f"{GRAPH}accessPackageUserDirectoryAttributeStore"}
COST_CENTER: dict[str, Any] = {
    "name": "costCenter",
    "source": typed(
        "accessPackageResourceAttributeQuestion", question=question(text="Which cost center?")
    ),
    "destination": STORE,
}


def test_an_attribute_that_is_asked_for_is_supported():
    """It is one question more; and Graph may say what a package is."""
    assert unsupported_in_package(asking(**COST_CENTER)) == ()
    named = package(role_scope(), **{"@odata.type": f"{GRAPH}accessPackage"})
    assert unsupported_in_package(named) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"source": typed("accessPackageResourceAttributeLookUp")},
        {"source": typed("accessPackageResourceAttributeLookUp", question=question())},
        {"source": None},
        {"source": typed("accessPackageResourceAttributeQuestion", question=None)},
        {"destination": {"@odata.type": f"{GRAPH}accessPackageLedger"}},
        {"destination": None},
    ],
    ids=[
        "looked up",
        "looked up if asked",
        "no source",
        "no question",
        "kept elsewhere",
        "kept nowhere",
    ],
)
def test_an_attribute_of_another_kind_is_unsupported(changes):
    """Entra would not process a request without it, and nobody can be asked for it."""
    assert unsupported_in_package(asking(**{**COST_CENTER, **changes})) == (
        "it wants to know the attribute costCenter in a way of its own",
    )


def test_an_attribute_without_a_name_is_still_somebodys():
    assert unsupported_in_package(asking(source=None)) == (
        "it wants to know the attribute of somebody in a way of its own",
    )


def test_the_question_of_an_attribute_is_judged_like_any_other():
    source = typed("accessPackageResourceAttributeQuestion", question=question(onlyOnMondays=True))

    assert len(unsupported_in_package(asking(**{**COST_CENTER, "source": source}))) == 1


def test_questions_without_a_place_come_last_and_those_of_attributes_after_them():
    """Each once, by its id; an attribute of another kind asks nothing."""
    asked = policy(questions=[question(id="late", sequence=None), question(id="first", sequence=3)])
    scope = role_scope()
    scope["role"]["resource"]["attributes"] = [
        {
            **COST_CENTER,
            "name": None,
            "source": {**COST_CENTER["source"], "question": question(id="x")},
        },
        {"name": "other", "source": None},
    ]

    found = questions_of(package(scope), asked)

    assert [each.id for each in found] == ["first", "late", "x"]
    assert [each.attribute for each in found] == [None, None, "?"]


@pytest.mark.parametrize(
    "place",
    [
        "primaryApprovers",
        "fallbackPrimaryApprovers",
        "escalationApprovers",
        "fallbackEscalationApprovers",
    ],
)
def test_approvers_of_a_kind_that_nobody_knows_are_unsupported(place):
    """Wherever they stand: the others must not decide in their place."""
    stage = {**STAGE, "isEscalationEnabled": True, place: [typed("someApproverOfNextYear")]}

    assert unsupported_in_policy(
        policy(requestApprovalSettings=approval(stage)), extending=False
    ) == ("an approval stage names approvers in a way that I do not know",)


def test_a_date_is_an_end_that_is_understood():
    expiration = {"type": "afterDateTime", "endDateTime": "2027-01-31T00:00:00Z"}

    assert unsupported_in_policy(policy(expiration=expiration), extending=False) == ()


def test_hours_that_beta_cannot_tell_from_no_end_are_unsupported():
    """Somebody would have for good what was meant for an afternoon."""
    unsaid = policy().model_copy(update={"expiration": Expiration(type=UNSAID)})

    assert unsupported_in_policy(unsaid, extending=False) == (
        "the beta API does not say whether it lasts some hours or has no end",
    )


@pytest.mark.parametrize(
    "asked",
    [
        question(localizations=[{"languageCode": "de", "text": "?", "tone": "formal"}]),
        question(
            **CHOICES,
            choices=[
                {
                    "actualValue": "a",
                    "text": "A",
                    "localizations": [{"languageCode": "de", "text": "?", "tone": "formal"}],
                }
            ],
        ),
    ],
    ids=["of the question", "of a choice"],
)
def test_an_unknown_word_in_a_translation_is_unsupported(asked):
    assert unsupported_in_policy(policy(questions=[asked]), extending=False) == (
        "the question “Which ticket?” says tone",
    )


def test_an_older_extension_that_comes_afterwards_is_none():
    handlers = [{"stage": "assignmentRequestGranted"}]

    assert unsupported_in_policy(policy(customExtensionHandlers=handlers), extending=False) == ()


def test_what_was_not_read_of_a_resource_names_it():
    scopes: list[dict[str, Any]] = [
        {"id": "1", "role": {"resource": {"displayName": "Ledger"}}},
        {"id": "2", "role": {"id": "r"}},
        {"id": "3"},
    ]

    assert unsupported_in_package(package(*scopes)) == (
        "what Ledger asks about people was not read",
        "what a resource asks about people was not read",
    )
