"""Test whom a policy lets in: Graph will not stop a wrong grant, so whatever is not understood is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.packages import policy_terms
from bot.packages.eligibility import (
    Admitted,
    Case,
    Fit,
    RefusalReason,
    Requester,
    automatic_policies,
    choose_policy,
    evaluate_request,
    fit,
    groups_named,
    in_scope,
    is_extendable,
    is_offered,
    is_requestable,
)
from tests.bot.samples import ANN, BO, SOME_DAY, approval, members, package, policy, question, user

MEMBER = Requester(entra_id=ANN, is_guest=False, groups=frozenset({"marketing"}))
GUEST = Requester(entra_id=ANN, is_guest=True, groups=frozenset({"marketing"}))
IN, OUT, UNKNOWN = Fit.IN, Fit.OUT, Fit.UNKNOWN

SCOPES = [
    # scope, a member, a guest
    ("notSpecified", OUT, OUT),
    ("specificDirectoryUsers", OUT, OUT),
    ("specificConnectedOrganizationUsers", OUT, UNKNOWN),
    ("specificDirectoryServicePrincipals", OUT, OUT),
    ("allMemberUsers", IN, OUT),
    ("allDirectoryUsers", IN, IN),
    ("allDirectoryServicePrincipals", OUT, OUT),
    ("allConfiguredConnectedOrganizationUsers", OUT, UNKNOWN),
    ("allExternalUsers", OUT, UNKNOWN),
    ("allDirectoryAgentIdentities", OUT, OUT),
    ("unknownFutureValue", UNKNOWN, UNKNOWN),
    ("allUsersOfTheMoon", UNKNOWN, UNKNOWN),
    ("", UNKNOWN, UNKNOWN),
    (None, UNKNOWN, UNKNOWN),
]


def until(moment: datetime) -> dict[str, Any]:
    """An end on a day, in Graph's words."""
    return {"type": "afterDateTime", "endDateTime": moment.isoformat()}


@pytest.mark.parametrize(("scope", "of_member", "of_guest"), SCOPES)
def test_each_scope_admits_whom_its_name_says(scope, of_member, of_guest):
    """Every word of Graph's, and words that Graph has not invented yet."""
    chosen = policy(allowedTargetScope=scope)

    assert fit(chosen, MEMBER) is of_member
    assert fit(chosen, GUEST) is of_guest


@pytest.mark.parametrize(("scope", "of_member", "of_guest"), SCOPES)
def test_whom_it_is_for_does_not_depend_on_what_they_may_do(scope, of_member, of_guest):
    """An extension asks for the one, and a policy for administrators lets nobody do the other."""
    chosen = policy(
        allowedTargetScope=scope, requestorSettings={"enableTargetsToSelfAddAccess": False}
    )

    assert in_scope(chosen, MEMBER) is of_member
    assert in_scope(chosen, GUEST) is of_guest
    assert fit(chosen, MEMBER) is OUT


@pytest.mark.parametrize(("scope", "of_member", "of_guest"), SCOPES)
def test_of_whom_entra_does_not_say_what_they_are_only_what_holds_for_both_is_told(
    scope, of_member, of_guest
):
    """Neither a member nor a guest is guessed."""
    somebody = Requester(entra_id=ANN, is_guest=None)
    either = of_member if of_member is of_guest else UNKNOWN

    assert fit(policy(allowedTargetScope=scope), somebody) is either


@pytest.mark.parametrize("scope", ["ALLMEMBERUSERS", "AllMemberUsers", "allmemberusers"])
def test_capitals_of_a_scope_do_not_matter(scope):
    """Graph's versions differ in them."""
    assert fit(policy(allowedTargetScope=scope), MEMBER) is IN
    assert fit(policy(allowedTargetScope=scope), GUEST) is OUT


