"""Test who may have what: judged when a request comes in, and once more just before it is granted."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database.tables import assignments
from bot.errors import ReasonNeeded, UnknownPackage
from bot.requests.model import State
from graph import StaticToken
from graph.values import LAST_MOMENT
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration, User
from tests.bot.samples import user
from tests.harness.faults import answering


async def test_what_the_policy_gives_freely_is_approved_at_once(harness):
    """Ann is named by the campaign's policy, which asks nobody."""
    await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    (request,) = (await harness.request_lists.access_overview("U0ANN")).waiting.rows

    judged = await harness.evaluator.receive(await harness.claimed(request))

    assert judged is not None
    assert judged.state is State.APPROVED
    assert judged.entra_id == seed.ANN
    assert judged.holder_name == "Ann Abara"


async def test_what_somebody_must_decide_waits_for_them(harness):
    """Finance Reports are Bo's to give."""
    request = await harness.ask("finance-reports because Q4")

    assert request.state is State.PENDING
    assert request.deciders == ("U0BO",)
    assert request.terms is not None
    assert request.terms.contents == (
        "Finance Visitors of the site Finance",
        "Member of the group Finance readers",
        "Reader of the app Contoso Ledger",
    )
    assert harness.posted("adminAdd") == 0


async def test_the_first_stage_goes_to_the_requesters_manager(harness):
    """Mia is Ann's."""
    request = await harness.ask("production-database because it burns")

    assert request.deciders == ("U0MIA",)


async def test_without_a_manager_the_fallback_decides(harness):
    """Bo has none, so Dana is asked."""
    request = await harness.ask("production-database because it burns", user="U0BO")

    assert request.deciders == ("U0DANA",)


async def test_nobody_is_sent_a_card_for_their_own_request(harness):
    """Bo decides about Finance Reports, but not about his own."""
    request = await harness.ask("finance-reports because Q4", user="U0BO")

    assert request.state is State.PENDING
    assert request.deciders == ()


async def test_who_is_not_in_scope_is_refused(harness):
    """The board's papers are for Dana only, whom nobody else reads."""
    request = await harness.ask("board-papers")

    assert request.state is State.REFUSED
    assert request.why == "You are not among those who may ask for it. It is for certain people."
    assert not request.tell_admins


async def test_a_policy_not_understood_is_refused_and_the_admins_are_told(harness):
    """We must not guess."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "unknownFutureValue"

    request = await harness.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert request.tell_admins


async def disable(harness):
    harness.tenant.disable_user(seed.ANN)


async def rename(harness):
    harness.tenant.world.users[seed.ANN].mail = "other@contoso.example"
    harness.tenant.world.users[seed.ANN].user_principal_name = "other@contoso.example"


async def double(harness):
    twin = "a0000000-0000-4000-8000-0000000000aa"
    harness.tenant.world.users[twin] = User(
        id=twin,
        display_name="Ann Other",
        user_principal_name="annother@contoso.example",
        created_at=clock.now(),
        mail="ANN@contoso.example",
    )


async def double_disabled(harness):
    await double(harness)
    harness.tenant.disable_user("a0000000-0000-4000-8000-0000000000aa")


async def unconfirm(harness):
    harness.workspace.people["U0ANN"].is_email_confirmed = False


async def hide(harness):
    harness.workspace.people["U0ANN"].email = None


async def foreign_domain(harness):
    harness.workspace.people["U0ANN"].email = "ann@fabrikam.example"
    harness.tenant.world.users[seed.ANN].mail = "ann@fabrikam.example"


async def lookalike_domain(harness):
    harness.workspace.people["U0ANN"].email = "ann@evil-contoso.example"
    harness.tenant.world.users[seed.ANN].mail = "ann@evil-contoso.example"


async def guest(harness):
    harness.workspace.people["U0ANN"].is_restricted = True


async def single_channel_guest(harness):
    harness.workspace.people["U0ANN"].is_ultra_restricted = True


async def deactivated(harness):
    harness.workspace.people["U0ANN"].deleted = True


async def bot(harness):
    harness.workspace.people["U0ANN"].is_bot = True


async def stranger(harness):
    harness.workspace.people["U0ANN"].team_id = "T0OTHER"


NOBODY = [
    (disable, "disabled"),
    (rename, "Nobody in Entra"),
    (double, "More than one account"),
    (double_disabled, "More than one account"),
    (unconfirm, "no confirmed e-mail"),
    (hide, "no confirmed e-mail"),
    (foreign_domain, "not of a domain that counts"),
    (lookalike_domain, "not of a domain that counts"),
    (guest, "a guest"),
    (single_channel_guest, "a guest"),
    (deactivated, "a deactivated account"),
    (bot, "a bot"),
    (stranger, "a member of another workspace"),
]


@pytest.mark.parametrize(("change", "why"), NOBODY, ids=lambda each: getattr(each, "__name__", ""))
async def test_who_cannot_be_told_for_certain_is_refused(harness, change, why):
    """Exactly one enabled Entra user behind a full member with a confirmed address, or nothing."""
    await change(harness)

    request = await harness.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert why in (request.why or "")


async def test_a_profile_that_points_elsewhere_later_is_refused(harness):
    """Somebody who takes over another's address does not take over their account."""
    await harness.people.identify("U0ANN")
    harness.workspace.people["U0ANN"].email = "cy@contoso.example"

    request = await harness.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert "another Entra account" in (request.why or "")


async def test_an_entra_guest_is_no_member(harness):
    """Whatever their Slack account is."""
    harness.tenant.world.users[seed.ANN].user_type = "Guest"

    request = await harness.ask("finance-reports because Q4")

    assert request.state is State.REFUSED


