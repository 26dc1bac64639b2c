"""Apply and destroy die at every call, and the next run finishes what they began."""

import copy
import dataclasses
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from sandbox.tenant.seed import ANN
from tests.bot.provisioning.conftest import Killed, Wire, Workshop, picture
from tests.bot.provisioning.files import SMALL, many

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# What of the tenant's world is not its state.
NO_STATE: Final = {"clock", "delivery_outcome", "_listeners"}
GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z)")


def fresh() -> Tenant:
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    return tenant


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run that died leaves behind: the tenant, its clock and the state file.  The next run sees nothing else."""

    world: dict[str, Any]
    offset: timedelta
    state: str | None

    @classmethod
    def by(cls, workshop: Workshop) -> "Left":
        world, path = workshop.tenant.world, workshop.state.path
        tables = {name: value for name, value in vars(world).items() if name not in NO_STATE}
        return cls(
            # What is on its agenda belongs to the world that there is.
            world=copy.deepcopy(tables, {id(world): world}),
            offset=workshop.tenant.clock.offset,
            state=path.read_text("utf-8") if path.exists() else None,
        )

    def to(self, workshop: Workshop) -> None:
        """Let tenant and state file be as they were."""
        world, path = workshop.tenant.world, workshop.state.path
        vars(world).update(copy.deepcopy(self.world, {id(world): world}))
        workshop.tenant.clock.offset = self.offset
        path.unlink(missing_ok=True)
        if self.state is not None:
            path.write_text(self.state, "utf-8")

    def told(self) -> str:
        """All of it in words, in which neither ids nor moments tell two runs apart."""
        tables = {
            name: [dataclasses.asdict(each) for each in table.values()]
            for name, table in self.world.items()
            if isinstance(table, dict) and name != "_subject_ids"
        }
        numbers: dict[str, str] = {}
        text = json.dumps([tables, self.state], default=str)
        text = GUID.sub(lambda found: numbers.setdefault(found[0], f"#{len(numbers)}"), text)
        return MOMENT.sub("then", text)


class Album:
    """Each state in which a run of the workshop can leave everything when it dies at a call, before or after it."""

    def __init__(self, workshop: Workshop) -> None:
        self.states: dict[tuple[object, ...], Left] = {}
        self._workshop = workshop
        self._writes = 0
        workshop.wire.moment = self._moment

    def _moment(self, after: bool) -> None:
        workshop = self._workshop
        call, path = workshop.wire.calls[-1], workshop.state.path
        if after and call.startswith(WRITES) and "checkMember" not in call:
            self._writes += 1
        offset = workshop.tenant.clock.offset
        point = (self._writes, offset, path.read_text("utf-8") if path.exists() else None)
        if point not in self.states:
            self.states[point] = Left.by(workshop)


async def _dies_everywhere(
    workshop: Workshop,
    *,
    work: Callable[[Workshop], Awaitable[Any]],
    check: Callable[[Workshop], Awaitable[None]],
) -> int:
    """
    Let *work* die at one call after another, run it again, and *check* what comes of it.

    Returns:
        The number of different deaths.
    """
    album = Album(workshop)
    await work(workshop)
    workshop.wire = Wire(workshop.tenant)
    checked = set()
    for left in album.states.values():
        left.to(workshop)
        await work(workshop)
        # Each outcome once: ids and moments make no difference.
        told = Left.by(workshop).told()
        if told not in checked:
            checked.add(told)
            await check(workshop)
    return len(album.states)


@pytest.fixture
def fragile(workshop: Workshop) -> Workshop:
    """A workshop whose tenant takes its time."""
    return Workshop(fresh(), workshop.version, workshop.folder)


@pytest.mark.parametrize(
    ("text", "made", "deaths"), [(SMALL, 9, 18), (many(packages=3, catalogs=1), 16, 20)]
)
async def test_apply_goes_on_after_dying_at_any_call(
    fragile: Workshop, text: str, made: int, deaths: int
) -> None:
    """
    Nothing is missing, nothing is there twice, and destroy still knows what is Latchkey's own.

    In the second file three things of a kind share an envelope, and it dies after each of them.
    """
    expected = Workshop(fresh(), fragile.version, fragile.folder / "expected")
    expected.folder.mkdir()
    before = picture(expected.tenant)
    await expected.apply(text)
    after = picture(expected.tenant)

    async def apply(workshop: Workshop) -> None:
        await workshop.apply(text)

    async def check(workshop: Workshop) -> None:
        assert picture(workshop.tenant) == after
        assert await workshop.changes(text) == []
        assert len(workshop.state.entries()) == made
        await workshop.destroy(text)
        assert picture(workshop.tenant) == before

    assert await _dies_everywhere(fragile, work=apply, check=check) >= deaths


async def test_destroy_goes_on_after_dying_at_any_call(fragile: Workshop) -> None:
    """The tenant is as it was before apply, access and all."""
    before = picture(fragile.tenant)
    await fragile.apply(SMALL)
    world = fragile.tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )
    async with fragile.graph() as graph:
        await graph.assignments.request(
            request_type="adminAdd",
            target_id=ANN,
            package_id=package.id,
            policy_id=world.policies_of(package.id)[0].id,
        )
    await fragile.sleep(10)

    async def destroy(workshop: Workshop) -> None:
        await workshop.destroy(SMALL)

    async def check(workshop: Workshop) -> None:
        assert picture(workshop.tenant) == before
        assert not workshop.state.path.exists()

    assert await _dies_everywhere(fragile, work=destroy, check=check) >= 18


@pytest.mark.parametrize("after", [False, True])
async def test_destroy_finds_what_a_dead_apply_had_just_made(tmp_path: Path, after: bool) -> None:
    """Apply died at the call that makes the group, its answer unseen; destroy alone cleans up."""
    before = picture(fresh())
    rehearsal = Workshop(fresh(), "v1.0", tmp_path / "rehearsal")
    rehearsal.folder.mkdir()
    await rehearsal.apply(SMALL)
    writes = [at for at, call in enumerate(rehearsal.wire.calls) if call.startswith(WRITES)]
    for at in writes:
        tenant = fresh()
        workshop = Workshop(tenant, "v1.0", tmp_path / f"{at}-{after}")
        workshop.folder.mkdir()
        workshop.wire = Wire(tenant, dies_at=at, after=after)
        with pytest.raises(Killed):
            await workshop.apply(SMALL)
        workshop.wire = Wire(tenant)
        await workshop.destroy(SMALL)
        assert picture(tenant) == before
