"""Test the terms of a request as a whole: what is kept of a policy's stages, what settings add, and what changes the decision."""

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings as tried
from hypothesis import strategies as st

from bot.packages import policy_terms
from bot.packages.model import EmergencyTerms, NamedObject, Removal, Stage, Terms
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedDeciders, NamedStage
from bot.packages.settings.model import PackageSettings
from bot.packages.unsupported import read_question
from graph.models import AccessPackageQuestion, Expiration
from graph.values import UNSAID
from tests.bot.samples import (
    ANN,
    BO,
    SOME_DAY,
    approval,
    members,
    package,
    policy,
    question,
    removal,
    role_scope,
    terms,
    user,
)

DAY = timedelta(days=1)
LATER = datetime(2027, 1, 31, tzinfo=UTC)
BO_NAMED, EVE_NAMED = user(BO), user("eve")
BO_KEPT = {"kind": "singleuser", "user_id": BO}


def kind(name: str, **facts: Any) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{name}", **facts}


def stage_of(**said: Any) -> Stage:
    """A stage, as Latchkey keeps it; in Graph's words it says no more than this."""
    asked = policy(requestApprovalSettings=approval(said))
    (stage,) = policy_terms.stages_for(asked, extending=False, always=False)
    return stage


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, Stage()),
        ({"primaryApprovers": [BO_NAMED]}, Stage(approvers=(BO_KEPT,))),
        ({"fallbackPrimaryApprovers": [BO_NAMED]}, Stage(fallback=(BO_KEPT,))),
        ({"isApproverJustificationRequired": True}, Stage(reason_required=True)),
        ({"isApproverJustificationRequired": None}, Stage()),
        ({"durationBeforeAutomaticDenial": "P14D"}, Stage(deny_after_seconds=1_209_600)),
        ({"durationBeforeAutomaticDenial": "PT1M"}, Stage(deny_after_seconds=60)),
        ({"durationBeforeAutomaticDenial": "PT0S"}, Stage()),
        # An escalation that is off, or of which nothing is said.
        (
            {
                "escalationApprovers": [BO_NAMED],
                "fallbackEscalationApprovers": [BO_NAMED],
                "durationBeforeEscalation": "P1D",
            },
            Stage(),
        ),
        (
            {
                "isEscalationEnabled": True,
                "escalationApprovers": [BO_NAMED],
                "fallbackEscalationApprovers": [members("board")],
                "durationBeforeEscalation": "P1D",
            },
            Stage(
                escalation=(BO_KEPT,),
                fallback_escalation=({"kind": "groupmembers", "group_id": "board"},),
                escalate_after_seconds=86_400,
            ),
        ),
        ({"isEscalationEnabled": True, "durationBeforeEscalation": "PT0S"}, Stage()),
        # How a stage may call itself.
        ({"@odata.type": "#microsoft.graph.accessPackageApprovalStage"}, Stage()),
        ({"@odata.type": "#microsoft.graph.approvalStage"}, Stage()),
        (
            {"@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage"},
            Stage(approvers=({"kind": "accesspackagedynamicapprovalstage"},)),
        ),
        # What a set of people says of itself, and nothing that it does not.
        (
            {"primaryApprovers": [kind("requestorManager", managerLevel=2)]},
            Stage(approvers=({"kind": "requestormanager", "manager_level": 2},)),
        ),
        (
            {"primaryApprovers": [kind("requestorManager", managerLevel=0)]},
            Stage(approvers=({"kind": "requestormanager", "manager_level": 0},)),
        ),
        ({"primaryApprovers": [{"userId": BO}]}, Stage(approvers=({"kind": "", "user_id": BO},))),
    ],
    ids=str,
)
def test_a_stage_is_kept_as_far_as_it_says_something(said, kept):
    """Nothing of an escalation that is off; no time where none is said; no approver whom nothing names."""
    assert stage_of(**said) == kept


