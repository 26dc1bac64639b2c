"""`latchkey show`: every subject, its filters and its forms, in both of Graph's versions."""

import csv
import io
import json
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli.tenant.show import show
from sandbox.tenant import seed

SUBJECTS = {
    "catalogs": ["name", "description", "type", "state", "external", "id"],
    "resources": ["catalog", "name", "kind", "description", "origin_id", "id"],
    "roles": ["catalog", "resource", "kind", "role", "origin_id"],
    "environments": ["name", "origin_id", "default", "id"],
    "packages": [
        "slug",
        "name",
        "catalog",
        "gives",
        "policies",
        "hidden",
        "description",
        "id",
    ],
    "policies": [
        "package",
        "name",
        "who_may_ask",
        "lasts",
        "approval_stages",
        "reason_needed",
        "may_extend",
        "description",
        "id",
    ],
    "requests": [
        "asked",
        "type",
        "person",
        "email",
        "package",
        "state",
        "status",
        "done",
        "justification",
        "id",
    ],
    "assignments": [
        "person",
        "email",
        "package",
        "policy",
        "state",
        "starts",
        "ends",
        "ended",
        "person_id",
        "id",
    ],
    "members": ["name", "email", "type", "enabled", "id"],
    "people": [
        "name",
        "email",
        "user_principal_name",
        "type",
        "enabled",
        "manager",
        "holds",
        "id",
    ],
}
ARGUMENTS = {"members": ["Marketing"], "people": ["ann@contoso.example"]}