SUBJECTS: list[tuple[dict[str, Any], Fit]] = [
    (user(ANN), IN),
    (user(BO), OUT),
    (members("marketing"), IN),
    (members("finance"), OUT),
    ({"@odata.type": "#microsoft.graph.singleUser"}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.groupMembers"}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.groupMembers", "userId": ANN}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.singleServicePrincipal", "servicePrincipalId": ANN}, OUT),
    ({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.connectedOrganizationMembers"}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "all"}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.somethingNew", "userId": ANN}, UNKNOWN),
    ({"userId": ANN}, UNKNOWN),
    ({"groupId": "marketing"}, UNKNOWN),
    ({"@odata.type": "#microsoft.graph.somethingNew", "groupId": "marketing"}, UNKNOWN),
]


@pytest.mark.parametrize(("subject", "expected"), SUBJECTS)
def test_each_kind_of_subject_admits_whom_it_names(subject, expected):
    """An id under the wrong kind, or under none, admits nobody."""
    chosen = policy(allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[subject])

    assert fit(chosen, MEMBER) is expected


def test_one_subject_that_names_the_person_is_enough():
    """A subject that is not understood takes nothing away from one that is."""
    chosen = policy(
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[{"@odata.type": "#microsoft.graph.somethingNew"}, user(ANN)],
    )

    assert fit(chosen, MEMBER) is IN


def test_ids_are_not_compared_by_likeness():
    """Half an id is nobody's."""
    chosen = policy(
        allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(ANN[:-1])]
    )

    assert fit(chosen, MEMBER) is OUT


@pytest.mark.parametrize("settings", [None, {}, {"enableTargetsToSelfAddAccess": None}])
def test_settings_that_graph_left_out_admit_nobody(settings):
    """Whether people may ask is not to be guessed."""
    assert fit(policy(requestorSettings=settings), MEMBER) is UNKNOWN


def test_a_policy_for_admins_only_admits_nobody():
    """People in its scope may not ask by themselves."""
    chosen = policy(requestorSettings={"enableTargetsToSelfAddAccess": False})

    assert fit(chosen, MEMBER) is OUT
    assert not is_requestable(chosen)


def test_groups_to_ask_graph_about_are_those_the_policies_name():
    """And no others: a person's groups are nobody's business."""
    chosen = policy(specificAllowedTargets=[user(ANN), members("marketing"), members("finance")])

    assert groups_named([chosen, policy()]) == {"marketing", "finance"}


@pytest.mark.parametrize(
    "subject",
    [
        {"@odata.type": "#microsoft.graph.groupMembers"},
        {"@odata.type": "#microsoft.graph.singleUser", "groupId": "marketing"},
        {"groupId": "marketing"},
    ],
)
def test_what_is_no_group_with_an_id_is_not_asked_about(subject):
    """An id under another kind is nothing to ask about."""
    chosen = policy(specificAllowedTargets=[subject])

    assert groups_named([chosen]) == set()


AUTOMATIC = {"automaticRequestSettings": {"requestAccessForAllowedTargets": True}}
NOBODYS = [
    "notSpecified",
    "specificDirectoryServicePrincipals",
    "allDirectoryServicePrincipals",
    "allDirectoryAgentIdentities",
]
NEVER_ASKED_UNDER = [AUTOMATIC, *({"allowedTargetScope": scope} for scope in NOBODYS)]


@pytest.mark.parametrize("changes", NEVER_ASKED_UNDER, ids=str)
def test_under_what_is_automatic_or_for_no_people_nobody_asks(changes):
    """Neither for access nor for more time."""
    chosen = policy(**changes)

    assert is_requestable(chosen) is False
    assert is_extendable(chosen) is False
    assert fit(chosen, MEMBER) is OUT
    assert fit(chosen, GUEST) is OUT


@pytest.mark.parametrize(
    ("settings", "may_ask", "may_extend"),
    [
        ((True, True), True, True),
        ((True, False), True, False),
        ((False, True), False, True),
        ((False, False), False, False),
        ((True, None), True, False),
        # Of what Graph left out it cannot be told; `fit` says so.
        ((None, True), True, True),
    ],
)
def test_asking_and_extending_are_two_settings(settings, may_ask, may_extend):
    """One of them says nothing about the other."""
    to_ask, to_extend = settings
    chosen = policy(
        requestorSettings={
            "enableTargetsToSelfAddAccess": to_ask,
            "enableTargetsToSelfUpdateAccess": to_extend,
        }
    )

    assert is_requestable(chosen) is may_ask
    assert is_extendable(chosen) is may_extend