@pytest.mark.parametrize(
    ("subject", "is_known"),
    [
        ({"kind": "singleuser", "user_id": BO}, True),
        ({"kind": "singleuser", "group_id": BO}, False),
        ({"kind": "singleuser", "user_id": ""}, False),
        ({"kind": "groupmembers", "group_id": "board"}, True),
        ({"kind": "groupmembers", "user_id": "board"}, False),
        *(
            ({"kind": each}, True)
            for each in (
                *("requestormanager", "targetmanager", "targetusersponsors"),
                *("internalsponsors", "externalsponsors"),
            )
        ),
        *(
            ({"kind": "requestormanager", "manager_level": level}, is_known)
            for level, is_known in ((-1, False), (0, False), (1, True), (20, True), (21, False))
        ),
        ({"kind": "connectedorganizationmembers", "user_id": BO}, False),
        ({"kind": "", "user_id": BO}, False),
        ({"user_id": BO}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("place", ["approvers", "fallback", "escalation", "fallback_escalation"])
def test_each_kind_of_approver_is_known_by_what_it_must_name(place, subject, is_known):
    """Whoever stands beside them."""
    others: dict[str, Any] = {place: (BO_KEPT, subject)}

    assert policy_terms.names_known_approvers(Stage(**others)) is is_known
    assert policy_terms.names_known_approvers(Stage())


@pytest.mark.parametrize(
    ("expiration", "at", "has_ended"),
    [
        ({"type": "afterDateTime", "endDateTime": LATER.isoformat()}, LATER, True),
        ({"type": "AFTERDATETIME", "endDateTime": LATER.isoformat()}, LATER + DAY, True),
        (
            {"type": "afterDateTime", "endDateTime": LATER.isoformat()},
            LATER - timedelta(seconds=1),
            False,
        ),
        ({"type": "afterDateTime"}, LATER, False),
        # A date that does not count.
        (
            {"type": "afterDuration", "duration": "P1D", "endDateTime": LATER.isoformat()},
            LATER,
            False,
        ),
        ({"type": "noExpiration"}, LATER, False),
        (None, LATER, False),
    ],
    ids=str,
)
def test_only_a_day_that_is_over_ends_everything(expiration, at, has_ended):
    """To the second."""
    assert policy_terms.has_ended(policy(expiration=expiration), at=at) is has_ended


@pytest.mark.parametrize("settings", [None, {}, {"isApprovalRequiredForUpdate": None}])
def test_nobody_extends_where_it_is_not_said_who_decides(settings):
    """Neither by themselves nor by somebody's yes."""
    asked = policy(requestApprovalSettings=settings)

    assert policy_terms.may_extend(asked) is False
    assert policy_terms.stages_for(asked, extending=True, always=False) == ()
    assert policy_terms.named_stages(asked, extending=True) == ()
    assert policy_terms.needs_reason(asked) is False


# -- whom a policy names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (user(BO), NamedApprover(kind=ApproverKind.PERSON)),
        (
            {**user(BO), "description": "Bo  Berg\n"},
            NamedApprover(kind=ApproverKind.PERSON, name="Bo Berg"),
        ),
        (
            {**members("board"), "description": "b" * 81},
            NamedApprover(kind=ApproverKind.MEMBERS, name="b" * 80),
        ),
        (kind("requestorManager"), NamedApprover(kind=ApproverKind.MANAGER, of_asker=True)),
        (
            kind("requestorManager", managerLevel=2, description="x"),
            NamedApprover(kind=ApproverKind.MANAGER, level=2, of_asker=True),
        ),
        (kind("TargetManager", managerLevel=3), NamedApprover(kind=ApproverKind.MANAGER, level=3)),
        (kind("internalSponsors"), NamedApprover(kind=ApproverKind.OTHER)),
        (
            kind("someApproverOfNextYear", description="Us"),
            NamedApprover(kind=ApproverKind.OTHER, name="Us"),
        ),
    ],
    ids=str,
)
def test_each_approver_is_named_as_what_they_are(said, named):
    """Each once, however often a stage names them."""
    asked = policy(requestApprovalSettings=approval({"primaryApprovers": [said, said]}))

    for extending in (False, True):
        assert policy_terms.named_stages(asked, extending=extending) == (
            NamedStage(approvers=(named,)),
        )


@pytest.mark.parametrize(("for_add", "for_update"), [(True, False), (False, True), (False, False)])
def test_nobody_is_named_where_nobody_has_to_approve(for_add, for_update):
    """New access and more of it have a switch each; one that is on without a stage leaves it to the admins."""
    switches = {"isApprovalRequiredForAdd": for_add, "isApprovalRequiredForUpdate": for_update}
    asked = policy(requestApprovalSettings=approval(**switches))

    for extending, is_on in ((False, for_add), (True, for_update)):
        named = policy_terms.named_stages(asked, extending=extending)
        assert named == ((NamedStage(),) if is_on else ())
    deciders = policy(
        requestApprovalSettings=approval({"primaryApprovers": [BO_NAMED]}, **switches)
    )
    expected = NamedDeciders(users=(BO,) if for_add or for_update else ())
    assert policy_terms.named_deciders(deciders) == expected


EVERYWHERE = approval(
    {
        "primaryApprovers": [EVE_NAMED, kind("singleUser")],
        "fallbackPrimaryApprovers": [members("first")],
        "isEscalationEnabled": True,
        "escalationApprovers": [BO_NAMED, members("audit")],
        "fallbackEscalationApprovers": [members("board"), kind("groupMembers", userId="x")],
    },
    {"primaryApprovers": [BO_NAMED]},
)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, NamedDeciders()),
        (approval(), NamedDeciders()),
        (approval({"primaryApprovers": [BO_NAMED]}), NamedDeciders(users=(BO,))),
        (
            approval({"primaryApprovers": [members("b"), members("a"), members("b")]}),
            NamedDeciders(groups=("a", "b")),
        ),
        (
            approval({"primaryApprovers": [kind("requestorManager")]}),
            NamedDeciders(has_others=True),
        ),
        (
            EVERYWHERE,
            NamedDeciders(users=(BO, "eve"), groups=("audit", "board", "first"), has_others=True),
        ),
    ],
)
def test_everybody_whom_a_policy_names_is_listed_once(settings, expected):
    """In whatever stage and place; under the right kind, and in one order."""
    asked = policy(requestApprovalSettings=settings)

    assert policy_terms.named_deciders(asked) == expected


