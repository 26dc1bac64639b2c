"""Each word of a policy: said to Graph, read back, written down, and compared."""

from datetime import timedelta
from typing import Any

import pytest
import yaml

from bot.provisioning.policy_translation.compare import by_id
from bot.provisioning.policy_translation.from_graph import in_words
from bot.provisioning.policy_translation.merge import merge
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.source import FileError
from graph.models import AssignmentPolicy
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import with_policy

BOTH = {
    "all members": ["may ask: all members", "durations: 30 days"],
    "all users": ["may ask: all users", "durations: 1 week"],
    "external": ["may ask: all external users", "durations: 1 day"],
    "connected": ["may ask: all connected organizations", "durations: 1 day"],
    "one organization": [
        "may ask: connected organization 12345678-0000-4000-8000-00000000abcd",
        "durations: 1 day",
    ],
    "nobody": ["may ask: nobody", "durations: no end"],
    "several": ["may ask: [ann@contoso.example, group Marketing]", "durations: until 2030-01-31"],
    "switched off": ["may ask: all members", "durations: 30 days", "new requests: no"],
    "extending": ["may ask: all members", "durations: 30 days", "may extend: yes"],
    "silent": ["may ask: all members", "durations: 30 days", "notifications: no"],
    "one decides": ["may ask: all members", "durations: 30 days", "decided by: manager"],
    "extension only": [
        "may ask: all members",
        "durations: 30 days",
        "may extend: with approval",
        "approval: no",
        "decided by: bo@contoso.example",
    ],
    "stages": [
        "may ask: all members",
        "durations: 30 days",
        "reason required: yes",
        "may extend: with approval",
        "decided by:",
        "  - approvers: manager level 2",
        "    fallback: [dana@contoso.example, group Security reviewers]",
        "    within: 3 days",
        "  - approvers: [internal sponsors, external sponsors]",
        "    reason required: yes",
        "    escalation:",
        "      after: 36 hours",
        "      to: dana@contoso.example",
        "      fallback: bo@contoso.example",
    ],
    "approvers who are hidden or shown": [
        "may ask: all members",
        "durations: 30 days",
        "decided by:",
        "  - approvers: manager",
        "    show approvers: no",
        "  - approvers: dana@contoso.example",
        "    show approvers: yes",
    ],
    "questions": [
        "may ask: all members",
        "durations: 30 days",
        "questions:",
        "  - ask: Which harness",
        "    required: yes",
        "    choices: [Berlin, {value: NYC, text: New York, translations: {de-DE: Neu York}}]",
        "    several: yes",
        "  - ask: Why",
        "    editable: no",
        "    long: yes",
        '    translations: {de-DE: "Warum?", fr-FR: Pourquoi}',
        "  - ask: Cost center",
        "    pattern: ^[0-9]{4}$",
    ],
    "reviewed by somebody": [
        "may ask: all members",
        "durations: 30 days",
        "reviews:",
        "  every: half year",
        "  start: 2027-01-01",
        "  lasts: 21 days",
        "  by: [dana@contoso.example, group Security reviewers]",
        "  fallback: bo@contoso.example",
        "  without answer: as recommended",
        "  recommendations: yes",
        "  reason required: yes",
    ],
    "reviewed by the manager": [
        "may ask: all members",
        "durations: 30 days",
        "reviews: {every: quarter, start: 2027-01-01, lasts: 3 days, by: manager}",
    ],
    "reviewed by the manager, or by somebody else": [
        "may ask: all members",
        "durations: 30 days",
        "reviews: {every: year, start: 2027-01-01, lasts: 9 days, by: manager, fallback: bo@contoso.example}",
    ],
    "reviewed by themselves": [
        "may ask: all members",
        "durations: 30 days",
        "reviews: {every: week, start: 2027-01-01, lasts: 3 days, by: themselves}",
    ],
}
V1_ONLY = {
    "hours": ["may ask: all members", "durations: 8 hours"],
    "custom dates": ["may ask: all members", "durations: 30 days", "custom dates: yes"],
    "may not return": ["may ask: all members", "durations: 30 days", "may return: no"],
    "managers": ["may ask: all members", "durations: 30 days", "managers may ask: yes"],
    "automatic": [
        "may ask: all members",
        "durations: no end",
        "automatic: {give: yes, take when they leave: yes, grace: 7 days}",
    ],
    "who gets it": [
        "may ask: all members",
        "durations: 30 days",
        "decided by: manager of who gets it",
    ],
    "service principals": ["may ask: all service principals", "durations: 30 days"],
    "agents": ["may ask: all agent identities", "durations: 30 days"],
    "a rule": ['may ask: rule (user.department -eq "Sales")', "durations: 30 days"],
}