async def test_a_second_slack_account_of_one_person_cannot_ask_again(harness):
    """Two Slack accounts, one Entra user, one open request."""
    harness.workspace.people["U0TWIN"] = type(harness.workspace.people["U0ANN"])(
        **{
            **vars(harness.workspace.people["U0ANN"]),
            "id": "U0TWIN",
            "email": "ann.a@contoso.example",
        }
    )
    harness.tenant.world.users[seed.ANN].user_principal_name = "ann.a@contoso.example"
    first = await harness.ask("finance-reports because Q4")

    second = await harness.ask("finance-reports because Q4", user="U0TWIN")
    # The first account is told of the second before anything is done for it.
    await harness.talk()
    await harness.expire_all_waits()
    await harness.work()
    second = await harness.request(second.id)

    assert first.state is State.PENDING
    assert second.state is State.REFUSED
    assert "another Slack account" in (second.why or "")


async def test_who_has_it_already_is_refused_and_sees_it(harness):
    """Access that was given in Entra's portal is noticed on the way."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    # Nothing has been seen of it for hours, so that only Entra can tell.
    long_ago = clock.real() - timedelta(hours=3)
    await harness.store.run(
        lambda db: db.execute(assignments.update().values(seen_at=long_ago)) and None
    )

    again = await harness.ask("marketing-campaign")

    assert again.state is State.REFUSED
    assert "You have it already" in (again.why or "")
    assert harness.posted("adminAdd") == 1


async def test_what_is_being_given_in_entra_is_not_given_twice(harness):
    """An administrator gives it in the portal at the same moment; the person is told how it ended."""
    await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
    )

    request = await harness.ask("marketing-campaign")
    await harness.finish()
    await harness.expire_all_waits(settled=True)
    await harness.finish()

    assert not (await harness.request(request.id)).is_open
    assert harness.posted("adminAdd") == 1


async def test_what_was_asked_for_in_my_access_is_not_asked_for_again(harness):
    """Entra's own request waits for its approver; a second one would only be refused there."""
    await harness.graph.assignment_requests.create(
        request_type="userAdd",
        target_id=seed.ANN,
        package_id=seed.FINANCE_REPORTS,
        policy_id=harness.policy_of(seed.FINANCE_REPORTS).id,
        justification="Q4",
        token=StaticToken(harness.tenant.delegated_token(seed.ANN)),
    )
    harness.shift(timedelta(seconds=10))

    request = await harness.ask("finance-reports because Q4")

    assert request.state is State.REFUSED
    assert "already asked for it in Entra" in (request.why or "")


async def test_what_cannot_be_read_is_judged_later(harness):
    """Nobody is refused because Graph was down."""
    harness.line.on("GET .*/users", answering(503, "ServiceUnavailable"), times=4)

    request = await harness.ask("marketing-campaign")
    assert request.state is State.RECEIVED
    assert request.due_at is not None

    await harness.expire_all_waits()
    await harness.work()
    assert (await harness.request(request.id)).state is State.SUBMITTED


async def test_slack_down_is_no_refusal_either(harness):
    """The request waits."""
    harness.workspace.faults.set("server_error", only="users.info", count=3)

    request = await harness.ask("marketing-campaign")

    assert request.state is State.RECEIVED


async def test_a_reason_is_asked_for_before_anything_is_taken_down(harness):
    """Finance Reports are only given with one."""
    with pytest.raises(ReasonNeeded):
        await harness.requests.ask(slack_user="U0ANN", text="finance-reports")

    assert (await harness.request_lists.access_overview("U0ANN")).waiting.rows == []


async def test_the_longest_name_that_fits_is_meant(harness):
    """A package called "Finance - Reports" is not asked for as "Finance", because of reports."""
    harness.tenant.world.packages[seed.BOARD_PAPERS].display_name = "Finance"
    harness.tenant.world.packages[seed.FINANCE_REPORTS].display_name = "Finance - Reports: Q4"
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"][
        "isRequestorJustificationRequired"
    ] = False
    await harness.tenant_sync.run()

    taken = await harness.requests.ask(slack_user="U0DANA", text="Finance - Reports: Q4")

    assert taken.request.package_id == seed.FINANCE_REPORTS


async def test_a_hidden_package_is_not_suggested(harness):
    """Who knows its name may ask; nobody learns it here."""
    harness.tenant.world.packages[seed.BOARD_PAPERS].is_hidden = True
    await harness.tenant_sync.run()

    with pytest.raises(UnknownPackage) as unknown:
        await harness.requests.ask(slack_user="U0ANN", text="board-paper")

    assert "Board Papers" not in [each.name for each in unknown.value.near]
    assert "board-papers" not in [
        each.slug for each in await harness.request_forms.offered_packages()
    ]
    taken = await harness.requests.ask(slack_user="U0DANA", text="board-papers")
    assert taken.request.package_id == seed.BOARD_PAPERS


async def test_lengths_beyond_the_calendar_are_as_long_as_it_lasts(harness):
    """Of access, of the wait for a decision and of that before escalation; nobody is kept waiting for a number."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    policy.expiration = Expiration("afterDuration", duration=timedelta(days=3_650_000))
    (stage,) = policy.settings["requestApprovalSettings"]["stages"]
    stage["durationBeforeAutomaticDenial"] = "P9999Y"
    stage |= {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P9999Y",
        "escalationApprovers": [user(seed.CY)],
    }
    await harness.tenant_sync.run()

    request = await harness.ask("finance-reports", reason="Q4")
    await harness.talk()

    assert request.state is State.PENDING
    assert request.lapses_at == request.escalates_at == LAST_MOMENT
    assert request.latest_end(clock.now()) == LAST_MOMENT
    assert any("Finance Reports" in message.text for message in harness.told("U0BO"))