# -- the terms ---------------------------------------------------------------------------------


ASKED = (read_question(AccessPackageQuestion.model_validate(question())),)


def terms_of(asked: Any = None, given: Any = None, **more: Any) -> Terms:
    return policy_terms.terms_of(
        given or package(role_scope()),
        asked or policy(),
        **{"extending": False, "always": False, "hidden_by_default": False, **more},
    )


FINGERPRINT = hashlib.sha256(b"Member_1@1").hexdigest()
PLAIN = Terms(
    policy_id="policy",
    policy_name="Everyone at Contoso",
    contents=("Member of the group Marketing resources",),
    fingerprint=FINGERPRINT,
    stages=(),
    lasts="30 days",
    catalog="General",
    longest_seconds=30 * 86_400,
)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, PLAIN),
        ({"always": True}, replace(PLAIN, stages=(Stage(),))),
        (
            {"asked": policy(requestApprovalSettings=approval({"primaryApprovers": [BO_NAMED]}))},
            replace(PLAIN, stages=(Stage(approvers=(BO_KEPT,)),)),
        ),
        (
            {
                "asked": policy(
                    requestApprovalSettings=approval(
                        {"primaryApprovers": [BO_NAMED]}, isApprovalRequiredForUpdate=False
                    )
                ),
                "extending": True,
            },
            PLAIN,
        ),
        ({"asked": policy(displayName=None)}, replace(PLAIN, policy_name="policy")),
        ({"given": package(role_scope(), catalog=None)}, replace(PLAIN, catalog="")),
        ({"given": package(role_scope(), catalog={"id": "x"})}, replace(PLAIN, catalog="")),
        (
            {"questions": ASKED, "answers": {"q": ("INC-1",)}},
            replace(
                PLAIN,
                questions=tuple(each.untranslated() for each in ASKED),
                answers={"q": ("INC-1",)},
            ),
        ),
        ({"starts_at": LATER}, replace(PLAIN, starts_at="2027-01-31T00:00:00+00:00")),
        (
            {"excluded": (NamedObject(id="x", name="Ledger"),)},
            replace(PLAIN, excluded=(NamedObject(id="x", name="Ledger"),)),
        ),
        (
            {"agreed": terms(approved_until="2027-01-31T00:00:00+00:00")},
            replace(PLAIN, approved_until="2027-01-31T00:00:00+00:00"),
        ),
        ({"agreed": terms()}, PLAIN),
        (
            {"asked": policy(expiration={"type": "noExpiration"})},
            replace(PLAIN, lasts="no end date", longest_seconds=None, has_no_end=True),
        ),
        (
            {
                "asked": policy(
                    expiration={
                        "type": "afterDateTime",
                        "endDateTime": LATER.isoformat(),
                        "duration": "P1D",
                    }
                )
            },
            replace(
                PLAIN,
                lasts="until 31 Jan 2027",
                longest_seconds=None,
                latest_end="2027-01-31T00:00:00+00:00",
            ),
        ),
        (
            {
                "asked": policy(
                    expiration={
                        "type": "afterDuration",
                        "duration": "PT8H",
                        "endDateTime": LATER.isoformat(),
                    }
                )
            },
            replace(PLAIN, lasts="8 hours", longest_seconds=28_800),
        ),
        *(
            (
                {"asked": policy(expiration=each)},
                replace(PLAIN, lasts="no end date", longest_seconds=None),
            )
            for each in (
                None,
                {"type": "notSpecified"},
                {"type": None},
                {"type": "afterDuration"},
                {"type": "afterDateTime"},
                {"type": "notSpecified", "duration": "P1D", "endDateTime": LATER.isoformat()},
            )
        ),
    ],
    ids=str,
)
def test_the_terms_are_all_that_is_approved(more, expected):
    """What Graph says now, what was answered, and what an approver has set before."""
    assert terms_of(**more) == expected