@pytest.fixture
def tenant() -> Tenant:
    """The tutorial's world, in which a request is delivered at once; its lists have one page, for speed."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0))
    tenant.seed_tutorial_world()
    return tenant


def compiled(text: str) -> AssignmentPolicy:
    policy = Provisioner.read(text).file.catalogs[0].packages[0].policies[0]
    return to_graph(policy, ids=lambda subject: subject.name, package_id="package")


@pytest.mark.parametrize("lines", [*BOTH.values(), *V1_ONLY.values()], ids=[*BOTH, *V1_ONLY])
def test_a_policy_written_down_and_read_again_is_the_same(lines: list[str]) -> None:
    """Graph's model of it, in words, in YAML, and back is what it was."""
    policy = compiled(with_policy(*lines))
    block = in_words(policy, str)
    file = {"catalogs": [{"name": "C", "packages": [{"name": "P", "policies": [block]}]}]}
    again = compiled(yaml.safe_dump(file, allow_unicode=True))
    assert by_id(again) == by_id(policy)


@pytest.mark.parametrize("lines", BOTH.values(), ids=BOTH)
async def test_a_policy_reads_back_as_it_was_written(
    provisioner: Provisioner, lines: list[str]
) -> None:
    """Both versions of Graph keep what the file says; the next plan sees no difference."""
    text = with_policy(*lines)
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []


@pytest.mark.parametrize("lines", V1_ONLY.values(), ids=V1_ONLY)
async def test_v1_reads_back_what_beta_has_no_words_for(
    tenant: Tenant, tmp_path: Any, lines: list[str]
) -> None:
    """The words that only v1.0 has."""
    provisioner = Provisioner(tenant, "v1.0", tmp_path)
    text = with_policy(*lines)
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []


@pytest.mark.cases(6)
@pytest.mark.parametrize("lines", BOTH.values(), ids=BOTH)
async def test_a_policy_becomes_any_other(provisioner: Provisioner, lines: list[str]) -> None:
    """A policy with everything is changed into each, and back."""
    full = with_policy(*BOTH["stages"], *BOTH["questions"][2:])
    text = with_policy(*lines)
    await provisioner.apply(full)
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []
    await provisioner.apply(full)
    assert await provisioner.changes(full) == []


def test_what_the_file_has_no_word_for_survives_a_change() -> None:
    """A replacement sends back even what we cannot name."""
    actual = AssignmentPolicy.model_validate(
        {
            "id": "p",
            "displayName": "Policy",
            "allowedTargetScope": "allMemberUsers",
            "expiration": {"type": "afterDuration", "duration": "P30D"},
            "customExtensionStageSettings": [{"stage": "assignmentRequestCreated"}],
            "requestorSettings": {"enableTargetsToSelfAddAccess": True, "newSwitch": True},
        }
    )
    wanted = compiled(with_policy("may ask: all users", "durations: until 2030-01-31"))
    body = merge(actual, wanted).to_graph()
    assert body["customExtensionStageSettings"] == [{"stage": "assignmentRequestCreated"}]
    assert body["requestorSettings"]["newSwitch"] is True
    assert body["allowedTargetScope"] == "allDirectoryUsers"
    assert body["expiration"] == {
        "type": "afterDateTime",
        "endDateTime": "2030-01-31T23:59:59Z",
    }