FOR_ADMINS = {"requestorSettings": {"enableTargetsToSelfAddAccess": False}}


def holding(*policies, state="published"):
    """A package with these policies; its catalog is in that state, or unknown."""
    catalog = {"id": "general", "displayName": "General", "state": state} if state else None
    return package(catalog=catalog).model_copy(update={"assignment_policies": [*policies]})


@pytest.mark.parametrize(
    ("read", "offered"),
    [
        (holding(policy()), True),
        (holding(policy(**FOR_ADMINS), policy()), True),
        (holding(), False),
        (holding(policy(**FOR_ADMINS)), False),
        (holding(policy(**AUTOMATIC)), False),
        (holding(policy(), state="unpublished"), False),
        (holding(policy(), state=None), False),
        (holding(policy(expiration=until(SOME_DAY))), False),
        (holding(policy(expiration=until(SOME_DAY)), policy()), True),
        (holding(policy(expiration=until(SOME_DAY + timedelta(seconds=1)))), True),
    ],
)
def test_what_a_published_catalog_has_for_somebody_is_offered(read, offered):
    """By one policy at least; of a catalog of which nothing is known, nothing is."""
    assert is_offered(read, at=SOME_DAY) is offered


def test_automatic_policies_are_told_by_their_ids():
    """In one order, whatever Graph's."""
    read = holding(policy(id="3", **AUTOMATIC), policy(id="2"), policy(id="1", **AUTOMATIC))

    assert automatic_policies(read) == ("1", "3")


def test_nobody_is_let_in_without_a_policy():
    """A package without policies is for nobody."""
    choice = choose_policy([], MEMBER)

    assert choice.policy is None
    assert choice.unsupported_policy is None


def test_the_more_specific_policy_wins():
    """Even where it asks more of the person."""
    everybody = policy(id="1", allowedTargetScope="allDirectoryUsers")
    employees = policy(id="2", allowedTargetScope="allMemberUsers")
    ann = policy(
        id="3",
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[user(ANN)],
        requestApprovalSettings=approval({"primaryApprovers": [user(BO)]}),
    )

    for order in ([everybody, employees, ann], [ann, employees, everybody]):
        assert choose_policy(order, MEMBER).policy == ann
    assert choose_policy([everybody, employees], MEMBER).policy == employees


def test_a_specific_policy_for_others_leaves_the_general_one():
    """Out is out, and no more."""
    bo = policy(
        id="1", allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(BO)]
    )
    employees = policy(id="2")

    assert choose_policy([bo, employees], MEMBER).policy == employees


EASY = policy(id="9")
STRICT = policy(id="1", requestApprovalSettings=approval({"primaryApprovers": [user(BO)]}))
GENERAL = policy(id="5", allowedTargetScope="allDirectoryUsers")
UNSUPPORTED_POLICY = policy(
    id="3", verifiableCredentialSettings={"credentialTypes": [{"issuers": ["x"]}]}
)


@pytest.mark.parametrize("order", [[EASY, STRICT, GENERAL], [GENERAL, STRICT, EASY]])
def test_among_equals_the_person_chooses(order):
    """Neither the id nor the order of a list decides, and nobody is given what they did not choose."""
    choice = choose_policy(order, MEMBER)

    assert choice.policy is None
    assert choice.candidates == (STRICT, EASY)
    assert choose_policy(order, MEMBER, wanted="9").policy == EASY
    assert choose_policy(order, MEMBER, wanted="1").policy == STRICT


@pytest.mark.parametrize("wanted", ["5", "nobody's", ""])
def test_only_an_equal_one_can_be_chosen(wanted):
    """A policy that a more specific one puts aside is not there to choose, and neither is another package's."""
    choice = choose_policy([EASY, STRICT, GENERAL], MEMBER, wanted=wanted)

    assert choice.policy is None
    assert choice.candidates == (STRICT, EASY)


