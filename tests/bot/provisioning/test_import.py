"""A file written from a tenant."""

import unicodedata
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LatchkeyError
from bot.provisioning.file_format.file import read_text
from sandbox.tenant import Tenant
from sandbox.tenant.model import Expiration
from sandbox.tenant.policy_settings import read_settings
from sandbox.tenant.seed import ANN, FINANCE_REPORTS
from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import EXAMPLE


async def test_a_plan_of_what_was_imported_says_that_nothing_changes(
    provisioner: Provisioner,
) -> None:
    """The tutorial's world, and all that the example adds to it."""
    await provisioner.apply(EXAMPLE)
    imported = await provisioner.import_()
    untold = [each for each in imported.left_out if each.startswith("policy Dana only of")]
    assert imported.left_out == untold
    assert len(untold) == (1 if provisioner.version == "beta" else 0)
    provisioner.state.path.unlink()
    assert await provisioner.changes(imported.text) == []


async def test_an_import_names_people_and_groups(provisioner: Provisioner) -> None:
    """No ids where the tenant has names that lead back."""
    text = (await provisioner.import_("General")).text
    assert (
        "may ask:\n              - group Marketing\n              - person ann@contoso.example"
        in text
    )
    assert "- Finance Visitors of site https://contoso.sharepoint.com/sites/Finance" in text
    assert "00000000" not in text


async def test_a_name_that_two_groups_share_is_written_as_an_id(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A name that does not lead back to one group is no name for a file."""
    groups = list(tenant.world.groups.values())
    marketing = next(each for each in groups if each.display_name == "Marketing")
    next(
        each for each in groups if each.display_name == "Database operators"
    ).display_name = "Marketing"
    text = (await provisioner.import_()).text
    assert f"group {marketing.id}" in text
    assert await provisioner.changes(text) == []


async def test_somebody_deleted_is_written_as_an_id(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A policy may outlive whom it names; the import does not fail on it."""
    tenant.delete_user(ANN)
    text = (await provisioner.import_()).text
    assert f"person {ANN}" in text
    assert await provisioner.changes(text) == []


async def test_only_the_catalogs_asked_for_are_imported(provisioner: Provisioner) -> None:
    """The others stay out of the file, and so out of Latchkey's hands."""
    await provisioner.apply(EXAMPLE)
    text = (await provisioner.import_("autumn campaign")).text
    names = [each.name for each in read_text(text, name="x").file.catalogs]
    assert names == ["Autumn campaign"]


async def test_an_unknown_catalog_is_said_with_the_nearest(provisioner: Provisioner) -> None:
    """The sentence helps."""
    with pytest.raises(LatchkeyError, match=r"no catalog “Genral”\. Did you mean “General”"):
        await provisioner.import_("Genral")


@pytest.mark.made_up("a kind of person that Graph does not have")
async def test_a_policy_without_words_for_it_is_left_out_and_said(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """What the file cannot say is not half said, and the file notes it."""
    policy = next(
        each for each in tenant.world.policies.values() if each.package_id == FINANCE_REPORTS
    )
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [{"@odata.type": "#microsoft.graph.somethingNew"}]
    imported = await provisioner.import_()
    assert imported.left_out[-1] == (
        "policy Everyone at Contoso of package Finance Reports: the file has no words for whom it names"
    )
    assert "# Left out: policy Everyone at Contoso of package Finance Reports" in imported.text
    assert await provisioner.changes(imported.text) == []


ODD_ENDS: dict[str, Expiration] = {
    "longer than any file says": Expiration("afterDuration", duration=timedelta(days=3_650_000)),
    "a minute and a half": Expiration("afterDuration", duration=timedelta(seconds=90)),
    "no time at all": Expiration("afterDuration", duration=timedelta(0)),
}


@pytest.mark.parametrize("end", ODD_ENDS.values(), ids=ODD_ENDS)
async def test_an_end_that_the_file_has_no_words_for_is_not_written_as_another(
    tenant, tmp_path, end
):
    """The policy is left out and named; the rest of the file can be read, and changes nothing."""
    provisioner = Provisioner(tenant, "v1.0", tmp_path)
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    policy.expiration = end

    imported = await provisioner.import_()

    (said,) = [each for each in imported.left_out if policy.display_name in each]
    assert "the file has no words for how long its access lasts" in said
    assert await provisioner.changes(imported.text) == []


@pytest.mark.parametrize("name", ["durationBeforeAutomaticDenial", "durationBeforeEscalation"])
async def test_neither_is_a_deadline_of_its_approvers(tenant, tmp_path, name):
    """Seconds are no minutes."""
    provisioner = Provisioner(tenant, "v1.0", tmp_path)
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    policy.settings["requestApprovalSettings"]["stages"][0][name] = "PT90S"

    imported = await provisioner.import_()

    (said,) = [each for each in imported.left_out if policy.display_name in each]
    assert "the file has no words for how long its approvers have" in said


def asked(text: str, **more: Any) -> dict[str, Any]:
    """A question, as Graph has it."""
    kind = "MultipleChoice" if "choices" in more else "TextInput"
    return {"@odata.type": f"#microsoft.graph.accessPackage{kind}Question", "text": text, **more}


def reviewed(**more: Any) -> dict[str, Any]:
    """Access reviews, as Graph has them."""
    recurrence = {
        "pattern": {"type": "weekly", "interval": 1},
        "range": {"type": "noEnd", "startDate": "2027-01-01"},
    }
    schedule = {
        "startDateTime": "2027-01-01T00:00:00Z",
        "expiration": {"type": "afterDuration", "duration": "P5D"},
        "recurrence": recurrence,
    }
    return {"isEnabled": True, "isSelfReview": True, "schedule": schedule, **more}


def decided(**more: Any) -> dict[str, Any]:
    """One stage of approval, as Graph has it."""
    person = {"@odata.type": "#microsoft.graph.singleUser", "userId": ANN}
    stage = {"primaryApprovers": [person], "durationBeforeAutomaticDenial": "P14D", **more}
    return {"isApprovalRequiredForAdd": True, "stages": [stage]}


FALLBACK_ONLY = {
    "isEscalationEnabled": True,
    "durationBeforeEscalation": "P3D",
    "escalationApprovers": [],
    "fallbackEscalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": ANN}],
}
# Settings of a policy, and the word of the file that would not say them.
ODD_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "a question of two lines": ({"questions": [asked("Why?\nSay it")]}, "questions"),
    "an unseen character": ({"questions": [asked("Why\u200b?")]}, "questions"),
    "a pattern that is none": ({"questions": [asked("Why?", regexPattern="[b-a]")]}, "questions"),
    "an answer with two blanks": (
        {"questions": [asked("Which?", choices=[{"actualValue": "a  b", "text": "A"}])]},
        "questions",
    ),
    "reviewed by nobody": ({"reviewSettings": reviewed(isSelfReview=False)}, "reviews"),
    "reviews of a new kind": ({"reviewSettings": reviewed(expirationBehavior="new")}, "reviews"),
    "decided by nobody": (
        {"requestApprovalSettings": decided(primaryApprovers=[])},
        "decided by",
    ),
    "escalated to the fallback alone": (
        {"requestApprovalSettings": decided(**FALLBACK_ONLY)},
        "decided by",
    ),
}


