"""Each word of a policy: said to Graph, read back, written down, and compared."""

from datetime import timedelta
from typing import Any

import pytest
import yaml

from bot.provisioning.from_graph import in_words
from bot.provisioning.policy_plan import by_id, is_same, merged
from bot.provisioning.reading import read_text
from bot.provisioning.to_graph import to_graph
from graph.models import AssignmentPolicy, Expiration
from graph.values import UNSAID
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import Workshop
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
        "  - ask: Cost centre",
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
    policy = Workshop.read(text).file.catalogs[0].packages[0].policies[0]
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
async def test_a_policy_reads_back_as_it_was_written(workshop: Workshop, lines: list[str]) -> None:
    """Both versions of Graph keep what the file says; the next plan sees no difference."""
    text = with_policy(*lines)
    await workshop.apply(text)
    assert await workshop.changes(text) == []


@pytest.mark.parametrize("lines", V1_ONLY.values(), ids=V1_ONLY)
async def test_v1_reads_back_what_beta_has_no_words_for(
    tenant: Tenant, tmp_path: Any, lines: list[str]
) -> None:
    """The words that only v1.0 has."""
    workshop = Workshop(tenant, "v1.0", tmp_path)
    text = with_policy(*lines)
    await workshop.apply(text)
    assert await workshop.changes(text) == []


@pytest.mark.parametrize("lines", BOTH.values(), ids=BOTH)
async def test_a_policy_becomes_any_other(workshop: Workshop, lines: list[str]) -> None:
    """A policy with everything is changed into each, and back."""
    full = with_policy(*BOTH["stages"], *BOTH["questions"][2:])
    text = with_policy(*lines)
    await workshop.apply(full)
    await workshop.apply(text)
    assert await workshop.changes(text) == []
    await workshop.apply(full)
    assert await workshop.changes(full) == []


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
    body = merged(actual, wanted).to_graph()
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
    (question,) = merged(actual, wanted).questions or []
    assert (question.id, question.is_required) == ("question", True)


def test_what_beta_leaves_open_is_neither_compared_nor_sent_back() -> None:
    """Hours look like no end there: the file's word counts, and any other word of the file's is a change."""
    unsaid = Expiration(type=UNSAID)
    for durations, is_change in (("no end", False), ("30 days", True)):
        text = with_policy("may ask: all members", f"durations: {durations}")
        (package,) = read_text(text, name="x").file.catalogs[0].packages
        wanted = to_graph(package.policies[0], ids=str, package_id="p")
        actual = wanted.model_copy(update={"expiration": unsaid})
        assert is_same(actual, wanted) is not is_change
        assert merged(actual, wanted).expiration == wanted.expiration
    assert in_words(actual, str)["durations"] == "some hours, or no end"
