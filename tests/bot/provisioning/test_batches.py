"""Apply writes what is alike together: what becomes of an envelope in which some things go wrong."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.provisioning.changes.apply import ApplyError
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import FaultyAnswer, Provisioner, picture
from tests.bot.provisioning.files import many

PACKAGES, CATALOGS = 24, 2
FILE = many(packages=PACKAGES, catalogs=CATALOGS)
GROUPS_POSTED = r"POST /(v1.0|beta)/groups$"
PACKAGES_POSTED = r"POST .*accessPackages$"
SENT = (
    GROUPS_POSTED,
    PACKAGES_POSTED,
    r"POST .*[rR]esourceRequests$",
    r"POST .*[rR]esourceRoleScopes$",
    r"POST .*[pP]olicies$",
)


def tenant() -> Tenant:
    made = Tenant(clock=SandboxClock(), delivery=timedelta(0), directory_lag=timedelta(0))
    made.seed_tutorial_world()
    return made


@pytest.fixture(params=["v1.0", "beta"])
def provisioner(request: pytest.FixtureRequest, tmp_path: Path) -> Provisioner:
    return Provisioner(tenant(), request.param, tmp_path)


@pytest.fixture
def expected(provisioner: Provisioner) -> dict[str, object]:
    """The tenant after an apply without faulty answers, by name and with doubles."""
    return {
        "groups": sorted(f"Team {at:03}" for at in range(PACKAGES)),
        "packages": sorted(f"Package {at:03}" for at in range(PACKAGES)),
        "policies": sorted(f"Package {at:03}" for at in range(PACKAGES)),
    }


def found(provisioner: Provisioner) -> dict[str, object]:
    seen = picture(provisioner.tenant)
    return {
        "groups": [name for name, _ in seen["groups"] if name.startswith("Team")],
        "packages": [name for name, roles, _ in seen["packages"] if name.startswith("Package ") and len(roles) == 1],
        "policies": [each[0] for each in seen["policies"] if each[0].startswith("Package ")],
    }  # fmt: skip


async def test_what_an_envelope_holds_is_written_once(
    provisioner: Provisioner, expected: dict[str, object]
) -> None:
    """Each thing is posted once, twenty a call, and there is nothing left to do."""
    await provisioner.apply(FILE)
    assert found(provisioner) == expected
    posted = Counter(each for each in provisioner.transport.operations if each.startswith("POST"))
    assert sum(posted.values()) == CATALOGS + 5 * PACKAGES
    # 26 groups and catalogs, 48 packages and resources, 24 roles, 24 policies.
    envelopes = [each for each in provisioner.transport.calls if each.startswith("POST")]
    assert len(envelopes) == 2 + 3 + 2 + 2
    assert await provisioner.changes(FILE) == []


async def test_a_catalog_is_read_once_for_all_its_resources(provisioner: Provisioner) -> None:
    """After they were put into it; and its roles come along."""
    await provisioner.apply(FILE)
    read = [
        each
        for each in provisioner.transport.operations
        if each.startswith("GET") and "atalogs/" in each
    ]
    assert len(read) == CATALOGS
    assert all(each.lower().endswith("resources") for each in read)


@pytest.mark.cases(1)
@pytest.mark.parametrize("effective", [False, True])
async def test_what_was_throttled_in_an_envelope_is_looked_for_before_it_is_written_again(
    provisioner: Provisioner, expected: dict[str, object], effective: bool
) -> None:
    """It may have run, whatever Graph says: of no kind is anything missing, or there twice."""
    provisioner.transport.faulty = [
        FaultyAnswer(on=on, status=429, code="TooManyRequests", headers={"Retry-After": wait}, effective=effective, times=2)
        for on in SENT
        for wait in ("3", "7")
    ]  # fmt: skip
    await provisioner.apply(FILE)
    assert {each.times for each in provisioner.transport.faulty} == {0}
    assert found(provisioner) == expected
    assert len(provisioner.state.entries()) == CATALOGS + 5 * PACKAGES
    posted = [each for each in provisioner.transport.operations if each.startswith("POST")]
    # What had run was not posted again; what had not was, once.
    again = 0 if effective else 4 * len(SENT)
    assert len(posted) == CATALOGS + 5 * PACKAGES + again
    assert await provisioner.changes(FILE) == []


@pytest.mark.cases(1)
@pytest.mark.parametrize("effective", [False, True])
async def test_an_envelope_without_an_answer_is_not_sent_again_before_a_look(
    provisioner: Provisioner, effective: bool
) -> None:
    """What of it took effect is found; what did not is said, and the next apply goes on."""
    provisioner.transport.faulty = [
        FaultyAnswer(on=GROUPS_POSTED, status=503, code="", effective=effective, times=3)
    ]
    if effective:
        await provisioner.apply(FILE)
    else:
        with pytest.raises(ApplyError, match=r"2 more could not be made either\. 23 of 122"):
            await provisioner.apply(FILE)
        assert all(provisioner.state.is_begun(("group", f"Team {at:03}")) for at in (17, 18, 19))
        await provisioner.apply(FILE)
    assert found(provisioner)["groups"] == [f"Team {at:03}" for at in range(PACKAGES)]
    assert await provisioner.changes(FILE) == []


async def test_a_refusal_in_an_envelope_stops_what_comes_after(provisioner: Provisioner) -> None:
    """The others of its stage are made and noted; nothing that would rest on them is begun."""
    provisioner.transport.faulty = [
        FaultyAnswer(on=PACKAGES_POSTED, status=400, code="InvalidModel", times=2)
    ]
    with pytest.raises(ApplyError, match=r"InvalidModel.* 1 more could not be made either"):
        await provisioner.apply(FILE)
    assert len(provisioner.state.entries("package")) == PACKAGES - 2
    assert len(provisioner.state.entries("resource")) == PACKAGES
    assert provisioner.state.entries("role", "policy") == []
    await provisioner.apply(FILE)
    assert await provisioner.changes(FILE) == []


async def test_policies_come_when_all_else_is_there(provisioner: Provisioner) -> None:
    """From then on people may ask, so it must be settled what the package gives and what it excludes."""
    text = FILE.replace(
        "        gives: group Team 000\n",
        "        gives: group Team 000\n        not together with: group Security reviewers\n",
    )
    await provisioner.apply(text)
    kinds = [
        each.rpartition("/")[2].lower()
        for each in provisioner.transport.operations
        if each.startswith("POST")
    ]
    policies = [at for at, kind in enumerate(kinds) if kind.endswith("policies")]
    others = [at for at, kind in enumerate(kinds) if kind.endswith(("rolescopes", "$ref"))]
    assert len(policies) == PACKAGES
    assert len(others) == PACKAGES + 1
    assert max(others) < min(policies)