@pytest.mark.made_up("settings that the portal does not write")
@pytest.mark.parametrize(("settings", "word"), ODD_SETTINGS.values(), ids=ODD_SETTINGS)
async def test_what_would_read_otherwise_is_not_written(
    provisioner: Provisioner, tenant: Tenant, settings: dict[str, Any], word: str
) -> None:
    """A file that cannot be read, or would change the policy, is no picture of the tenant: the policy is left out and named."""
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    policy.settings = read_settings(settings)

    imported = await provisioner.import_()

    (said,) = [each for each in imported.left_out if policy.display_name in each]
    assert said.endswith(f"what Entra has for “{word}” would read otherwise in a file")
    assert await provisioner.changes(imported.text) == []


@pytest.mark.made_up("rules with odd blanks")
@pytest.mark.parametrize("value", ["A  B", "A\nB", "A\u200b"])
async def test_a_rule_is_not_written_as_another(
    provisioner: Provisioner, tenant: Tenant, value: str
) -> None:
    """Its blanks may stand in a value, and decide whom it means."""
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    rule = f'user.department -eq "{value}"'
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": rule}
    ]

    imported = await provisioner.import_()

    assert any("“may ask” would read otherwise" in each for each in imported.left_out)
    assert await provisioner.changes(imported.text) == []