def test_what_was_agreed_on_stays_while_it_is_among_the_equals():
    """A second policy that comes later does not undo what was asked for under the first."""
    assert choose_policy([EASY, STRICT], MEMBER, agreed="9").policy == EASY
    assert choose_policy([EASY, GENERAL], MEMBER, agreed="5").policy == EASY
    assert choose_policy([EASY, STRICT], MEMBER, agreed="gone").policy is None


def test_an_equal_that_is_not_understood_cannot_be_chosen_and_stops_no_choice():
    """Entra lets the person pick either; only the one that is understood is offered here."""
    assert choose_policy([EASY, UNSUPPORTED_POLICY], MEMBER).candidates == (EASY,)
    assert choose_policy([EASY, UNSUPPORTED_POLICY], MEMBER).policy is None
    assert choose_policy([EASY, UNSUPPORTED_POLICY], MEMBER, wanted="9").policy == EASY
    assert (
        choose_policy([EASY, UNSUPPORTED_POLICY], MEMBER, wanted="3").unsupported_policy
        == UNSUPPORTED_POLICY
    )
    assert (
        choose_policy([UNSUPPORTED_POLICY], MEMBER, wanted="9").unsupported_policy
        == UNSUPPORTED_POLICY
    )


def test_an_equal_with_an_unknown_scope_stops_those_who_chose_nothing():
    """Whether it is for them cannot be told; whoever picks the other knows what they pick."""
    unclear = policy(
        id="unclear",
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[{"@odata.type": "#microsoft.graph.somethingNew"}],
    )
    ann = policy(
        id="ann", allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(ANN)]
    )

    assert choose_policy([ann, unclear], MEMBER).unsupported_policy == unclear
    assert choose_policy([ann, unclear], MEMBER, wanted="ann").policy == ann
    assert choose_policy([EASY, unclear], MEMBER, wanted="9").unsupported_policy == unclear


@pytest.mark.parametrize("scope", ["unknownFutureValue", None])
def test_a_scope_not_understood_lets_nobody_in_beside_it(scope):
    """It could be the one that applies."""
    unclear = policy(id="unclear", allowedTargetScope=scope)

    choice = choose_policy([policy(), unclear], MEMBER)

    assert choice.policy is None
    assert choice.unsupported_policy == unclear


def test_an_unsupported_policy_that_would_come_later_does_not_matter():
    """A guest of some organization has no say about what is given to Ann by name."""
    ann = policy(
        id="1", allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(ANN)]
    )
    outsiders = policy(id="2", allowedTargetScope="allExternalUsers")

    assert choose_policy([outsiders, ann], GUEST).policy == ann


@pytest.mark.parametrize("order", [1, -1])
def test_who_is_not_meant_or_perhaps_not_has_no_part_in_the_choice(order):
    """However specific the policy is; nor can it be picked."""
    ann, bo, unclear = (
        policy(
            id=name, allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[subject]
        )
        for name, subject in (
            ("ann", user(ANN)),
            ("bo", user(BO)),
            ("unclear", {"@odata.type": "#microsoft.graph.somethingNew"}),
        )
    )

    assert choose_policy([ann, bo][::order], MEMBER).policy == ann
    for others, wanted in (([bo], "bo"), ([unclear], "unclear"), ([bo, unclear], "bo")):
        choice = choose_policy([ann, *others][::order], MEMBER, wanted=wanted)
        assert (choice.policy, choice.candidates) == (None, (ann,))
        assert choice.unsupported_policy is None


OUTSIDERS = ["allConfiguredConnectedOrganizationUsers", "allExternalUsers"]


@pytest.mark.parametrize("scopes", [OUTSIDERS, OUTSIDERS[::-1]])
@pytest.mark.parametrize("order", [1, -1])
def test_of_several_that_are_not_understood_the_first_by_id_is_named(scopes, order):
    """Those that come before the others first."""
    one, two = (
        policy(id=str(number), allowedTargetScope=each) for number, each in enumerate(scopes)
    )
    earlier = policy(id="9", allowedTargetScope="specificConnectedOrganizationUsers")

    assert choose_policy([one, two][::order], GUEST).unsupported_policy == one
    assert choose_policy([one, two, earlier][::order], GUEST).unsupported_policy == earlier


