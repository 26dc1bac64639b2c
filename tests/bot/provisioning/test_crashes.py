"""Apply and destroy die at every call, and the next run finishes what they began."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from sandbox.tenant.seed import ANN
from tests.bot.provisioning.conftest import Killed, Wire, Workshop, picture
from tests.bot.provisioning.files import SMALL

WRITES = ("POST", "PUT", "PATCH", "DELETE")


def fresh() -> Tenant:
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    return tenant


async def _dies_everywhere(
    folder: Path,
    version: str,
    *,
    prepare: Callable[[Workshop], Awaitable[Any]],
    work: Callable[[Workshop], Awaitable[Any]],
    check: Callable[[Workshop, Tenant], Awaitable[None]],
    only_writes: bool,
) -> int:
    """Let *work* die at one call after another, run it again, and *check*; the number of deaths."""
    rehearsal = Workshop(fresh(), version, folder / "rehearsal")
    rehearsal.folder.mkdir()
    await prepare(rehearsal)
    rehearsal.wire.calls.clear()
    await work(rehearsal)
    calls = list(rehearsal.wire.calls)
    is_write = [call.startswith(WRITES) and "checkMember" not in call for call in calls]
    deaths = [(at, True) for at, written in enumerate(is_write) if written]
    deaths += [(at, False) for at, _ in enumerate(calls) if not only_writes]
    for at, after in deaths:
        tenant = fresh()
        workshop = Workshop(tenant, version, folder / f"{at}-{after}")
        workshop.folder.mkdir()
        await prepare(workshop)
        workshop.wire = Wire(tenant, dies_at=at, after=after)
        with pytest.raises(Killed):
            await work(workshop)
        workshop.wire = Wire(tenant)
        await work(workshop)
        await check(workshop, tenant)
    return len(deaths)


@pytest.mark.parametrize(("version", "only_writes"), [("v1.0", False), ("beta", True)])
async def test_apply_goes_on_after_dying_at_any_call(
    tmp_path: Path, version: str, only_writes: bool
) -> None:
    """Nothing is missing, nothing is there twice, and destroy still knows what is Latchkey's own."""
    expected = fresh()
    workshop = Workshop(expected, version, tmp_path)
    before = picture(expected)
    await workshop.apply(SMALL)
    after = picture(expected)

    async def nothing(workshop: Workshop) -> None:
        return None

    async def apply(workshop: Workshop) -> None:
        await workshop.apply(SMALL)

    async def check(workshop: Workshop, tenant: Tenant) -> None:
        assert picture(tenant) == after
        assert await workshop.changes(SMALL) == []
        assert len(workshop.record.entries()) == 9
        await workshop.destroy(SMALL)
        assert picture(tenant) == before

    deaths = await _dies_everywhere(
        tmp_path, version, prepare=nothing, work=apply, check=check, only_writes=only_writes
    )
    assert deaths >= 9


@pytest.mark.parametrize(("version", "only_writes"), [("v1.0", False), ("beta", True)])
async def test_destroy_goes_on_after_dying_at_any_call(
    tmp_path: Path, version: str, only_writes: bool
) -> None:
    """The tenant is as it was before apply, access and all."""
    before = picture(fresh())

    async def prepare(workshop: Workshop) -> None:
        await workshop.apply(SMALL)
        world = workshop.tenant.world
        package = next(
            each for each in world.packages.values() if each.display_name == "Autumn Campaign"
        )
        async with workshop.graph() as graph:
            await graph.assignments.request(
                request_type="adminAdd",
                target_id=ANN,
                package_id=package.id,
                policy_id=world.policies_of(package.id)[0].id,
            )
        await workshop.sleep(10)

    async def destroy(workshop: Workshop) -> None:
        await workshop.destroy(SMALL)

    async def check(workshop: Workshop, tenant: Tenant) -> None:
        assert picture(tenant) == before
        assert not workshop.record.path.exists()

    deaths = await _dies_everywhere(
        tmp_path, version, prepare=prepare, work=destroy, check=check, only_writes=only_writes
    )
    assert deaths >= 9


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
