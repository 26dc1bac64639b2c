"""The people of the chaos proof connect their Microsoft accounts, each by the command and a browser of their own."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.run import StandIns
from sandbox.slack.model import Message
from sandbox.tenant import seed
from tests.harness.accounts import browser_to, link_in
from tests.harness.world import BO, eventually, labels
from tests.proofs.chaos.people import Story


async def connect_all(
    outside: StandIns, told: Sequence[Story], some_bot: Callable[[], Any]
) -> None:
    """Let everybody who asks connect their account, and Bo, who approves."""
    people = {story.user: story.entra_id for story in told} | {BO: seed.BO}
    for user, entra_id in sorted(people.items()):
        email = outside.tenant.world.users[entra_id].user_principal_name
        await _connect(outside, user, email, some_bot)


async def _connect(outside: StandIns, user: str, email: str, some_bot: Callable[[], Any]) -> None:
    place = outside.workspace.dm(user)
    await outside.workspace.command(
        user=user, channel=place.id, command="/my-access", text="connect"
    )

    def answered() -> Message | None:
        found = [each for each in place.seen_by(user) if "Sign in to Microsoft" in labels(each)]
        return found[-1] if found else None

    browser = browser_to(some_bot, outside.tenant.app)
    await browser.get(link_in(await eventually(answered, about="the link")))
    await browser.press("Go on to Microsoft")
    page = await browser.sign_in(email)
    assert page.heading == "Your Microsoft account is connected", page.shown
