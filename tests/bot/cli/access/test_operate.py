"""`latchkey request`, `extend` and `remove`: what an administrator may do, and what is claimed of it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.cli.access.operate import extend, remove, request
from bot.database import open_store
from bot.packages.settings.bindings import EntryBinding
from bot.packages.store import settings_bindings
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration, Policy
from tests.bot.samples import question
from tests.harness.accounts import KEY

ANN = "ann@contoso.example"


def live(tenant):
    """Return who has what now, by ids."""
    return [
        (each.target_id, each.package_id)
        for each in tenant.world.assignments.values()
        if each.state == "delivered"
    ]


def posted(tenant):
    """The requests that reached Graph."""
    return [
        call
        for call in tenant.calls
        if call.method == "POST" and call.path.lower().endswith("assignmentrequests")
    ]


def test_a_grant_is_reported_when_graph_shows_it(latchkey, tenant):
    """The end is Graph's, not our own sum."""
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert result.exit_code == 0, result.stderr
    assert live(tenant) == [(seed.ANN, seed.MARKETING_CAMPAIGN)]
    (held,) = tenant.world.assignments.values()
    assert f"has Marketing Campaign until {held.end:%Y-%m-%d %H:%M} UTC." in result.stdout


def test_nothing_is_done_without_confirmation(latchkey, tenant):
    """Anything but yes, and an empty input, means no."""
    for answer in ("n\n", ""):
        result = latchkey(request, ["marketing-campaign", ANN], input=answer)
        assert result.exit_code == 1
    assert posted(tenant) == []


def test_a_yes_at_the_prompt_is_enough(latchkey, tenant):
    """The question names person, package, policy and what it gives."""
    result = latchkey(request, ["marketing-campaign", ANN], input="y\n")
    assert result.exit_code == 0, result.stderr
    for words in (
        "Ann Abara (ann@contoso.example)",
        "Marketing Campaign",
        "Specific users",
        "30 days",
        "Member of the group Marketing resources",
    ):
        assert words in result.stderr


def test_who_is_outside_the_policy_is_refused(latchkey, tenant):
    """Graph would let an app do it: so this is what stops it."""
    result = latchkey(request, ["marketing-campaign", "bo@contoso.example", "--yes"])
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "No policy of Marketing Campaign lets Bo Berg ask for it." in result.stderr


def test_a_guest_is_not_a_member(latchkey, tenant):
    """A policy for all members does not admit guests."""
    arguments = ["finance-reports", "gus@fabrikam.example", "--because", "x", "--yes"]
    result = latchkey(request, [*arguments, "--skip-approval"])
    assert (result.exit_code, posted(tenant)) == (1, [])