def test_what_beta_leaves_open_is_said_to_be_open():
    """It may be hours or for ever."""
    assert policy_terms.lasts(Expiration(type=UNSAID)) == (
        "some hours, or no end date: the beta API does not say"
    )


REMOVED = removal(asked_at=SOME_DAY)
NOTED = Removal(by="U0DANA", at=SOME_DAY.isoformat(), why="stolen laptop")
BOS = Stage(approvers=(BO_KEPT,))


@pytest.mark.parametrize(
    ("stages", "afterwards"),
    [
        ((), (Stage(),)),
        ((BOS,), (BOS, Stage())),
        ((Stage(),), (Stage(),)),
        ((BOS, Stage(quorum=2)), (BOS, Stage(quorum=2))),
    ],
)
def test_after_a_removal_an_admin_decides(stages, afterwards):
    """At the end, once, and with the reason before their eyes."""
    before = terms(stages=stages)

    assert policy_terms.after_removal(before, REMOVED) == replace(
        before, stages=afterwards, removal=NOTED
    )


TWO = PackageSettings(quorum=(2,))
SIGNED = PackageSettings(fresh_sign_in=True, auth_context="c1")
MORE_BEFORE = (replace(BOS, quorum=3, fresh_sign_in=True, auth_context="c2"),)


@pytest.mark.parametrize(
    ("stages", "settings", "agreed", "expected"),
    [
        ((BOS,), PackageSettings(), (), (BOS,)),
        ((BOS, BOS), TWO, (), (replace(BOS, quorum=2),) * 2),
        (
            (BOS, BOS, BOS),
            PackageSettings(quorum=(2, 3)),
            (),
            (replace(BOS, quorum=2), replace(BOS, quorum=3), BOS),
        ),
        ((BOS,), SIGNED, (), (replace(BOS, fresh_sign_in=True, auth_context="c1"),)),
        ((BOS,), PackageSettings(), MORE_BEFORE, MORE_BEFORE),
        ((BOS, BOS), PackageSettings(), MORE_BEFORE, (*MORE_BEFORE, BOS)),
        ((BOS,), PackageSettings(quorum=(4,)), MORE_BEFORE, (replace(MORE_BEFORE[0], quorum=4),)),
        (
            (BOS,),
            PackageSettings(auth_context="c1"),
            MORE_BEFORE,
            (replace(MORE_BEFORE[0], auth_context="c1"),),
        ),
        ((BOS,), PackageSettings(), (BOS, *MORE_BEFORE), (BOS,)),
        ((BOS,), PackageSettings(quorum=(0,)), (), (BOS,)),
        ((), TWO, MORE_BEFORE, ()),
    ],
)
def test_settings_ask_more_of_a_stage_and_never_less_than_was_agreed(
    stages, settings, agreed, expected
):
    """Each stage by its place; what the policy says of it stays."""
    before = terms(stages=stages)

    found = policy_terms.with_settings(before, settings, agreed=terms(stages=agreed))

    assert found == replace(before, stages=expected)
    assert policy_terms.stages_with_settings(stages, settings, agreed=agreed) == expected
    if not agreed:
        assert policy_terms.with_settings(before, settings, agreed=None) == found
        assert policy_terms.stages_with_settings(stages, settings) == expected