@pytest.mark.made_up("names that are longer than a directory's")
async def test_a_name_that_is_too_long_for_a_file_is_left_out(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The rest of the file can be read."""
    world = tenant.world
    next(iter(world.policies.values())).display_name = "p" * 257
    world.packages[FINANCE_REPORTS].display_name = "n" * 257
    imported = await provisioner.import_()
    assert any(each.startswith("package nnn") for each in imported.left_out)
    assert any(each.startswith("policy ppp") for each in imported.left_out)
    assert await provisioner.changes(imported.text) == []


async def test_a_site_whose_address_would_read_otherwise_is_left_out(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A slash at its end is none in a file; what a package gives of it is left out whole."""
    world = tenant.world
    site = next(each for each in world.resources.values() if "sharepoint" in each.origin_id)
    world.sites[f"{site.origin_id}/"] = world.sites[site.origin_id]
    site.origin_id += "/"
    imported = await provisioner.import_()
    assert (
        len([each for each in imported.left_out if "sharepoint" in each or "Finance" in each]) == 2
    )
    assert await provisioner.changes(imported.text) == []


async def test_a_description_of_blanks_is_none(provisioner: Provisioner, tenant: Tenant) -> None:
    """A file with one is refused, and what is not written is left alone."""
    world = tenant.world
    for things in (world.catalogs, world.packages, world.policies):
        for each in things.values():
            each.description = "  "
    text = (await provisioner.import_()).text
    assert "description" not in text
    assert await provisioner.changes(text) == []


CAFE = unicodedata.normalize("NFD", "Café")


async def test_accents_that_are_characters_of_their_own_are_no_difference(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """They look the same; a question keeps its id, to which the answers belong, whatever else is changed."""
    world = tenant.world
    for things in (world.catalogs, world.packages, world.policies):
        for each in things.values():
            each.description = CAFE
    policy = next(p for p in world.policies.values() if p.package_id == FINANCE_REPORTS)
    question = asked(f"Which {CAFE}?", id=world.new_id(), isAnswerEditable=True)
    policy.settings["questions"] = [question]
    ledger = next(r for r in world.resources.values() if r.display_name == "Contoso Ledger")
    ledger.attributes = [
        {
            "name": CAFE,
            "source": {
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": asked(f"Whose {CAFE}?", id=world.new_id()),
            },
            "destination": {
                "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"
            },
        }
    ]
    imported = await provisioner.import_()

    assert not [each for each in imported.left_out if policy.display_name in each]
    assert await provisioner.changes(imported.text) == []

    as_it_was = deepcopy(ledger.attributes[0])
    said = f"- ask: Which {CAFE}?\n"
    assert imported.text.count(said) == imported.text.count(f"question: Whose {CAFE}?") == 1
    more = imported.text.replace(said, f"{said}                required: yes\n").replace(
        f"question: Whose {CAFE}?\n",
        f"question: Whose {CAFE}?\n          - {{attribute: b, question: Which}}\n",
    )
    await provisioner.apply(more)
    (now,) = world.policies[policy.id].settings["questions"]
    assert (now["id"], now["isRequired"]) == (question["id"], True)
    assert ledger.attributes[0]["source"]["question"]["id"] == as_it_was["source"]["question"]["id"]
    assert ledger.attributes[0]["name"] == CAFE


async def test_a_rule_that_a_file_would_write_otherwise_is_left_out(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Entra compares its values as they are written, so that it would mean others."""
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [
        {
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "membershipRule": f'user.department -eq "{CAFE}"',
        }
    ]
    imported = await provisioner.import_()

    (said,) = [each for each in imported.left_out if policy.display_name in each]
    assert said.endswith("what Entra has for “may ask” would read otherwise in a file")


@pytest.mark.made_up("line breaks that the portal does not write")
@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029", "\r\n", "\x01"])
async def test_a_description_is_read_as_it_was_written(
    provisioner: Provisioner, tenant: Tenant, sign: str
) -> None:
    """Whatever is in it."""
    tenant.world.packages[FINANCE_REPORTS].description = f"a{sign}b"
    imported = await provisioner.import_()
    assert await provisioner.changes(imported.text) == []


@pytest.mark.made_up("names with control characters")
@pytest.mark.parametrize("sign", ["\x01", "\x1b[31m", "\u202e"])
async def test_what_is_left_out_is_named_so_that_the_file_can_be_read(
    provisioner: Provisioner, tenant: Tenant, sign: str
) -> None:
    """YAML takes no control characters, in comments neither."""
    world = tenant.world
    world.packages[FINANCE_REPORTS].display_name = f"a{sign}b"
    next(iter(world.policies.values())).display_name = f"c{sign}d"
    imported = await provisioner.import_()
    assert sign not in imported.text
    assert "# Left out: package a" in imported.text
    assert await provisioner.changes(imported.text) == []


async def test_reviews_that_end_one_day_are_said_to(tenant: Tenant, tmp_path: Path) -> None:
    """The file only says how often: whoever reads it would think that they go on for ever."""
    provisioner = Provisioner(tenant, "v1.0", tmp_path)
    policy = next(p for p in tenant.world.policies.values() if p.package_id == FINANCE_REPORTS)
    reviews = reviewed()
    reviews["schedule"]["recurrence"]["range"] = {
        "type": "numbered",
        "startDate": "2027-01-01",
        "numberOfOccurrences": 2,
    }
    policy.settings = read_settings({"reviewSettings": reviews})

    imported = await provisioner.import_()

    (said,) = [each for each in imported.left_out if policy.display_name in each]
    assert said.endswith("when its reviews end; an apply leaves it as it is")
    assert await provisioner.changes(imported.text) == []