def test_a_question_keeps_its_id() -> None:
    """Answers given so far belong to the question's id."""
    text = with_policy("may ask: all members", "durations: 1 day", "questions: [{ask: Why}]")
    actual = compiled(text)
    asked = (actual.questions or [])[0].model_copy(update={"id": "question"})
    actual = actual.model_copy(update={"questions": [asked]})
    wanted = compiled(text.replace("ask: Why", "ask: Why, required: yes"))
    (question,) = merge(actual, wanted).questions or []
    assert (question.id, question.is_required) == ("question", True)


def test_two_questions_of_the_same_words_keep_an_id_each() -> None:
    """No answer belongs to two questions."""
    text = with_policy(
        "may ask: all members", "durations: 1 day", "questions: [{ask: Why}, {ask: Why}]"
    )
    actual = compiled(text)
    asked = [
        each.model_copy(update={"id": f"question {at}"})
        for at, each in enumerate(actual.questions or [])
    ]
    actual = actual.model_copy(update={"questions": asked})
    wanted = compiled(text.replace("{ask: Why}]", "{ask: Why, required: yes}]"))
    found = merge(actual, wanted).questions or []
    assert [(each.id, each.is_required) for each in found] == [
        ("question 0", False),
        ("question 1", True),
    ]


# -- what the file has no word for ---------------------------------------------------------

OTHERS = {"@odata.type": "#microsoft.graph.groupMembers", "groupId": "others", "description": "x"}
ASKING = "managers may ask: yes"


def on_behalf(*subjects: dict[str, Any], enabled: bool = True) -> dict[str, Any]:
    """Requestor settings in which these may ask for somebody else."""
    return {
        "enableTargetsToSelfAddAccess": True,
        "enableTargetsToSelfUpdateAccess": False,
        "enableTargetsToSelfRemoveAccess": True,
        "allowCustomAssignmentSchedule": False,
        "enableOnBehalfRequestorsToAddAccess": enabled,
        "enableOnBehalfRequestorsToUpdateAccess": enabled,
        "enableOnBehalfRequestorsToRemoveAccess": enabled,
        "onBehalfRequestors": list(subjects),
    }


def manager(kind: str) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "managerLevel": 1}


async def one_policy(tenant: Tenant, folder: Any, *lines: str) -> tuple[Provisioner, str, Any]:
    """A policy in v1.0 as a file makes it."""
    provisioner = Provisioner(tenant, "v1.0", folder)
    text = with_policy("may ask: all members", "durations: 30 days", *lines)
    await provisioner.apply(text)
    policy = next(each for each in tenant.world.policies.values() if each.display_name == "Policy")
    return provisioner, text, policy.id


def asking(tenant: Tenant, policy_id: str) -> list[str]:
    """Return who may ask for others, by kind."""
    found = tenant.world.policies[policy_id].settings["requestorSettings"]["onBehalfRequestors"]
    return [each["@odata.type"].rpartition(".")[2] for each in found]


async def test_managers_may_ask_means_the_manager_of_who_gets_it(
    tenant: Tenant, tmp_path: Any
) -> None:
    """The subject that Entra documents for it."""
    _, _, policy_id = await one_policy(tenant, tmp_path, ASKING)
    assert asking(tenant, policy_id) == ["targetManager"]


@pytest.mark.parametrize("kind", ["targetManager", "requestorManager"])
async def test_who_may_ask_for_others_survives_another_change(
    tenant: Tenant, tmp_path: Any, kind: str
) -> None:
    """A group beside the manager, and the manager as an earlier hand wrote it: a change of something else keeps both."""
    provisioner, text, policy_id = await one_policy(tenant, tmp_path, ASKING)
    settings = tenant.world.policies[policy_id].settings
    settings["requestorSettings"] = on_behalf(manager(kind), OTHERS)
    assert await provisioner.changes(text) == []
    other = text.replace(ASKING, f"{ASKING}\n            custom dates: yes")
    (change,) = (await provisioner.apply(other)).plan.changes
    assert [each.what for each in change.differences] == ["custom dates"]
    assert asking(tenant, policy_id) == [kind, "groupMembers"]
    assert settings is not tenant.world.policies[policy_id].settings


