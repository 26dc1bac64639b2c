"""Test the whole answer about a request, an extension and a return: the reason, what it is about, and what comes first."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.packages.eligibility import (
    Admitted,
    Case,
    Refusal,
    RefusalReason,
    Requester,
    evaluate_direct_assignment,
    evaluate_extension,
    evaluate_request,
    evaluate_return,
    find_missing_details,
)
from bot.packages.model import NamedObject
from bot.packages.unsupported import read_question
from graph.models import AccessPackageAssignment, AccessPackageQuestion, AssignmentPolicy
from tests.bot.samples import (
    ANN,
    BO,
    SOME_DAY,
    approval,
    package,
    policy,
    question,
    role_scope,
    user,
)

ANN_AS_MEMBER = Requester(entra_id=ANN, is_guest=False)
OPEN = policy()
ASKING = policy(id="asking", questions=[question()])
FOR_BO = policy(allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(BO)])
FOR_NOBODY_KNOWN = policy(allowedTargetScope="allUsersOfTheMoon")
VERIFIED = policy(
    id="verified", verifiableCredentialSettings={"credentialTypes": [{"issuers": ["x"]}]}
)
IN_A_CATALOG = {state: {"id": "general", "state": state} for state in ("unpublished", "archived")}
ARCHIVED = ("its catalog is in the state archived",)
ID_CARD = ("it asks for a Verified ID",)
LEDGER = NamedObject(id="ledger", name="Ledger")
AUDIT = NamedObject(id="audit", name="Audit")


def until(moment: datetime) -> dict[str, Any]:
    return {"expiration": {"type": "afterDateTime", "endDateTime": moment.isoformat()}}


OVER = policy(id="over", **until(SOME_DAY))
OVER_TOO = policy(id="over too", **until(SOME_DAY - timedelta(days=365)))
ENDING = policy(id="ending", **until(SOME_DAY + timedelta(seconds=1)))
FOR_ALL = policy(id="all", allowedTargetScope="allDirectoryUsers")
DIRECT = policy(
    id="direct",
    allowedTargetScope="notSpecified",
    requestorSettings={
        "enableTargetsToSelfAddAccess": False,
        "enableTargetsToSelfUpdateAccess": False,
    },
)


def case(*policies: AssignmentPolicy, **changes: Any) -> Case:
    """What is known of Ann and the campaign."""
    return replace(
        Case(at=SOME_DAY, package=package(), policies=policies, requester=ANN_AS_MEMBER),
        **changes,
    )


def asked(policy_asking: AssignmentPolicy) -> tuple[Any, ...]:
    return tuple(read_question(each) for each in policy_asking.questions or ())


ATTRIBUTE = {
    "name": "extension_costCenter",
    "source": {
        "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
        "question": question(id="a", text="Which cost center?"),
    },
    "destination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
}


def asking_package() -> Any:
    """A package with a resource that wants to know an attribute."""
    given = role_scope()
    given["role"]["resource"]["attributes"] = [ATTRIBUTE]
    return package(given)


ATTRIBUTE_ASKED = read_question(
    AccessPackageQuestion.model_validate(question(id="a", text="Which cost center?")),
    attribute="extension_costCenter",
)
OFF = {"package": package(catalog=IN_A_CATALOG["unpublished"])}
ODD = {"package": package(catalog=IN_A_CATALOG["archived"])}
HAS_BOTH = {"excluded_by": (LEDGER, AUDIT), "excluding_groups": (AUDIT,)}
NO_POLICY = Refusal(reason=RefusalReason.NO_POLICY)
CATALOG_OFF = Refusal(reason=RefusalReason.CATALOG_OFF)

REQUESTS: list[tuple[str, Case, Admitted | Refusal]] = [
    ("a policy for them", case(OPEN), Admitted(policy=OPEN)),
    ("no policy", case(), NO_POLICY),
    ("a policy for others", case(FOR_BO), NO_POLICY),
    ("a catalog that is off", case(OPEN, **OFF), CATALOG_OFF),
    ("a catalog that is off, and no policy", case(**OFF), CATALOG_OFF),
    (
        "a catalog of which nothing was read",
        case(OPEN, package=package(catalog=None)),
        Refusal(reason=RefusalReason.UNSUPPORTED, details=("its catalog was not read",)),
    ),
    (
        "a package that is not understood",
        case(VERIFIED, **ODD),
        Refusal(reason=RefusalReason.UNSUPPORTED, details=ARCHIVED),
    ),
    (
        "a policy that is not understood",
        case(VERIFIED, **HAS_BOTH),
        Refusal(reason=RefusalReason.UNSUPPORTED, policy=VERIFIED, details=ID_CARD),
    ),
    (
        "a policy for nobody knows whom",
        case(FOR_NOBODY_KNOWN),
        Refusal(
            reason=RefusalReason.UNSUPPORTED,
            policy=FOR_NOBODY_KNOWN,
            details=("whom it is for",),
        ),
    ),
    (
        "two policies alike",
        case(ASKING, OPEN),
        Refusal(reason=RefusalReason.SEVERAL, candidates=(ASKING, OPEN)),
    ),
    (
        "a package that excludes it",
        case(OPEN, excluded_by=(LEDGER, AUDIT)),
        Refusal(reason=RefusalReason.EXCLUDED, policy=OPEN, details=("Ledger", "Audit")),
    ),
    (
        "a group that excludes it",
        case(OPEN, excluding_groups=(AUDIT, LEDGER)),
        Refusal(reason=RefusalReason.EXCLUDED, policy=OPEN, groups=("Audit", "Ledger")),
    ),
    (
        "packages and a group that exclude it",
        case(OPEN, **HAS_BOTH),
        Refusal(
            reason=RefusalReason.EXCLUDED,
            policy=OPEN,
            details=("Ledger", "Audit"),
            groups=("Audit",),
        ),
    ),
    ("one that is over", case(OVER), Refusal(reason=RefusalReason.ENDED, policy=OVER)),
    (
        "one that is over, and excluded",
        case(OVER, **HAS_BOTH),
        Refusal(reason=RefusalReason.ENDED, policy=OVER),
    ),
    ("one that ends in a moment", case(ENDING), Admitted(policy=ENDING)),
    (
        "one that is over, and a general one",
        case(FOR_ALL, OVER),
        Refusal(reason=RefusalReason.ENDED, policy=OVER),
    ),
    ("of two alike one that is over", case(OVER, OPEN), Admitted(policy=OPEN)),
    (
        "of two alike one that is over, and excluded",
        case(OVER, OPEN, excluded_by=(LEDGER,)),
        Refusal(reason=RefusalReason.EXCLUDED, policy=OPEN, details=("Ledger",)),
    ),
    (
        "two alike that are over",
        case(OVER_TOO, OVER),
        Refusal(reason=RefusalReason.ENDED, policy=OVER),
    ),
    (
        "of three alike one that is over",
        case(OPEN, OVER, ASKING),
        Refusal(reason=RefusalReason.SEVERAL, candidates=(ASKING, OPEN)),
    ),
    (
        "of two alike one that is not understood",
        case(OPEN, VERIFIED),
        Refusal(reason=RefusalReason.SEVERAL, candidates=(OPEN,)),
    ),
    ("what it excludes", case(OPEN, excluded=(LEDGER,)), Admitted(policy=OPEN)),
    (
        "questions",
        case(ASKING, package=asking_package()),
        Admitted(policy=ASKING, questions=(*asked(ASKING), ATTRIBUTE_ASKED)),
    ),
]


@pytest.mark.parametrize(
    ("about", "expected"), [each[1:] for each in REQUESTS], ids=[each[0] for each in REQUESTS]
)
def test_the_answer_to_a_request_says_all_that_it_is_about(about, expected):
    """A catalog that is off comes first, what is not understood before who is meant, and what they have at the end."""
    assert evaluate_request(about) == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"wanted": "asking"}, Admitted(policy=ASKING, questions=asked(ASKING))),
        ({"wanted": "policy"}, Admitted(policy=OPEN)),
        ({"agreed": "asking"}, Admitted(policy=ASKING, questions=asked(ASKING))),
        ({"wanted": "policy", "agreed": "asking"}, Admitted(policy=OPEN)),
        ({"agreed": "gone"}, Refusal(reason=RefusalReason.SEVERAL, candidates=(ASKING, OPEN))),
        (
            {"wanted": "gone"},
            Refusal(reason=RefusalReason.NOT_THAT_POLICY, candidates=(ASKING, OPEN)),
        ),
        (
            {"wanted": "gone", "agreed": "asking"},
            Refusal(reason=RefusalReason.NOT_THAT_POLICY, candidates=(ASKING, OPEN)),
        ),
    ],
    ids=str,
)
def test_of_two_policies_alike_the_one_they_name_counts(chosen, expected):
    """Whatever they named that is not open to them is answered with what is."""
    assert evaluate_request(case(ASKING, OPEN), **chosen) == expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ((OVER, OPEN), Refusal(reason=RefusalReason.NOT_THAT_POLICY, candidates=(OPEN,))),
        ((OPEN,), Refusal(reason=RefusalReason.NOT_THAT_POLICY, candidates=(OPEN,))),
        ((OVER, OVER_TOO), Refusal(reason=RefusalReason.ENDED, policy=OVER)),
        ((OVER,), Refusal(reason=RefusalReason.ENDED, policy=OVER)),
    ],
)
def test_who_names_none_of_them_chooses_among_those_that_give_something(policies, expected):
    """Nothing is chosen for whoever has chosen."""
    assert evaluate_request(case(*policies), wanted="gone") == expected


def test_who_names_one_that_is_over_is_told_so():
    """The other is theirs to choose."""
    over = Refusal(reason=RefusalReason.ENDED, policy=OVER)

    assert evaluate_request(case(OVER, OPEN), wanted="over") == over
    assert evaluate_request(case(OVER, OPEN), agreed="over") == over


def test_who_names_a_policy_where_none_is_for_them_is_told_so():
    """There is nothing to choose among."""
    assert evaluate_request(case(FOR_BO), wanted="policy") == NO_POLICY


GIVEN: list[tuple[str, Case, AssignmentPolicy, Admitted | Refusal]] = [
    ("for administrators", case(), DIRECT, Admitted(policy=DIRECT)),
    ("in a catalog that is off", case(**OFF), DIRECT, Admitted(policy=DIRECT)),
    (
        "with questions",
        case(package=asking_package()),
        ASKING,
        Admitted(policy=ASKING, questions=(*asked(ASKING), ATTRIBUTE_ASKED)),
    ),
    (
        "in a package that is not understood",
        case(**ODD),
        VERIFIED,
        Refusal(reason=RefusalReason.UNSUPPORTED, details=ARCHIVED),
    ),
    (
        "not understood",
        case(**HAS_BOTH),
        VERIFIED,
        Refusal(reason=RefusalReason.UNSUPPORTED, policy=VERIFIED, details=ID_CARD),
    ),
    (
        "excluded",
        case(excluded_by=(LEDGER,)),
        DIRECT,
        Refusal(reason=RefusalReason.EXCLUDED, policy=DIRECT, details=("Ledger",)),
    ),
    ("over", case(**HAS_BOTH), OVER, Refusal(reason=RefusalReason.ENDED, policy=OVER)),
    (
        "excluded by a group",
        case(excluding_groups=(LEDGER,)),
        DIRECT,
        Refusal(reason=RefusalReason.EXCLUDED, policy=DIRECT, groups=("Ledger",)),
    ),
]


@pytest.mark.parametrize(
    ("about", "under", "expected"), [each[1:] for each in GIVEN], ids=[each[0] for each in GIVEN]
)
def test_what_administrators_give_is_understood_and_goes_with_what_people_have(
    about, under, expected
):
    """Separation of duties holds for `adminAdd` as well; whom the policy is for does not."""
    assert evaluate_direct_assignment(about, under) == expected


# A policy in which nothing is said about whether somebody must approve new access, and much about extensions; and the contrary.
ONLY_ADD_UNSAID = policy(requestApprovalSettings=approval(isApprovalRequiredForAdd=None))
ONLY_UPDATE_UNSAID = policy(requestApprovalSettings=approval(isApprovalRequiredForUpdate=None))
UNSAID = ("it does not say whether somebody has to approve",)


def test_what_a_policy_leaves_out_counts_where_it_would_decide():
    """New access does not need to know how extensions are approved, and neither the contrary."""
    assert evaluate_direct_assignment(case(), ONLY_ADD_UNSAID) == Refusal(
        reason=RefusalReason.UNSUPPORTED, policy=ONLY_ADD_UNSAID, details=UNSAID
    )
    assert isinstance(evaluate_direct_assignment(case(), ONLY_UPDATE_UNSAID), Admitted)
    assert isinstance(evaluate_request(case(ONLY_UPDATE_UNSAID)), Admitted)
    assert evaluate_request(case(ONLY_ADD_UNSAID)) == Refusal(
        reason=RefusalReason.UNSUPPORTED, policy=ONLY_ADD_UNSAID, details=UNSAID
    )
    assert extension(ONLY_ADD_UNSAID) == Admitted(policy=ONLY_ADD_UNSAID)


@pytest.mark.parametrize(
    ("required", "reason", "lacks"),
    [
        (True, None, True),
        (True, "", True),
        (True, "Q4", False),
        (False, None, False),
        (None, None, False),
    ],
)
def test_a_reason_is_missed_where_the_policy_wants_one(required, reason, lacks):
    """Nobody else is asked for one here."""
    wants = policy(requestApprovalSettings=approval(isRequestorJustificationRequired=required))

    found = find_missing_details(Admitted(policy=wants), justification=reason, answers={})

    assert found == (Refusal(reason=RefusalReason.NO_REASON, policy=wants) if lacks else None)


MANY = policy(
    id="many",
    questions=[
        question(id="ticket", text="Which ticket?"),
        question(id="site", text="Which site?", isRequired=False),
        question(id="when", text="When?"),
    ],
)


@pytest.mark.parametrize(
    ("answers", "open_"),
    [
        ({}, ("Which ticket?", "When?")),
        ({"ticket": ("INC-1",)}, ("When?",)),
        ({"when": ("Now",), "site": ("Berlin",)}, ("Which ticket?",)),
        ({"ticket": ("INC-1",), "when": ("Now",)}, ()),
    ],
)
def test_the_questions_left_open_are_named(answers, open_):
    """In their order, and no others."""
    admitted = Admitted(policy=MANY, questions=asked(MANY))

    found = find_missing_details(admitted, justification=None, answers=answers)

    expected = Refusal(reason=RefusalReason.NO_ANSWERS, policy=MANY, details=open_)
    assert found == (expected if open_ else None)


def holds(policy_id: str | None) -> AccessPackageAssignment:
    """Ann has the campaign, under that policy if Graph says which."""
    under = {"id": policy_id} if policy_id else None
    return AccessPackageAssignment.model_validate(
        {
            "id": "held",
            "state": "delivered",
            "accessPackage": {"id": "campaign"},
            "assignmentPolicy": under,
        }
    )


def extension(
    under: AssignmentPolicy, about: Case | None = None, *, by_admin: bool = False
) -> Admitted | Refusal:
    return evaluate_extension(about or case(), holds(under.id), under, by_admin=by_admin)


GONE = Refusal(reason=RefusalReason.POLICY_GONE)


@pytest.mark.parametrize("by_admin", [False, True])
@pytest.mark.parametrize(
    ("held", "under"), [("policy", None), (None, OPEN), ("another", OPEN), (None, None)]
)
def test_only_the_policy_that_it_was_given_under_extends(held, under, by_admin):
    """Without it there is nothing to go by, for nobody."""
    assert evaluate_extension(case(), holds(held), under, by_admin=by_admin) == GONE


LOCKED = policy(
    requestorSettings={
        "enableTargetsToSelfAddAccess": True,
        "enableTargetsToSelfUpdateAccess": False,
    }
)
ENDLESS = policy(expiration={"type": "noExpiration"})
ONLY_TO_KEEP = policy(
    requestorSettings={
        "enableTargetsToSelfAddAccess": False,
        "enableTargetsToSelfUpdateAccess": True,
    }
)
# (what it is, the case, its policy, what a holder is told, what an administrator is told; None: the same)
EXTENSIONS: list[
    tuple[str, Case, AssignmentPolicy, Admitted | Refusal, Admitted | Refusal | None]
] = [
    ("open", case(), OPEN, Admitted(policy=OPEN), None),
    (
        "excluded since then",
        case(**HAS_BOTH),
        OPEN,
        Refusal(
            reason=RefusalReason.EXCLUDED,
            policy=OPEN,
            details=("Ledger", "Audit"),
            groups=("Audit",),
        ),
        Admitted(policy=OPEN),
    ),
    (
        "perhaps excluded since then",
        case(hidden_groups=(AUDIT,)),
        OPEN,
        Refusal(
            reason=RefusalReason.UNSUPPORTED,
            details=("who is in the group “Audit”, which hides its members",),
        ),
        Admitted(policy=OPEN),
    ),
    ("not for new requests", case(), ONLY_TO_KEEP, Admitted(policy=ONLY_TO_KEEP), None),
    (
        "given directly",
        case(),
        DIRECT,
        Refusal(reason=RefusalReason.GIVEN_DIRECTLY, policy=DIRECT),
        Admitted(policy=DIRECT),
    ),
    (
        "given directly, and the catalog is off",
        case(**OFF),
        DIRECT,
        Refusal(reason=RefusalReason.GIVEN_DIRECTLY, policy=DIRECT),
        Admitted(policy=DIRECT),
    ),
    (
        "locked",
        case(**OFF),
        LOCKED,
        Refusal(reason=RefusalReason.NOT_EXTENDABLE, policy=LOCKED),
        None,
    ),
    (
        "without an end by now",
        case(),
        ENDLESS,
        Refusal(reason=RefusalReason.NO_LATER_END, policy=ENDLESS),
        None,
    ),
    ("a catalog that is off", case(**OFF), OPEN, CATALOG_OFF, Admitted(policy=OPEN)),
    (
        "a catalog not read",
        case(package=package(catalog=None)),
        OPEN,
        Refusal(reason=RefusalReason.UNSUPPORTED, details=("its catalog was not read",)),
        None,
    ),
    (
        "a package that is not understood",
        case(**ODD),
        VERIFIED,
        Refusal(reason=RefusalReason.UNSUPPORTED, details=ARCHIVED),
        None,
    ),
    (
        "a policy that is not understood",
        case(),
        VERIFIED,
        Refusal(reason=RefusalReason.UNSUPPORTED, policy=VERIFIED, details=ID_CARD),
        None,
    ),
    (
        "for nobody knows whom",
        case(),
        FOR_NOBODY_KNOWN,
        Refusal(
            reason=RefusalReason.UNSUPPORTED,
            policy=FOR_NOBODY_KNOWN,
            details=("whom it is for",),
        ),
        None,
    ),
    (
        "approved nobody knows how",
        case(),
        ONLY_UPDATE_UNSAID,
        Refusal(reason=RefusalReason.UNSUPPORTED, policy=ONLY_UPDATE_UNSAID, details=UNSAID),
        None,
    ),
    (
        "not for them any more",
        case(),
        FOR_BO,
        Refusal(reason=RefusalReason.NOT_FOR_THEM, policy=FOR_BO),
        None,
    ),
    (
        "with questions, which are answered already",
        case(package=asking_package()),
        ASKING,
        Admitted(policy=ASKING, questions=(*asked(ASKING), ATTRIBUTE_ASKED)),
        None,
    ),
]


@pytest.mark.parametrize("by_admin", [False, True])
@pytest.mark.parametrize(
    ("about", "under", "of_holder", "of_admin"),
    [each[1:] for each in EXTENSIONS],
    ids=[each[0] for each in EXTENSIONS],
)
def test_the_answer_to_an_extension_says_all_that_it_is_about(
    about, under, of_holder, of_admin, by_admin
):
    """Administrators pass by what only stops people from asking, and nothing else."""
    expected = of_admin if by_admin and of_admin is not None else of_holder

    assert extension(under, about, by_admin=by_admin) == expected


def test_what_administrators_gave_must_be_understood_to_be_prolonged():
    """As everything that is granted."""
    odd = policy(
        id="direct",
        allowedTargetScope="NOTSPECIFIED",
        requestorSettings={"enableTargetsToSelfUpdateAccess": False},
        verifiableCredentialSettings={"credentialTypes": [{"issuers": ["x"]}]},
    )

    assert extension(odd, by_admin=True) == Refusal(
        reason=RefusalReason.UNSUPPORTED, policy=odd, details=ID_CARD
    )


def test_whoever_asks_is_a_holder_unless_it_is_said():
    """What administrators gave, only they prolong."""
    assert evaluate_extension(case(), holds("direct"), DIRECT) == Refusal(
        reason=RefusalReason.GIVEN_DIRECTLY, policy=DIRECT
    )


def test_all_that_is_not_understood_of_an_extension_is_said():
    """What it asks for, and whom it is for."""
    odd = policy(
        allowedTargetScope="allUsersOfTheMoon",
        verifiableCredentialSettings={"credentialTypes": [{"issuers": ["x"]}]},
    )

    assert extension(odd) == Refusal(
        reason=RefusalReason.UNSUPPORTED, policy=odd, details=(*ID_CARD, "whom it is for")
    )


@pytest.mark.parametrize(
    ("settings", "returnable"),
    [
        (None, True),
        ({}, True),
        ({"enableTargetsToSelfRemoveAccess": None}, True),
        ({"enableTargetsToSelfRemoveAccess": True}, True),
        ({"enableTargetsToSelfRemoveAccess": False}, False),
        ({"enableTargetsToSelfAddAccess": False, "enableTargetsToSelfRemoveAccess": True}, True),
    ],
)
def test_what_a_policy_does_not_keep_may_be_returned(settings, returnable):
    """Only its plain no keeps it."""
    under = policy(requestorSettings=settings)

    expected = None if returnable else Refusal(reason=RefusalReason.NOT_RETURNABLE, policy=under)
    assert evaluate_return(under) == expected


def test_what_no_policy_is_left_for_is_not_returned_by_its_holder():
    """Nobody can tell whether it would let them."""
    assert evaluate_return(None) == GONE
