"""The tenant panel, the clock and the fault switches."""

from datetime import timedelta

import httpx

from sandbox.tenant.model import Assignment
from tests.sandbox.page.conftest import Sandbox

GRAPH = "/v1.0/identityGovernance/entitlementManagement"


async def grant(sandbox: Sandbox, email: str, package_name: str) -> Assignment:
    """Access given through Graph, as the bot gives it, and delivered."""
    world = sandbox.tenant.world
    package = next(p for p in world.packages.values() if p.display_name == package_name)
    user = sandbox.tenant.user_by_email(email)
    assert user is not None
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=sandbox.tenant.app),
        base_url="https://graph.example",
        headers={"authorization": f"Bearer {sandbox.tenant.application_token()}"},
    ) as graph:
        answer = await graph.post(
            f"{GRAPH}/assignmentRequests",
            json={
                "requestType": "adminAdd",
                "assignment": {
                    "targetId": user.id,
                    "assignmentPolicyId": world.policies_of(package.id)[0].id,
                    "accessPackageId": package.id,
                },
            },
        )
    assert answer.status_code == 201, answer.text
    sandbox.clock.shift(timedelta(seconds=30))
    sandbox.tenant.tick()
    return next(iter(world.assignments.values()))


async def test_packages_say_who_may_ask_who_decides_and_how_long(sandbox: Sandbox) -> None:
    """Each policy is one line."""
    html = await sandbox.see()
    assert "Ann Abara, members of Marketing · no approval · 30 days" in html
    assert "every member · one stage of approval · 30 days" in html
    assert "2 stages of approval · 7 days" in html
    assert "Dana Diaz · no approval · no end" in html


async def test_a_grant_shows_as_request_assignment_and_membership(sandbox: Sandbox) -> None:
    """What Graph delivered is there in all three lists."""
    await grant(sandbox, "ann@contoso.example", "Marketing Campaign")
    html = await sandbox.see()
    assert html.count('data-testid="tenant-request"') == 1
    assert html.count('data-testid="tenant-assignment"') == 1
    assert 'data-testid="state">delivered</span>' in html
    assert "30 days left" in html
    group = html.partition("<b>Marketing resources</b>")[2].partition("</div>")[0]
    assert "Ann Abara" in group


async def test_the_panel_lists_the_latest_graph_calls(sandbox: Sandbox) -> None:
    """One sees what was asked of Graph, and what it answered."""
    await grant(sandbox, "ann@contoso.example", "Marketing Campaign")
    html = await sandbox.see()
    assert "POST /assignmentRequests" in html


async def test_the_clock_moves_and_the_tenant_with_it(sandbox: Sandbox) -> None:
    """After 31 days the access of 30 days has ended."""
    await grant(sandbox, "ann@contoso.example", "Marketing Campaign")
    for step in ("1", "7", "7", "7", "7", "1", "1"):
        answer = await sandbox.do("/clock", step=step)
    assert timedelta(days=31) <= sandbox.clock.offset < timedelta(days=31, hours=1)
    assert "31 days ahead" in answer.text
    assert 'data-testid="state">expired</span>' in answer.text


async def test_the_clock_moves_by_an_hour(sandbox: Sandbox) -> None:
    """For what is due the same day: a nudge, an escalation, the review of an emergency."""
    for _ in range(5):
        answer = await sandbox.do("/clock", step="hour")
    assert timedelta(hours=5) <= sandbox.clock.offset < timedelta(hours=6)
    assert "5 hours ahead" in answer.text


async def test_the_clock_goes_to_the_next_reminder(sandbox: Sandbox) -> None:
    """One press, and it is the moment at which the bot will remind."""
    due = sandbox.clock.now() + timedelta(days=23, hours=4)
    sandbox.reminder.append(due)
    await sandbox.do("/clock", step="reminder")
    assert due <= sandbox.clock.now() < due + timedelta(seconds=10)


async def test_a_reminder_that_is_overdue_moves_the_clock_a_second(sandbox: Sandbox) -> None:
    """The clock never goes back."""
    sandbox.reminder.append(sandbox.clock.now() - timedelta(days=1))
    await sandbox.do("/clock", step="reminder")
    assert sandbox.clock.offset == timedelta(seconds=1)


async def test_without_reminders_the_button_says_so(sandbox: Sandbox) -> None:
    """Nobody holds anything that ends: the button is off, and a press explains itself."""
    assert 'title="Nobody has access that ends"' in await sandbox.see()
    answer = await sandbox.do("/clock", step="reminder")
    assert "No reminder is due" in answer.text
    assert not sandbox.clock.offset


async def test_the_clock_takes_no_nonsense(sandbox: Sandbox) -> None:
    """Backwards, or not a number: a sentence, and nothing moves."""
    for step in ("-7", "0", "soon", "", "99999999999999999999"):
        answer = await sandbox.do("/clock", step=step)
        assert "The clock moves forward by an hour, or by 1 to 366 days at a time." in answer.text
    assert not sandbox.clock.offset


async def test_each_switch_turns_its_fault_on_and_off(sandbox: Sandbox) -> None:
    """Graph throttled, down or late, and Slack rate limited."""
    faults = {
        "graph-throttled": lambda: sandbox.tenant.faults.is_on("throttle"),
        "graph-down": lambda: sandbox.tenant.faults.is_on("unavailable"),
        "graph-late": lambda: sandbox.tenant.faults.is_on("error_after"),
        "slack-limited": lambda: sandbox.workspace.faults.is_on("ratelimited"),
    }
    for name, is_on in faults.items():
        answer = await sandbox.do("/fault", name=name, on="true")
        assert is_on()
        assert 'aria-checked="true"' in answer.text
        await sandbox.do("/fault", name=name, on="false")
        assert not is_on()


async def test_an_unknown_switch_is_told(sandbox: Sandbox) -> None:
    """A hand-made form gets a sentence."""
    answer = await sandbox.do("/fault", name="gremlins", on="true")
    assert "No switch is called gremlins." in answer.text


async def test_access_can_be_taken_away_behind_the_bots_back(sandbox: Sandbox) -> None:
    """As an administrator would in the portal."""
    assignment = await grant(sandbox, "ann@contoso.example", "Marketing Campaign")
    await sandbox.do("/portal/remove", assignment=assignment.id)
    sandbox.clock.shift(timedelta(seconds=30))
    sandbox.tenant.tick()
    assert not sandbox.tenant.world.assignments[assignment.id].is_live
    assert "ended " in await sandbox.see()
    answer = await sandbox.do("/portal/remove", assignment="no-such-id")
    assert 'data-testid="toast"' in answer.text