def test_a_policy_for_administrators_alone_admits_anybody(latchkey, tenant):
    """That is what such a policy is for."""
    given = tenant.world.policies
    template = given["9b000000-0000-4000-8000-000000000001"]
    direct = Policy(**{**vars(template), "id": "9b000000-0000-4000-8000-0000000000ff"})
    direct.display_name = "Direct"
    direct.allowed_target_scope = "notSpecified"
    direct.specific_allowed_targets = []
    given[direct.id] = direct
    result = latchkey(request, ["marketing-campaign", "bo@contoso.example", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert live(tenant) == [(seed.BO, seed.MARKETING_CAMPAIGN)]


def test_a_policy_that_wants_approval_is_not_skipped_by_mistake(latchkey, tenant):
    """--yes alone does not skip it."""
    arguments = ["finance-reports", ANN, "--because", "Close the quarter", "--yes"]
    result = latchkey(request, arguments)
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "wants somebody to approve (1 stage)" in result.stderr
    assert latchkey(request, [*arguments, "--skip-approval"]).exit_code == 0
    assert live(tenant) == [(seed.ANN, seed.FINANCE_REPORTS)]


def test_an_approval_of_entras_is_not_skipped(latchkey, tenant, tmp_path, monkeypatch):
    """What Entra decides, no app grants."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {decides: entra}\n", "utf-8")
    monkeypatch.setenv("LATCHKEY_PACKAGE_SETTINGS", str(file))
    monkeypatch.setenv("LATCHKEY_PUBLIC_URL", "https://latchkey.example")
    monkeypatch.setenv("LATCHKEY_TOKEN_KEY", KEY)
    arguments = ["finance-reports", ANN, "--because", "Q4", "--yes", "--skip-approval"]
    result = latchkey(request, arguments)
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "Microsoft Entra decides about Finance Reports" in result.stderr


def test_an_approval_by_a_fresh_sign_in_is_not_skipped(latchkey, tenant, tmp_path, monkeypatch):
    """A name at the command line proves nothing; not for an extension either."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {approval: fresh sign-in}\n", "utf-8")
    monkeypatch.setenv("LATCHKEY_PACKAGE_SETTINGS", str(file))
    monkeypatch.setenv("LATCHKEY_PUBLIC_URL", "https://latchkey.example")
    arguments = ["finance-reports", ANN, "--because", "Q4", "--yes", "--skip-approval"]
    result = latchkey(request, arguments)
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "takes approvals by a fresh sign-in only" in result.stderr


@pytest.fixture
def renamed(latchkey, tenant, tmp_path, monkeypatch):
    """Finance Reports takes a fresh sign-in by the file, and has another name since; the arguments that would skip it."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {approval: fresh sign-in}\n", "utf-8")
    monkeypatch.setenv("LATCHKEY_PACKAGE_SETTINGS", str(file))
    monkeypatch.setenv("LATCHKEY_PUBLIC_URL", "https://latchkey.example")
    bound = EntryBinding(
        package_id=seed.FINANCE_REPORTS,
        packages={"Finance Reports": {"approval": "fresh sign-in"}},
    )
    store = open_store("sqlite+pysqlite:///latchkey.db")
    store.run_here(settings_bindings.replace, [], [bound])
    store.close()
    tenant.world.packages[seed.FINANCE_REPORTS].display_name = "Quarterly Reports"
    return ["quarterly-reports", ANN, "--because", "Q4", "--yes", "--skip-approval"]


def test_a_package_that_was_renamed_is_not_skipped_either(latchkey, tenant, renamed):
    """The bot's database knows what was written for it."""
    result = latchkey(request, renamed)
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "takes approvals by a fresh sign-in only" in result.stderr


def test_nor_where_the_database_that_knows_it_must_be_migrated_first(latchkey, tenant, renamed):
    """Without its word, names alone would count: that is for a database that cannot be reached."""
    with closing(sqlite3.connect("latchkey.db")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0001'")
    result = latchkey(request, [*renamed, "--without-audit"])
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "run `latchkey migrate`" in result.stderr


def test_a_reason_is_demanded_where_the_policy_does(latchkey, tenant):
    """And kept with the request."""
    arguments = ["finance-reports", ANN, "--yes"]
    assert "only given with a reason" in latchkey(request, arguments).stderr
    latchkey(request, [*arguments, "--skip-approval", "--because", "Close the quarter"])
    (asked,) = tenant.world.requests.values()
    assert asked.justification.startswith("Close the quarter [latchkey-cli ")


def test_nobody_gets_twice_what_they_have(latchkey, tenant, graph_app):
    """The refusal says until when they have it."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    before = len(posted(tenant))
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert (result.exit_code, len(posted(tenant))) == (1, before)
    assert "Ann Abara has Marketing Campaign already, until " in result.stderr


def test_a_disabled_account_gets_nothing(latchkey, tenant):
    """Nor is anything prolonged for it."""
    tenant.disable_user(seed.ANN)
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert (result.exit_code, posted(tenant)) == (1, [])


def test_a_shorter_time_than_the_policy_gives_may_be_asked_for(latchkey, tenant):
    """For a fortnight's leave, say."""
    result = latchkey(request, ["marketing-campaign", ANN, "--for", "2w", "--yes"])
    assert result.exit_code == 0, result.stderr
    (held,) = tenant.world.assignments.values()
    assert abs(held.end - clock.now() - timedelta(days=14)) < timedelta(minutes=1)


def test_a_longer_time_than_the_policy_gives_is_refused(latchkey, tenant):
    """What Graph would do with it is not documented, so it is not asked."""
    result = latchkey(request, ["marketing-campaign", ANN, "--for", "31d", "--yes"])
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "gives 30 days" in result.stderr


def test_an_end_and_a_length_together_are_wrong_usage(latchkey):
    """Exit code 2."""
    arguments = ["marketing-campaign", ANN, "--for", "1d", "--until", "2099-01-01"]
    assert latchkey(request, arguments).exit_code == 2


def test_nobody_waits_and_nothing_is_claimed_with_no_wait(latchkey, tenant):
    """Asked is not done."""
    tenant.world.delivery = timedelta(hours=1)
    result = latchkey(request, ["marketing-campaign", ANN, "--yes", "--no-wait"])
    assert result.exit_code == 0
    assert "is under way" in result.stdout
    assert "has Marketing Campaign" not in result.stdout


def test_what_graph_does_not_deliver_is_not_called_done(latchkey, tenant):
    """Exit code 1, with the request's id and Graph's own words."""
    tenant.faults.set("delivery_failed", count=1)
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Graph did not do it: request " in result.stderr


def test_a_lost_answer_is_not_asked_again(latchkey, tenant):
    """One POST, and a sentence that says to look first."""
    tenant.faults.set("error_after", count=1, only="POST .*ssignmentRequests")
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert (result.exit_code, len(posted(tenant))) == (1, 1)
    assert "It may have taken effect all the same" in result.stderr


def test_json_says_what_was_asked_and_what_is_shown(latchkey, tenant):
    """Nothing else goes to standard output."""
    result = latchkey(request, ["marketing-campaign", ANN, "--yes", "--json"])
    (held,) = tenant.world.assignments.values()
    (asked,) = tenant.world.requests.values()
    said = json.loads(result.stdout)
    assert (said["request"], said["done"], said["assignment"]) == (asked.id, True, held.id)
    assert said["ends"].endswith("Z")


def test_an_extension_lasts_as_long_from_now_as_the_policy_gives(latchkey, tenant, graph_app):
    """Never longer ahead than a new grant would be."""
    held = tenant.world.assignments[graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)]
    tenant.clock.shift(timedelta(days=10))
    clock.set_offset(timedelta(days=10))
    result = latchkey(extend, ["marketing-campaign", ANN, "--yes"])
    assert result.exit_code == 0, result.stderr
    assert abs(held.end - clock.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert f"until {held.end:%Y-%m-%d %H:%M} UTC." in result.stdout


def test_an_extension_that_shortens_is_refused(latchkey, tenant, graph_app):
    """To end access early there is `remove`."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    result = latchkey(extend, ["marketing-campaign", ANN, "--for", "5d", "--yes"])
    assert result.exit_code == 1
    assert "cannot be made any longer" in result.stderr


def test_an_extension_past_the_policy_is_refused(latchkey, tenant, graph_app):
    """The policy's duration counts from now."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    result = latchkey(extend, ["marketing-campaign", ANN, "--for", "60d", "--yes"])
    assert result.exit_code == 1
    assert "gives 30 days" in result.stderr


def test_access_without_an_end_is_not_extended(latchkey, tenant, graph_app):
    """Its policy lets nobody do it."""
    graph_app.give(seed.DANA, seed.BOARD_PAPERS)
    result = latchkey(extend, ["board-papers", "dana@contoso.example", "--yes"])
    assert result.exit_code == 1


def test_who_left_the_policy_gets_no_extension(latchkey, tenant, graph_app):
    """They keep what they have until its end."""
    graph_app.give(seed.CY, seed.MARKETING_CAMPAIGN)
    tenant.remove_member(seed.MARKETING, seed.CY)
    tenant.clock.shift(timedelta(days=10))
    clock.set_offset(timedelta(days=10))
    result = latchkey(extend, ["marketing-campaign", "cy@contoso.example", "--yes"])
    assert result.exit_code == 1
    assert "is not for Cy Chen any more" in result.stderr


def test_what_nobody_has_is_neither_extended_nor_removed(latchkey, tenant):
    """A sentence, and no request."""
    for command in (extend, remove):
        result = latchkey(command, ["marketing-campaign", ANN, "--because", "Left", "--yes"])
        assert (result.exit_code, posted(tenant)) == (1, [])
        assert "no live access to Marketing Campaign" in result.stderr


def test_a_removal_is_reported_when_the_access_is_over(latchkey, tenant, graph_app):
    """Graph ends the assignment, and the person leaves the group."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    result = latchkey(remove, ["marketing-campaign", ANN, "--because", "Left", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "Ann Abara no longer has Marketing Campaign.\n"
    assert live(tenant) == []
    assert tenant.world.groups[seed.MARKETING_RESOURCES].members == []


def test_what_is_there_in_part_is_access(latchkey, tenant, graph_app):
    """It is not asked for twice, and it is removed."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    (held,) = tenant.world.assignments.values()
    held.state = "partiallyDelivered"

    again = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert again.exit_code == 1
    assert "has Marketing Campaign already" in again.stderr
    result = latchkey(remove, ["marketing-campaign", ANN, "--because", "Left", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert held.state == "expired"


def test_a_removal_asks_first(latchkey, tenant, graph_app):
    """It takes something away."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert (
        latchkey(remove, ["marketing-campaign", ANN, "--because", "x"], input="n\n").exit_code == 1
    )
    assert live(tenant) == [(seed.ANN, seed.MARKETING_CAMPAIGN)]


@pytest.mark.made_up("two live assignments of one person to one package")
def test_a_removal_does_not_claim_what_another_assignment_still_gives(latchkey, tenant, graph_app):
    """Graph ends an assignment; whether the access is gone is another question."""
    held = graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    assignments = tenant.world.assignments
    other = replace(assignments[held], id="9f000000-0000-4000-8000-000000000001")
    assignments[other.id] = other
    arguments = ["marketing-campaign", ANN, "--because", "Left", "--yes"]

    first, second = latchkey(remove, arguments), latchkey(remove, arguments)

    assert (first.exit_code, first.stdout) == (1, "")
    assert "they have Marketing Campaign by another one still" in first.stderr
    assert second.stdout == "Ann Abara no longer has Marketing Campaign.\n"
    assert live(tenant) == []


@pytest.mark.made_up("two assignments of one person to one package, one of them in a strange state")
def test_a_removal_does_not_claim_what_a_strange_assignment_may_still_give(
    latchkey, tenant, graph_app
):
    """A state that is not known is never taken for none; one that is known to be over is."""
    held = graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    assignments = tenant.world.assignments
    old = replace(assignments[held], id="9f000000-0000-4000-8000-000000000002", state="expired")
    other = replace(assignments[held], id="9f000000-0000-4000-8000-000000000001", state="suspended")
    assignments |= {old.id: old, other.id: other}
    arguments = ["marketing-campaign", ANN, "--because", "Left", "--yes"]

    first = latchkey(remove, arguments)
    posts = len(posted(tenant))
    second = latchkey(remove, arguments)
    extended = latchkey(extend, arguments)

    assert (first.exit_code, first.stdout) == (1, "")
    assert "they may still have Marketing Campaign by another one" in first.stderr
    assert "“suspended”" in first.stderr.lower()
    for each in (second, extended):
        assert (each.exit_code, len(posted(tenant))) == (1, posts)
        assert "They may have Marketing Campaign" in each.stderr
        assert "no live access" not in each.stderr


@pytest.mark.parametrize("typed", [seed.ANN, seed.ANN.upper()])
def test_access_of_a_deleted_person_is_removed_by_their_object_id(
    latchkey, tenant, graph_app, typed
):
    """Their assignments outlive them, and keep package and policy from being deleted; in any capitals."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    tenant.delete_user(seed.ANN)
    result = latchkey(remove, ["marketing-campaign", typed, "--because", "Left", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert live(tenant) == []


@pytest.mark.parametrize("command", [request, extend, remove])
def test_help_has_an_example(latchkey, command):
    """A newcomer copies it."""
    assert f"latchkey {command.name} marketing-campaign" in latchkey(command, ["--help"]).stdout


def another_policy(tenant, package_id, *, name="On-Call", days=8, **settings):
    """One more policy for the same people, and without approval."""
    like = next(each for each in tenant.world.policies.values() if each.package_id == package_id)
    made = Policy(
        **{
            **vars(like),
            "id": f"9b000000-0000-4000-8000-0000000000{days:02}",
            "display_name": name,
            "expiration": Expiration("afterDuration", duration=timedelta(days=days)),
            "settings": {**like.settings, **settings},
        }
    )
    tenant.world.policies[made.id] = made
    return made


def test_a_required_question_is_not_passed_by(latchkey, tenant):
    """It wants an answer here as well, and in v1.0 has to be looked for to be known of."""
    policy = next(
        each
        for each in tenant.world.policies.values()
        if each.package_id == seed.MARKETING_CAMPAIGN
    )
    policy.settings["questions"] = [question(text="Jira / Halo link")]
    result = latchkey(request, ["marketing-campaign", ANN, "--yes", "--because", "x"])
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "“Jira / Halo link”" in result.stderr


def test_of_several_policies_the_administrator_names_one(latchkey, tenant):
    """Never the one whose id sorts last."""
    another_policy(tenant, seed.MARKETING_CAMPAIGN)
    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])
    assert (result.exit_code, posted(tenant)) == (1, [])
    assert "“Specific users” (30 days, no approval); “On-Call” (8 days" in result.stderr
    assert "--policy" in result.stderr

    result = latchkey(request, ["marketing-campaign", ANN, "--yes", "--policy", "on-call"])
    assert result.exit_code == 0, result.stderr
    (held,) = tenant.world.assignments.values()
    assert tenant.world.policies[held.policy_id].display_name == "On-Call"


def test_an_extension_goes_by_the_policy_that_it_is_held_under(latchkey, tenant, graph_app):
    """Another policy of the package that would allow it does not count."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    strict = another_policy(
        tenant,
        seed.MARKETING_CAMPAIGN,
        requestorSettings={
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": False,
        },
    )
    (held,) = tenant.world.assignments.values()
    held.policy_id = strict.id
    result = latchkey(extend, ["marketing-campaign", ANN, "--yes"])
    assert result.exit_code == 1
    assert "“On-Call” lets nobody extend it" in result.stderr


def test_an_extension_under_a_policy_without_an_end_says_so(latchkey, tenant, graph_app):
    """That the policy lets nobody extend would not be so."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    (held,) = tenant.world.assignments.values()
    tenant.world.policies[held.policy_id].expiration = Expiration("noExpiration")

    result = latchkey(extend, ["marketing-campaign", ANN, "--yes"])

    assert result.exit_code == 1
    assert (
        "end to extend it to" in result.stderr or "there is none to extend it to" in result.stderr
    )
    assert "lets nobody" not in result.stderr


def test_what_excludes_is_said(latchkey, tenant, graph_app):
    """Separation of duties holds for administrators, too."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    other = tenant.world.packages[seed.FINANCE_REPORTS]
    other.incompatible_packages.append(seed.MARKETING_CAMPAIGN)
    before = len(posted(tenant))
    result = latchkey(
        request, ["finance-reports", ANN, "--yes", "--because", "Q4", "--skip-approval"]
    )
    assert (result.exit_code, len(posted(tenant))) == (1, before)
    assert "does not go with what Ann Abara has already: “Marketing Campaign”" in result.stderr


def test_whoever_passes_the_approvers_by_is_told_so(latchkey, tenant):
    """Before the question, in so many words."""
    result = latchkey(
        request,
        ["finance-reports", ANN, "--because", "Q4", "--skip-approval"],
        input="n\n",
    )
    assert "nobody is asked to approve, although the policy has a stage of approval" in (
        result.stderr
    )
    assert posted(tenant) == []
