"""Ends a story at each of its steps, and goes on from there with a new bot on the same database."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from tests.harness.accounts import SETTINGS, registered
from tests.harness.camera import Camera, Photograph, life, restore
from tests.harness.owed import at_rest
from tests.harness.simulation import LIFELIKE, simulation
from tests.proofs.crash_sweep.deeds import DELIVERY
from tests.proofs.crash_sweep.stories import FOLDER, Story, check, watch_for_lies

# After so many failures the reason is plain.
ENOUGH_WRONG: Final = 3
# Somebody outside has it, and the bot does not know: whoever asks or tells once more is one too many.
MOST_TELLING: Final = ("taken assignmentRequests", "taken chat.postMessage")


@dataclass(frozen=True, kw_only=True)
class Swept:
    """
    How much of a story was died in.

    Attributes:
        moments: Ways to die: before and after each commit; before, during and after each call.
        steps: What differs among them in what is left behind.
        deaths: At how many of the steps the bot died here.
    """

    moments: int
    steps: int
    deaths: int


async def sweep(
    story: Story,
    databases: Iterator[str],
    *,
    every: int = 1,
    first: int = 0,
    always: Collection[str] = MOST_TELLING,
) -> Swept:
    """
    Photograph the story once, untouched; then end it from each photograph, and check each time.

    Args:
        databases: Addresses of empty, migrated databases.
        every: Die at each so many-th step.
        first: The first step to die at.
        always: Die at each step of these kinds, too.

    Raises:
        AssertionError: Something was lost or doubled, or was said that was not so; with the steps.
    """
    async with simulation(next(databases), pauses=LIFELIKE) as around:
        outside = around.outside
        # Graph takes a second request for the same thing: whoever makes one is caught.
        outside.tenant.world.lenient = True
        outside.tenant.world.delivery = DELIVERY
        # So that Latchkey may look for its cards in the approvals channel, too.
        outside.workspace.scopes.append("channels:history")
        if story.has_accounts:
            registered(outside)
            outside.environment.update(SETTINGS)
        if story.settings is not None:
            outside.environment["LATCHKEY_PACKAGE_SETTINGS"] = str(FOLDER / story.settings)
        camera = Camera(around)
        async with life(around) as world:
            await world.synced()
            for user in story.at_home:
                await world.slack.open_home(user=user)
            if story.before is not None:
                await story.before(world)
            await at_rest(world.bot)
            with camera.watching():
                await story.act(world)
        assert len(camera.album) >= 3
        # A short story has fewer steps than are left out at a time.
        first %= len(camera.album)
        chosen = [
            photograph
            for number, photograph in enumerate(camera.album)
            if number % every == first or photograph.kind in always
        ]
        wrong: list[str] = []
        for photograph in chosen:
            await restore(around, photograph, database=next(databases))
            lies: list[str] = []
            try:
                async with life(around) as world:
                    unsubscribe = watch_for_lies(world, lies)
                    await story.act(world)
                    unsubscribe()
                    await check(story, world, lies)
            except AssertionError as error:
                wrong.append(_said(photograph, error))
                if len(wrong) == ENOUGH_WRONG:
                    break
        assert not wrong, "\n".join(wrong)
        return Swept(moments=camera.moments, steps=len(camera.album), deaths=len(chosen))


def _said(photograph: Photograph, error: AssertionError) -> str:
    return f"{photograph.step}: {error}"