@pytest.mark.parametrize("scope", OUTSIDERS)
def test_all_outsiders_come_after_everybody(scope):
    """A guest has what everybody has, whether or not they are one of those."""
    outsiders = policy(id="1", allowedTargetScope=scope)

    assert choose_policy([outsiders, GENERAL], GUEST).policy == GENERAL


@pytest.mark.parametrize(
    "scope", ["specificConnectedOrganizationUsers", "unknownFutureValue", "", None]
)
def test_some_outsiders_and_unknown_scopes_are_equal_to_people_by_name(scope):
    """They come before everybody, and whoever is named picks."""
    unclear = policy(id="1", allowedTargetScope=scope)
    ann = policy(
        id="2", allowedTargetScope="specificDirectoryUsers", specificAllowedTargets=[user(ANN)]
    )

    assert choose_policy([GENERAL, unclear], GUEST, wanted=GENERAL.id).unsupported_policy == unclear
    assert choose_policy([ann, unclear], GUEST).unsupported_policy == unclear
    assert choose_policy([ann, unclear], GUEST, wanted="2").policy == ann


BROKEN: list[dict[str, Any]] = [
    {"requestApprovalSettings": None},
    {"requestApprovalSettings": {}},
    {"requestApprovalSettings": approval(isApprovalRequiredForAdd=None)},
    {"expiration": {"type": "afterDuration"}},
    {"expiration": {"type": "afterDuration", "duration": None}},
    {"expiration": {"type": "afterDateTime"}},
    {"expiration": {"type": "afterTheRain", "duration": "P30D"}},
    {"questions": [{"id": "q", "text": "Why?", "isRequired": True}]},
    {"questions": [{"id": "q", "text": "Why?"}]},
    {"questions": [{"id": "q", "text": "Why?", "isRequired": None}]},
]


@pytest.mark.parametrize("changes", BROKEN)
def test_a_policy_that_is_not_understood_grants_nothing(changes):
    """It must be known whether somebody must decide, what is asked, and until when."""
    unclear = policy(**changes)

    choice = choose_policy([unclear], MEMBER)

    assert choice.policy is None
    assert choice.unsupported_policy == unclear


@pytest.mark.parametrize(
    "expiration",
    [
        None,
        {"type": "noExpiration"},
        {"type": "notSpecified"},
        {"type": "AFTERDURATION", "duration": "PT8H"},
        {"type": "afterDateTime", "endDateTime": "2027-01-31T00:00:00Z"},
    ],
)
def test_each_expiration_that_is_understood_is_accepted(expiration):
    """No end is an end that one can know of."""
    assert choose_policy([policy(expiration=expiration)], MEMBER).policy is not None


def test_a_question_that_need_not_be_answered_stops_nobody():
    """Slack does not ask it, and Entra does not insist."""
    chosen = policy(questions=[question(isRequired=False)])

    assert choose_policy([chosen], MEMBER).policy == chosen


OVER = until(SOME_DAY)


@pytest.mark.parametrize(
    ("policies", "wanted", "answer", "named"),
    [
        ({"a": OVER}, None, RefusalReason.ENDED, ("a",)),
        ({"a": OVER, "b": OVER}, None, RefusalReason.ENDED, ("a",)),
        ({"a": OVER, "b": None}, None, "admitted", ("b",)),
        ({"a": OVER, "b": None}, "a", RefusalReason.ENDED, ("a",)),
        ({"a": OVER, "b": None}, "b", "admitted", ("b",)),
        ({"a": OVER, "b": None}, "another", RefusalReason.NOT_THAT_POLICY, ("b",)),
        ({"a": OVER, "b": None, "c": None}, None, RefusalReason.SEVERAL, ("b", "c")),
        ({"b": None, "c": None}, None, RefusalReason.SEVERAL, ("b", "c")),
        ({"b": None, "c": None}, "another", RefusalReason.NOT_THAT_POLICY, ("b", "c")),
        ({"b": None}, "another", RefusalReason.NOT_THAT_POLICY, ("b",)),
        ({"a": OVER}, "another", RefusalReason.ENDED, ("a",)),
    ],
)
def test_what_is_over_is_no_choice(policies, wanted, answer, named):
    """And is never given: whoever picked it reads so."""
    ends = {"type": "afterDuration", "duration": "P1D"}
    case = Case(
        at=SOME_DAY,
        package=package(),
        policies=tuple(policy(id=key, expiration=end or ends) for key, end in policies.items()),
        requester=MEMBER,
    )

    found = evaluate_request(case, wanted=wanted)

    if isinstance(found, Admitted):
        assert ("admitted", (found.policy.id,)) == (answer, named)
        return
    about = (found.policy.id,) if found.policy else tuple(each.id for each in found.candidates)
    assert (found.reason, about) == (answer, named)