async def test_managers_come_and_go_beside_a_group(tenant: Tenant, tmp_path: Any) -> None:
    """The file speaks of managers only; the group keeps asking, switches and all."""
    provisioner, text, policy_id = await one_policy(tenant, tmp_path)
    tenant.world.policies[policy_id].settings["requestorSettings"] = on_behalf(OTHERS)
    assert await provisioner.changes(text) == []
    with_managers = f"{text}            {ASKING}\n"
    await provisioner.apply(with_managers)
    assert asking(tenant, policy_id) == ["groupMembers", "targetManager"]
    await provisioner.apply(text)
    assert asking(tenant, policy_id) == ["groupMembers"]
    settings = tenant.world.policies[policy_id].settings["requestorSettings"]
    assert settings["enableOnBehalfRequestorsToAddAccess"] is True
    left_out = (await provisioner.import_()).left_out
    assert left_out == [
        "policy Policy of package Trial: who else than managers may ask for others; an apply leaves it "
        "as it is"
    ]


@pytest.mark.parametrize("before", BOTH.values(), ids=BOTH)
@pytest.mark.parametrize(
    "extra",
    [
        {"requestApprovalSettings": {"stages": [{"approverInformationVisibility": "notVisible"}]}},
        {"requestorSettings": {"newSwitch": True}},
        {"customExtensionStageSettings": [{"stage": "assignmentRequestCreated"}]},
    ],
    ids=["stage", "requestors", "extension"],
)
@pytest.mark.parametrize(
    "line", ["reason required: yes", "may extend: yes", "custom dates: yes", "notifications: no"]
)
def test_a_change_changes_what_the_plan_says_and_nothing_else(
    before: list[str], extra: dict[str, Any], line: str
) -> None:
    """Whatever else Graph sent goes back as it came, down to the stages."""
    if any(each.startswith(line.partition(":")[0]) for each in before):
        return
    if "requestApprovalSettings" in extra and any("show approvers" in each for each in before):
        # Then the file has an opinion about it.
        return
    body = compiled(with_policy(*before)).to_graph()
    for name, added in extra.items():
        if name == "requestApprovalSettings":
            for stage in body[name]["stages"]:
                stage |= added["stages"][0]
        elif isinstance(added, dict):
            body[name] |= added
        else:
            body[name] = added
    actual = AssignmentPolicy.model_validate(body)
    wanted = compiled(with_policy(*before, line))
    sent = merge(actual, wanted).to_graph()
    changed = {
        "reason required: yes": ("requestApprovalSettings", "isRequestorJustificationRequired"),
        "may extend: yes": ("requestorSettings", "enableTargetsToSelfUpdateAccess"),
        "custom dates: yes": ("requestorSettings", "allowCustomAssignmentSchedule"),
        "notifications: no": ("notificationSettings", "isAssignmentNotificationDisabled"),
    }[line]
    assert sent[changed[0]].pop(changed[1]) != body[changed[0]].pop(changed[1])
    assert sent == body


# -- what beta cannot say ------------------------------------------------------------------


@pytest.mark.parametrize("lines", [["durations: 4 hours"], ["durations: no end"]])
async def test_beta_claims_neither_hours_nor_no_end(
    tenant: Tenant, tmp_path: Any, lines: list[str]
) -> None:
    """Both look the same there: the import leaves the policy out and says why, and the plan says what it cannot tell."""
    text = with_policy("may ask: all members", *lines)
    await Provisioner(tenant, "v1.0", tmp_path).apply(text)
    beta = Provisioner(tenant, "beta", tmp_path)
    beta.state.path.unlink()
    imported = await beta.import_()
    assert "no end" not in imported.text.partition("\ncatalogs")[2]
    assert any(
        each.startswith("policy Policy of package Trial: Graph does not say how long")
        for each in imported.left_out
    )
    assert await beta.changes(imported.text) == []
    planned = await beta.plan(with_policy("may ask: all members", "durations: no end"))
    assert planned.plan.changes == ()
    assert any(
        "does not say whether its access has no end" in each for each in planned.plan.left_alone
    )


