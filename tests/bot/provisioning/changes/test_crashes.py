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
from sandbox.tenant.world import WIRING
from tests.bot.provisioning.conftest import FaultyTransport, Killed, Provisioner, picture
from tests.bot.provisioning.files import SMALL, many

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# What of the tenant's world is not its state.
GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z)")


def fresh() -> Tenant:
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    return tenant


@dataclass(frozen=True, kw_only=True)
class SavedState:
    """The remains of a run that died: the tenant, its clock and the state file.  The next run sees nothing else."""

    world: dict[str, Any]
    offset: timedelta
    state: str | None

    @classmethod
    def by(cls, provisioner: Provisioner) -> "SavedState":
        world, path = provisioner.tenant.world, provisioner.state.path
        tables = {name: value for name, value in vars(world).items() if name not in WIRING}
        return cls(
            # What is on its agenda belongs to the world that there is.
            world=copy.deepcopy(tables, {id(world): world}),
            offset=provisioner.tenant.clock.offset,
            state=path.read_text("utf-8") if path.exists() else None,
        )

    def to(self, provisioner: Provisioner) -> None:
        """Let tenant and state file be as they were."""
        world, path = provisioner.tenant.world, provisioner.state.path
        vars(world).update(copy.deepcopy(self.world, {id(world): world}))
        provisioner.tenant.clock.offset = self.offset
        path.unlink(missing_ok=True)
        if self.state is not None:
            path.write_text(self.state, "utf-8")

    def described(self) -> str:
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


class CrashStates:
    """Each state in which a run can leave everything when it dies at a call, before or after it."""

    def __init__(self, provisioner: Provisioner) -> None:
        self.states: dict[tuple[object, ...], SavedState] = {}
        self._provisioner = provisioner
        self._writes = 0
        provisioner.transport.moment = self._moment

    def _moment(self, after: bool) -> None:
        provisioner = self._provisioner
        call, path = provisioner.transport.calls[-1], provisioner.state.path
        if after and call.startswith(WRITES) and "checkMember" not in call:
            self._writes += 1
        offset = provisioner.tenant.clock.offset
        point = (self._writes, offset, path.read_text("utf-8") if path.exists() else None)
        if point not in self.states:
            self.states[point] = SavedState.by(provisioner)


async def _dies_everywhere(
    provisioner: Provisioner,
    *,
    work: Callable[[Provisioner], Awaitable[Any]],
    check: Callable[[Provisioner], Awaitable[None]],
) -> int:
    """
    Let *work* die at one call after another, run it again, and *check* what comes of it.

    Returns:
        The number of different deaths.
    """
    crash_states = CrashStates(provisioner)
    await work(provisioner)
    provisioner.transport = FaultyTransport(provisioner.tenant)
    checked = set()
    for left in crash_states.states.values():
        left.to(provisioner)
        await work(provisioner)
        # Each outcome once: ids and moments make no difference.
        described = SavedState.by(provisioner).described()
        if described not in checked:
            checked.add(described)
            await check(provisioner)
    return len(crash_states.states)


@pytest.fixture
def fragile(provisioner: Provisioner) -> Provisioner:
    """A provisioner whose tenant takes its time."""
    return Provisioner(fresh(), provisioner.version, provisioner.folder)


@pytest.mark.cases(1)
@pytest.mark.parametrize(
    ("text", "made", "deaths"), [(SMALL, 9, 18), (many(packages=3, catalogs=1), 16, 20)]
)
async def test_apply_goes_on_after_dying_at_any_call(
    fragile: Provisioner, text: str, made: int, deaths: int
) -> None:
    """
    Nothing is missing, nothing is there twice, and destroy still knows what is Latchkey's own.

    In the second file three things of a kind share an envelope, and it dies after each of them.
    """
    expected = Provisioner(fresh(), fragile.version, fragile.folder / "expected")
    expected.folder.mkdir()
    before = picture(expected.tenant)
    await expected.apply(text)
    after = picture(expected.tenant)

    async def apply(provisioner: Provisioner) -> None:
        await provisioner.apply(text)

    async def check(provisioner: Provisioner) -> None:
        assert picture(provisioner.tenant) == after
        assert await provisioner.changes(text) == []
        assert len(provisioner.state.entries()) == made
        await provisioner.destroy(text)
        assert picture(provisioner.tenant) == before

    assert await _dies_everywhere(fragile, work=apply, check=check) >= deaths


@pytest.mark.cases(1)
async def test_destroy_goes_on_after_dying_at_any_call(fragile: Provisioner) -> None:
    """The tenant is as it was before apply, access and all."""
    before = picture(fragile.tenant)
    await fragile.apply(SMALL)
    world = fragile.tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )
    async with fragile.graph() as graph:
        await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=ANN,
            package_id=package.id,
            policy_id=world.policies_of(package.id)[0].id,
        )
    await fragile.sleep(10)

    async def destroy(provisioner: Provisioner) -> None:
        await provisioner.destroy(SMALL)

    async def check(provisioner: Provisioner) -> None:
        assert picture(provisioner.tenant) == before
        assert not provisioner.state.path.exists()

    assert await _dies_everywhere(fragile, work=destroy, check=check) >= 18


@pytest.mark.parametrize("after", [False, True])
async def test_destroy_finds_what_a_dead_apply_had_just_made(tmp_path: Path, after: bool) -> None:
    """Apply died at the call that makes the group, its answer unseen; destroy alone cleans up."""
    before = picture(fresh())
    rehearsal = Provisioner(fresh(), "v1.0", tmp_path / "rehearsal")
    rehearsal.folder.mkdir()
    await rehearsal.apply(SMALL)
    writes = [at for at, call in enumerate(rehearsal.transport.calls) if call.startswith(WRITES)]
    for at in writes:
        tenant = fresh()
        provisioner = Provisioner(tenant, "v1.0", tmp_path / f"{at}-{after}")
        provisioner.folder.mkdir()
        provisioner.transport = FaultyTransport(tenant, dies_at=at, after=after)
        with pytest.raises(Killed):
            await provisioner.apply(SMALL)
        provisioner.transport = FaultyTransport(tenant)
        await provisioner.destroy(SMALL)
        assert picture(tenant) == before