def shown(latchkey, *arguments):
    """Return what a command says in JSON."""
    result = latchkey(show, [*arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def ann_has_marketing(tenant, graph_app):
    """Ann holds Marketing Campaign."""
    return graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_shown_in_json_with_the_keys_that_are_promised(
    latchkey, ann_has_marketing, subject
):
    """The keys of JSON are a contract: scripts rely on them."""
    rows = shown(latchkey, subject, *ARGUMENTS.get(subject, []))
    assert rows
    assert all(list(row) == SUBJECTS[subject] for row in rows)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_shown_as_a_table(latchkey, ann_has_marketing, subject):
    """A person reads a heading, a line, and no color codes in a pipe."""
    result = latchkey(show, [subject, *ARGUMENTS.get(subject, [])])
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) > 2
    assert "\x1b" not in result.stdout


def test_resources_of_all_three_kinds_are_shown(latchkey):
    """Groups, applications and sites, in words."""
    assert {row["kind"] for row in shown(latchkey, "resources")} == {"group", "app", "site"}


def test_roles_are_told_apart_by_origin_id(latchkey):
    """The id of a role is a placeholder until it is used, so it is not shown."""
    rows = shown(latchkey, "roles", "--resource", "marketing resources")
    assert [row["origin_id"] for row in rows] == [
        f"Member_{seed.MARKETING_RESOURCES}",
        f"Owner_{seed.MARKETING_RESOURCES}",
    ]


def test_a_package_is_shown_with_its_slug_and_what_it_gives(latchkey):
    """The slug is what people type in Slack."""
    row = next(row for row in shown(latchkey, "packages") if row["slug"] == "finance-reports")
    assert row["gives"] == [
        "Finance Visitors of the site Finance",
        "Member of the group Finance readers",
        "Reader of the app Contoso Ledger",
    ]
    assert row["policies"] == ["Everyone at Contoso: 30 days"]


def named(tenant, *names):
    """Let the packages of the tutorial's world have these names, in the order of their ids."""
    for package, name in zip(
        sorted(tenant.world.packages.values(), key=lambda each: each.id), names, strict=False
    ):
        package.display_name = name


def test_a_slug_that_is_shown_is_accepted_and_means_that_package(latchkey, tenant):
    """Also one that is made of an id, and one of a name that is too long."""
    named(tenant, "🎉", "x" * 126, "Tools")

    rows = {row["slug"]: row["id"] for row in shown(latchkey, "packages") if row["slug"]}
    assert len(rows) >= 3
    found = {slug: shown(latchkey, "policies", "--package", slug) for slug in rows}
    whole = {row["id"]: row for row in shown(latchkey, "policies")}
    assert all(whole[row["id"]] == row for each in found.values() for row in each)
    assert len({row["id"] for each in found.values() for row in each}) == len(whole)


@pytest.mark.parametrize("typed", ["tools", "tools-2", "tools-3"])
def test_a_number_that_depends_on_who_came_first_names_no_package(latchkey, tenant, typed):
    """In Slack either of them may have it, and a third may be called so."""
    named(tenant, "Tools", "Tools", "Tools 2")

    assert not {"tools", "tools-2"} & {row["slug"] for row in shown(latchkey, "packages")}
    result = latchkey(show, ["policies", "--package", typed])
    assert result.exit_code == 1
    assert "may be meant" in result.stderr
    ids = sorted(tenant.world.packages)
    assert [each in result.stderr for each in ids[:3]] == [True, True, typed == "tools-2"]


def test_policies_say_who_may_ask_and_how_many_decide(latchkey):
    """Read by the same rules that the bot applies."""
    (row,) = shown(latchkey, "policies", "--package", "production-database")
    assert (row["who_may_ask"], row["approval_stages"], row["lasts"]) == (
        "all members",
        2,
        "7 days",
    )


@pytest.mark.parametrize("latchkey", ["v1.0"], indirect=True)
def test_a_policy_for_managers_alone_says_that_they_ask(latchkey, tenant):
    """And for whom."""
    [policy] = tenant.world.policies_of(seed.FINANCE_REPORTS)
    policy.settings["requestorSettings"] |= {
        "enableTargetsToSelfAddAccess": False,
        "enableOnBehalfRequestorsToAddAccess": True,
        "onBehalfRequestors": [{"@odata.type": "#microsoft.graph.targetManager"}],
    }

    (row,) = shown(latchkey, "policies", "--package", "finance-reports")
    assert row["who_may_ask"] == "managers, for all members"


def test_live_access_is_shown_with_its_end(latchkey, ann_has_marketing, tenant):
    """Times are UTC, in ISO form with a Z."""
    (row,) = shown(latchkey, "assignments", "--person", "ann@contoso.example")
    assert (row["person"], row["package"], row["state"]) == (
        "Ann Abara",
        "Marketing Campaign",
        "delivered",
    )
    assert row["ends"].endswith("Z")


def test_access_that_ended_is_shown_only_with_all(latchkey, ann_has_marketing, tenant):
    """Graph keeps ended assignments for long; nobody asks for them by default."""
    tenant.clock.shift(timedelta(days=31))
    assert shown(latchkey, "assignments") == []
    (row,) = shown(latchkey, "assignments", "--all")
    assert (row["state"], row["ended"] is not None) == ("expired", True)


def test_assignments_are_filtered_by_package_and_policy(latchkey, ann_has_marketing):
    """A policy is named within its package."""
    filters = ["--package", "Marketing Campaign", "--policy", "specific users"]
    assert len(shown(latchkey, "assignments", *filters)) == 1
    assert shown(latchkey, "assignments", "--package", "board-papers") == []


def test_a_policy_without_its_package_is_wrong_usage(latchkey):
    """Exit code 2: policies of different packages share names."""
    assert latchkey(show, ["assignments", "--policy", "Specific users"]).exit_code == 2


def test_requests_are_filtered_by_person_and_by_being_open(latchkey, ann_has_marketing):
    """A delivered request is no longer under way."""
    (row,) = shown(latchkey, "requests", "--person", "ann@contoso.example")
    assert (row["type"], row["state"], row["email"]) == (
        "adminAdd",
        "delivered",
        "ann@contoso.example",
    )
    assert shown(latchkey, "requests", "--open") == []
    assert shown(latchkey, "requests", "--person", "cy@contoso.example") == []
    assert len(shown(latchkey, "requests", "--state", "delivered")) == 1


def test_people_are_shown_with_manager_and_what_they_hold(latchkey, ann_has_marketing):
    """One line a person asked for, in that order."""
    ann, bo = shown(latchkey, "people", "ann@contoso.example", "bo@contoso.example")
    assert (ann["manager"], ann["holds"]) == ("Mia Moreau", ["Marketing Campaign"])
    assert (bo["manager"], bo["holds"]) == (None, [])


@pytest.mark.made_up("an assignment in a state that is not documented")
def test_what_a_person_may_hold_is_shown_with_its_strange_state(
    latchkey, tenant, ann_has_marketing
):
    """A state that is not known is never taken for none."""
    (held,) = tenant.world.assignments.values()
    held.state = "suspended"
    (ann,) = shown(latchkey, "people", "ann@contoso.example")
    assert ann["holds"] == ["Marketing Campaign (suspended)"]


def test_csv_has_all_columns(latchkey):
    """A spreadsheet gets what a program gets."""
    result = latchkey(show, ["packages", "--csv"])
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == SUBJECTS["packages"]
    assert len(rows) == 4


def test_a_name_that_looks_like_a_formula_is_harmless_in_csv(latchkey, tenant):
    """A spreadsheet would run it."""
    tenant.world.users[seed.ANN].display_name = "=HYPERLINK(1)"
    result = latchkey(show, ["members", "Marketing", "--csv"])
    assert "\n'=HYPERLINK(1)," in result.stdout


def test_a_name_cannot_repaint_the_terminal_or_be_read_as_markup(latchkey, tenant):
    """Names come from people."""
    tenant.world.users[seed.ANN].display_name = "\x1b[2J[bold]Ann[/nonsense]"
    result = latchkey(show, ["members", "Marketing"])
    assert "\x1b" not in result.stdout
    assert "[bold]Ann[/nonsense]" in result.stdout


def test_nothing_found_is_no_error(latchkey):
    """A script sees an empty list, a person a sentence on standard error."""
    result = latchkey(show, ["assignments"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nothing found.\n")


def test_members_that_are_hidden_are_not_nobody(latchkey, tenant):
    """Graph shows none; that it may not, and what it takes, is said."""
    tenant.world.groups[seed.MARKETING].visibility = "HiddenMembership"
    result = latchkey(show, ["members", "Marketing"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Member.Read.Hidden" in result.stderr


def test_an_unknown_package_is_answered_with_the_nearest_name(latchkey):
    """Exit code 1, one sentence, and no traceback."""
    result = latchkey(show, ["policies", "--package", "marketing-campain"])
    assert result.exit_code == 1
    assert result.stderr == (
        "• There is no access package called “marketing-campain”. Did you mean Marketing Campaign?\n"
    )


def test_ids_are_accepted_for_names(latchkey):
    """GUIDs are never needed and always taken."""
    assert len(shown(latchkey, "policies", "--package", seed.MARKETING_CAMPAIGN)) == 1
    assert len(shown(latchkey, "members", seed.MARKETING)) == 2
    assert len(shown(latchkey, "people", seed.ANN)) == 1
    assert len(shown(latchkey, "resources", "--catalog", seed.GENERAL)) == 6


def test_an_id_may_be_typed_in_capitals(latchkey):
    """As other programs write it."""
    package = seed.MARKETING_CAMPAIGN.upper()
    assert len(shown(latchkey, "policies", "--package", package)) == 1
    assert len(shown(latchkey, "members", seed.MARKETING.upper())) == 2


@pytest.mark.parametrize(("typed", "called"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_accent_may_be_a_character_of_its_own(latchkey, tenant, typed, called):
    """On the screen both names are the same, and nobody could correct the one."""
    name = "Zürich Café"
    tenant.world.packages[seed.MARKETING_CAMPAIGN].display_name = unicodedata.normalize(
        called, name
    )

    found = shown(latchkey, "policies", "--package", unicodedata.normalize(typed, name))

    assert len(found) == 1


def test_an_unknown_resource_is_not_said_to_offer_nothing(latchkey):
    """A slip in its name is answered with the nearest, as anywhere."""
    result = latchkey(show, ["roles", "--resource", "Marketing ressources"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "• There is no resource called “Marketing ressources”. Did you mean Marketing resources?\n"
    )


def test_two_forms_at_once_are_wrong_usage(latchkey):
    """Neither is guessed, in whatever order they stand."""
    for words in (["--json", "--csv"], ["--csv", "--json"]):
        result = latchkey(show, ["catalogs", *words])
        assert result.exit_code == 2
        assert "Choose one of --json and --csv." in result.stderr
        assert result.stdout == ""


def test_every_command_shows_an_example_in_its_help(latchkey):
    """A newcomer copies it."""
    for subject in SUBJECTS:
        assert "Example: latchkey show" in latchkey(show, [subject, "--help"]).stdout


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_keys_that_are_promised_are_in_the_documentation(subject):
    """docs/how-to/command-line.md lists them for whoever writes a script."""
    page = (Path(__file__).parents[4] / "docs" / "how-to" / "command-line.md").read_text("utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{subject}")]
    assert line.endswith(f"| {', '.join(SUBJECTS[subject])} |")