async def test_beta_replaces_no_policy_that_may_be_in_hours(tenant: Tenant, tmp_path: Any) -> None:
    """What it would send back makes no end of hours: refused by the plan, unless the file says how long."""
    base = ["may ask: all members", "durations: 4 hours"]
    await Provisioner(tenant, "v1.0", tmp_path).apply(with_policy(*base))
    beta = Provisioner(tenant, "beta", tmp_path)
    with pytest.raises(FileError, match=r"Change it with --api v1\.0"):
        await beta.plan(with_policy(base[0], "durations: no end", "reason required: yes"))
    days = with_policy(base[0], "durations: 1 day", "reason required: yes")
    (change,) = (await beta.apply(days)).plan.changes
    assert ("durations", "no end or some hours", "1 day") in [
        (each.what, each.before, each.after) for each in change.differences
    ]
    assert await beta.changes(days) == []


def decided(*stages: str) -> str:
    return with_policy("may ask: all members", "durations: 30 days", "decided by:", *stages)


BO_S, DANA_S = "  - approvers: bo@contoso.example", "  - approvers: dana@contoso.example"
SHOWN_NOT, SHOWN = "    show approvers: no", "    show approvers: yes"


def visibilities(policy: AssignmentPolicy) -> list[str | None]:
    settings = policy.request_approval_settings
    assert settings is not None
    return [each.approver_information_visibility for each in settings.stages]


@pytest.mark.parametrize(
    ("stages", "left"),
    [
        ([BO_S, DANA_S], ["notVisible", "visible"]),
        # The same people are hidden wherever their stage stands by now.
        ([DANA_S, BO_S], ["visible", "notVisible"]),
        ([DANA_S], ["visible"]),
        (["  - approvers: manager", BO_S], ["notVisible", "notVisible"]),
        ([BO_S, "    within: 3 days", DANA_S, SHOWN_NOT], ["notVisible", "notVisible"]),
        ([BO_S, "    show approvers: default", DANA_S], ["default", "visible"]),
    ],
)
def test_who_sees_approvers_stays_unless_the_file_says_otherwise(
    stages: list[str], left: list[str]
) -> None:
    """A file that says nothing of it drops nothing of it."""
    actual = compiled(decided(BO_S, SHOWN_NOT, DANA_S, SHOWN))
    assert visibilities(merge(actual, compiled(decided(*stages)))) == left


async def test_a_hidden_approver_is_imported_and_no_file_without_the_word_shows_them(
    tenant: Tenant, tmp_path: Any
) -> None:
    """The plan of an older file changes nothing; one with the word says what it changes."""
    provisioner, text, policy_id = await one_policy(tenant, tmp_path, "decided by:", BO_S)
    stage = tenant.world.policies[policy_id].settings["requestApprovalSettings"]["stages"][0]
    assert stage["approverInformationVisibility"] == "default"
    stage["approverInformationVisibility"] = "notVisible"
    assert await provisioner.changes(text) == []
    assert "show approvers: no" in (await provisioner.import_()).text
    (change,) = (await provisioner.plan(decided(BO_S, SHOWN))).plan.changes
    assert [(each.what, each.before, each.after) for each in change.differences] == [
        ("decided by, 1, show approvers", "no", "yes")
    ]
    await provisioner.apply(decided(BO_S, SHOWN))
    stage = tenant.world.policies[policy_id].settings["requestApprovalSettings"]["stages"][0]
    assert stage["approverInformationVisibility"] == "visible"