def test_an_emergency_that_is_none_asks_no_less_than_its_stages_did():
    """They were left out, and somebody has to decide them after all."""
    settings = PackageSettings()
    left_out = EmergencyTerms(seconds=60, review_seconds=60, stages=MORE_BEFORE)

    found = policy_terms.with_settings(
        terms(stages=(BOS, Stage())), settings, agreed=terms(stages=(), emergency=left_out)
    )

    asked = policy_terms.with_settings(
        terms(stages=(BOS, Stage())), settings, agreed=terms(stages=MORE_BEFORE)
    )
    assert found == asked
    assert found.stages != (BOS, Stage())


def test_where_entra_decides_only_its_own_stages_count():
    """One approval each, and no stage of the admins'."""
    before = terms(stages=(BOS, Stage(), Stage(quorum=2)))
    settings = PackageSettings(quorum=(2,), entra_decides=True)

    found = policy_terms.with_settings(before, settings, agreed=terms(stages=MORE_BEFORE))

    stage = replace(MORE_BEFORE[0], quorum=1)
    assert found == replace(before, stages=(stage,), entra_decides=True, quorums=(3,))


TURNS = st.lists(
    st.builds(
        PackageSettings,
        quorum=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
        entra_decides=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@tried(max_examples=100, deadline=None)
@drawn(TURNS)
def test_however_often_who_decides_changes_no_fewer_have_to_approve(turns):
    """What was agreed while Latchkey decided holds again when it does so once more."""
    asked, agreed, most = terms(stages=(BOS, BOS)), None, [1, 1]
    for turn in turns:
        agreed = policy_terms.with_settings(asked, turn, agreed=agreed)
        if not turn.entra_decides:
            most = [max(each, turn.approvals_needed(place)) for place, each in enumerate(most)]
            assert [stage.quorum for stage in agreed.stages] == most
        else:
            assert [stage.quorum for stage in agreed.stages] == [1, 1]


def test_a_sign_in_that_is_asked_for_by_now_changes_no_quorum():
    """And one that was asked for before stays."""
    before = terms(stages=(replace(BOS, quorum=2), MORE_BEFORE[0]))

    assert policy_terms.with_sign_ins(before, replace(SIGNED, quorum=(5,))) == replace(
        before,
        stages=(
            replace(BOS, quorum=2, fresh_sign_in=True, auth_context="c1"),
            replace(MORE_BEFORE[0], auth_context="c1"),
        ),
    )
    assert policy_terms.with_sign_ins(before, PackageSettings(quorum=(5,))) == before


# -- what makes it another decision --------------------------------------------------------------


WHOLE = terms(
    excluded=(NamedObject(id="x", name="Ledger"),),
    asker=NamedObject(id=ANN, name="Ann"),
    answers={"q": ("INC-1",)},
)
SAME: dict[str, dict[str, Any]] = {
    "policy": {"policy_name": "Other"},
    "contents": {"contents": ("Other",)},
    "catalog": {"catalog": "Other"},
    "what is excluded": {"excluded": (NamedObject(id="x", name="Other"),)},
    "who asks": {"asker": NamedObject(id=ANN, name="Other")},
}
OTHER: dict[str, dict[str, Any]] = {
    "policy": {"policy_id": "other"},
    "what it gives": {"fingerprint": "0" * 64},
    "how long": {"lasts": "31 days"},
    "how long in numbers": {"longest_seconds": 1},
    "until when": {"latest_end": LATER.isoformat()},
    "no end": {"has_no_end": True},
    "start": {"starts_at": LATER.isoformat()},
    "an approver's end": {"approved_until": LATER.isoformat()},
    "answers": {"answers": {"q": ("INC-2",)}},
    "questions": {"questions": ASKED},
    "who asks": {"asker": NamedObject(id=BO, name="Ann")},
    "nobody asks for them": {"asker": None},
    "another is excluded": {"excluded": (NamedObject(id="y", name="Ledger"),)},
    "none is excluded": {"excluded": ()},
    "a removal": {"removal": NOTED},
    "Entra decides": {"entra_decides": True},
    "what it took before": {"entra_decides": True, "quorums": (2,)},
    "an emergency": {"emergency": EmergencyTerms(seconds=1, review_seconds=1, stages=())},
    "a quorum": {"stages": (replace(BOS, quorum=2),)},
    "a sign-in": {"stages": (replace(BOS, fresh_sign_in=True),)},
    "a context": {"stages": (replace(BOS, auth_context="c1"),)},
    "a stage more": {"stages": (BOS, BOS)},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_a_name_changes_no_decision(changes):
    """Names are for people."""
    assert policy_terms.hash_of(replace(WHOLE, **changes)) == policy_terms.hash_of(WHOLE)


def test_whatever_else_changes_is_another_decision():
    """Each unlike the others."""
    hashes = {policy_terms.hash_of(replace(WHOLE, **changes)) for changes in OTHER.values()}

    assert len(hashes) == len(OTHER)
    assert policy_terms.hash_of(WHOLE) not in hashes


def test_terms_from_before_there_was_more_to_ask_are_the_same_decision():
    """A row of an older version says nothing of quorums, sign-ins, emergencies and who decides."""
    row = asdict(WHOLE)
    new = {"emergency", "entra_decides", "quorums"}
    older = {key: said for key, said in row.items() if key not in new}
    new_ones = {"quorum", "fresh_sign_in", "auth_context"}
    older["stages"] = [
        {key: said for key, said in stage.items() if key not in new_ones} for stage in row["stages"]
    ]

    assert policy_terms.hash_of_row(older) == policy_terms.hash_of(WHOLE)
    # PostgreSQL keeps no order of what a row says.
    other_order = dict(reversed(row.items()))
    other_order["stages"] = [dict(reversed(stage.items())) for stage in row["stages"]]
    assert policy_terms.hash_of_row(other_order) == policy_terms.hash_of(WHOLE)
    assert len(policy_terms.hash_of(WHOLE)) == 64


# -- what it gives ---------------------------------------------------------------------------------


def given(
    role: dict[str, Any] | None = None, scope: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"id": "1", "role": role, "scope": scope}


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (
            role_scope(role="Eligible Member"),
            "May activate Member of the group Marketing resources",
        ),
        (role_scope(role="EligibleOwner"), "May activate Owner of the group Marketing resources"),
        (role_scope(role="eligible"), "May activate a role of the group Marketing resources"),
        (
            role_scope(role="Eligible", resource="Auditor", system="DirectoryRole"),
            "May activate the Entra role Auditor",
        ),
        (
            role_scope(role="Active", resource="Auditor", system="directoryRole"),
            "the Entra role Auditor",
        ),
        (given({"displayName": "Member", "originSystem": "AadGroup"}), "Member of the group ?"),
        (
            given({"displayName": "Member"}, {"originSystem": "AadGroup", "originId": "g"}),
            "Member of the group g",
        ),
        # A scope has a name of its own, where it is not the root.
        (
            given({"displayName": "Owner"}, {"displayName": "Finance", "isRootScope": False}),
            "Owner of the resource Finance",
        ),
        (
            given(
                {"displayName": "Owner"},
                {"displayName": "Root", "isRootScope": True, "originId": "s"},
            ),
            "Owner of the resource s",
        ),
        (
            given(
                {"displayName": "Owner", "resource": {"id": "r", "displayName": "Site"}},
                {"displayName": "Finance", "isRootScope": False},
            ),
            "Owner of the resource Site",
        ),
        (
            given({"originSystem": "AadApplication"}, {"originSystem": "AadGroup"}),
            "A role of the app ?",
        ),
    ],
    ids=str,
)
def test_what_a_package_gives_is_said_by_what_graph_says_of_it(what, line):
    """The resource's name before the scope's, and ids only where there is no name."""
    assert policy_terms.contents(package(what)) == (line,)


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        ([], ""),
        ([role_scope()], "Member_1@1"),
        ([role_scope("b", "2"), role_scope("a", "3")], "a@3\nb@2"),
        ([given()], "@"),
        ([given(None, {"originId": "2"})], "@2"),
        ([given({"originId": "b"}, None)], "b@"),
    ],
)
def test_a_fingerprint_is_of_ids_alone(scopes, said):
    """In one order, and of whatever is left out nothing."""
    assert terms_of(given=package(*scopes)).fingerprint == hashlib.sha256(said.encode()).hexdigest()