@pytest.mark.parametrize(
    ("expiration", "has_ended"),
    [
        (until(SOME_DAY), True),
        (until(SOME_DAY - timedelta(seconds=1)), True),
        (until(SOME_DAY + timedelta(seconds=1)), False),
        ({"type": "AFTERDATETIME", "endDateTime": SOME_DAY.isoformat()}, True),
        # A date that does not count.
        ({"type": "noExpiration", "endDateTime": SOME_DAY.isoformat()}, False),
        ({"type": "afterDateTime"}, False),
        ({"type": "afterDuration", "duration": "P1D"}, False),
        (None, False),
    ],
)
def test_a_policy_is_over_at_its_date(expiration, has_ended):
    """To the second; a length never is."""
    assert policy_terms.has_ended(policy(expiration=expiration), at=SOME_DAY) is has_ended


MANAGERS = {
    "enableOnBehalfRequestorsToAddAccess": True,
    "onBehalfRequestors": [
        {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1},
    ],
}


@pytest.mark.parametrize(
    ("settings", "for_oneself", "asked_for"),
    [
        ({"enableTargetsToSelfAddAccess": False, **MANAGERS}, OUT, IN),
        ({"enableTargetsToSelfAddAccess": True, **MANAGERS}, IN, IN),
        ({**MANAGERS}, UNKNOWN, IN),
        ({"enableTargetsToSelfAddAccess": True}, IN, IN),
        ({"enableTargetsToSelfAddAccess": False}, OUT, OUT),
        (
            {
                "enableTargetsToSelfAddAccess": False,
                **MANAGERS,
                "enableOnBehalfRequestorsToAddAccess": False,
            },
            OUT,
            OUT,
        ),
        (
            {"enableTargetsToSelfAddAccess": False, **MANAGERS, "onBehalfRequestors": [user(BO)]},
            OUT,
            OUT,
        ),
        ({}, UNKNOWN, UNKNOWN),
    ],
)
def test_a_policy_for_managers_alone_counts_for_whom_they_ask(settings, for_oneself, asked_for):
    """For whoever asks themselves it is none."""
    under = policy(requestorSettings=settings)

    assert fit(under, MEMBER) is for_oneself
    assert fit(under, replace(MEMBER, is_asked_for=True)) is asked_for
    assert fit(under, replace(GUEST, is_asked_for=True)) is (
        UNKNOWN if asked_for is UNKNOWN else OUT
    )


@pytest.mark.parametrize(
    ("scope", "is_asked_for", "reason"),
    [
        ("allMemberUsers", False, RefusalReason.ASKED_BY_MANAGER),
        ("allExternalUsers", False, RefusalReason.NO_POLICY),
        ("allExternalUsers", True, RefusalReason.NO_POLICY),
    ],
)
def test_whoever_asks_themselves_is_told_that_their_manager_can(scope, is_asked_for, reason):
    """If it is for them; of others nothing more is said than that it is not."""
    under = policy(
        allowedTargetScope=scope,
        requestorSettings={"enableTargetsToSelfAddAccess": False, **MANAGERS},
    )
    case = Case(
        at=SOME_DAY,
        package=package(assignmentPolicies=[under.model_dump(by_alias=True)]),
        policies=(under,),
        requester=replace(MEMBER, is_asked_for=is_asked_for),
    )

    found = evaluate_request(case)
    assert getattr(found, "reason", None) is reason
    assert getattr(found, "open_to", None) == (
        ("people of other organizations",) if is_asked_for else ()
    )
