"""The common steps of the flow tests of emergency access."""

from typing import Any, Final

from bot.database.audit_log import audit
from bot.emergencies.model import Finding
from bot.messages.emergencies.emergency_review import CALLBACK
from sandbox.slack.model import Message, View
from tests.harness.world import World, eventually

ASK: Final = "/request-access finance-reports emergency: the books are on fire"


def write_settings(folder: Any, text: str) -> str:
    """Write a package settings file; return its path."""
    file = folder / "latchkey.yml"
    file.write_text(text, "utf-8")
    return str(file)


def emergency_cards(world: World, place: str) -> list[Message]:
    """The cards of emergency access in a channel, or in the messages to somebody."""
    where = world.slack.dm(place) if place.startswith("U") else world.slack.channel(place)
    return [each for each in where.messages if "Emergency:" in each.text and not each.deleted]


async def emergency_card(world: World, place: str) -> Message:
    """The one card there."""
    found = await eventually(lambda: emergency_cards(world, place), about="an emergency's card")
    [card] = found
    assert isinstance(card, Message)
    return card


async def review_form(world: World, user: str) -> View:
    """The form of a review, once it is open."""

    def opened() -> View | None:
        form = world.form(user)
        return form if form is not None and form.callback_id == CALLBACK else None

    form = await eventually(opened, about="the form of the review")
    assert isinstance(form, View)
    return form


async def review(world: World, user: str, card: Message, finding: str, comment: str) -> Any:
    """Open the form of a card and send it."""
    await world.press(user, card, "Close the review")
    form = await review_form(world, user)
    return await world.slack.submit(
        user=user,
        view_id=form.id,
        values={"finding": {"finding": finding}, "comment": {"comment": comment}},
    )


async def say_in_review(world: World, user: str, finding: Finding, comment: str) -> None:
    """Send what the form of a review would: whoever may not review has it open at most while nobody can tell."""
    await world.bot.services.emergencies.review(
        request_id=await request_of(world),
        slack_user=user,
        team=None,
        finding=finding,
        comment=comment,
    )


async def request_of(world: World) -> str:
    """The id of the only request."""
    rows = await world.bot.store.run(audit.rows)
    [request_id] = {row["request_id"] for row in rows if row["request_id"]}
    return str(request_id)


async def verbs(world: World) -> list[str]:
    """Return the verbs of the audit log."""
    return [verb for _, verb, _ in await world.deeds()]
