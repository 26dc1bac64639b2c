"""Entra knows no delegates of ours: whoever lets somebody decide reads what is left out, and is refused where that is all."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.people.store import delegations
from sandbox.run import StandIns
from sandbox.tenant import seed
from sandbox.tenant.policy_settings import read_settings
from tests.flow.entra.test_entra_decides import deciding
from tests.harness.accounts import registered
from tests.harness.world import ANN, BO, CY, DANA, World, eventually, labels, said

LEFT_OUT = "What Microsoft Entra decides is left out"
REFUSED = "A delegate could decide nothing for you"
REFUSED_FOR_THEM = "A delegate could decide nothing for them"
EVERYTHING = "defaults: {decides: entra}\n"
ONE = "packages:\n  Finance Reports: {decides: entra}\n"
TO_CY = f"/my-access delegate <@{CY}> until tomorrow"

Stage = Mapping[str, Any]


def _user(user_id: str) -> Stage:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": user_id}


def _group(group_id: str) -> Stage:
    return {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group_id}


MANAGER = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
DANAS: Stage = {"primaryApprovers": [_user(seed.DANA)]}
# Who decides about the package that Latchkey decides: and whether it is certain that Bo does not.
HERE: Mapping[str, tuple[list[Stage], bool]] = {
    "nobody": ([], True),
    "another": ([DANAS], True),
    "Bo": ([{"primaryApprovers": [_user(seed.BO)]}], False),
    "Bo, in capitals": ([{"primaryApprovers": [_user(seed.BO.upper())]}], False),
    "Bo, after another": ([DANAS, {"primaryApprovers": [_user(seed.BO)]}], False),
    "Bo, where nobody else is found": (
        [{**DANAS, "fallbackPrimaryApprovers": [_user(seed.BO)]}],
        False,
    ),
    "Bo, when it takes too long": (
        [
            {
                **DANAS,
                "isEscalationEnabled": True,
                "durationBeforeEscalation": "P1D",
                "escalationApprovers": [_user(seed.BO)],
            }
        ],
        False,
    ),
    "a group of Bo's": ([{"primaryApprovers": [_group(seed.SECURITY_REVIEWERS)]}], False),
    "a group of others": ([{"primaryApprovers": [_group(seed.MARKETING)]}], True),
    "somebody's manager": ([{"primaryApprovers": [MANAGER]}], False),
}


def _with(stages: list[Stage]) -> Callable[[StandIns], None]:
    """Latchkey decides about the production database, as these stages say."""

    def prepare(outside: StandIns) -> None:
        registered(outside)
        for policy in outside.tenant.world.policies.values():
            if policy.package_id == seed.PRODUCTION_DATABASE:
                approval = policy.settings["requestApprovalSettings"]
                asked = {
                    **approval,
                    "stages": list(stages),
                    "isApprovalRequiredForAdd": bool(stages),
                    "isApprovalRequiredForUpdate": bool(stages),
                }
                policy.settings = read_settings(
                    {**policy.settings, "requestApprovalSettings": asked}
                )

    return prepare


async def typed(world: World, user: str = BO, text: str = TO_CY) -> str:
    """What the command answers."""
    return str((await world.type(user, text)).text)


async def made(world: World) -> list[str]:
    at = world.outside.clock.now()
    found = await world.bot.store.read(delegations.in_force, at=at, limit=20)
    return [each.delegate for each in found]


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("here", HERE)
async def test_it_is_refused_only_where_it_is_certain(here, version, database, tmp_path):
    """By the policies that Latchkey has of the packages that it decides about."""
    stages, is_refused = HERE[here]
    more = {"prepare": _with(stages), "GRAPH_API_VERSION": version}
    async with deciding(database, tmp_path, text=ONE, **more) as world:
        answer = await typed(world)
        assert (REFUSED in answer) == is_refused
        assert (LEFT_OUT in answer) != is_refused
        assert await made(world) == ([] if is_refused else [CY])


async def test_what_cannot_be_read_refuses_nobody(database, tmp_path):
    """It gives no right, and what is left out is said."""
    prepare = _with([{"primaryApprovers": [_group(seed.MARKETING)]}])
    async with deciding(database, tmp_path, text=ONE, prepare=prepare) as world:
        world.tenant.faults.set("unavailable", rate=1, only="checkMemberGroups")
        assert LEFT_OUT in await typed(world)


async def test_whoever_is_asked_here_is_not_refused(database, tmp_path):
    """What waits is decided under the terms that it was asked for, whatever the policy says by now."""
    prepare = _with([{"primaryApprovers": [_user(seed.BO)]}])
    async with deciding(database, tmp_path, text=ONE, prepare=prepare) as world:
        await world.type(ANN, "/request-access production-database because INC-1")
        await world.card(BO)
        for policy in world.tenant.world.policies.values():
            if policy.package_id == seed.PRODUCTION_DATABASE:
                [stage] = policy.settings["requestApprovalSettings"]["stages"]
                stage["primaryApprovers"] = [_user(seed.DANA)]
        await world.later(timedelta(hours=1))
        assert LEFT_OUT in await typed(world)


async def test_the_form_says_it_before_and_refuses_at_its_field(database, tmp_path):
    """Nothing is lost of what was chosen."""
    async with deciding(database, tmp_path, text=EVERYTHING) as world:
        await world.type(CY, "/my-access")
        listed = (await world.type(BO, "/my-access delegate")).message
        assert listed is not None
        assert "Let somebody decide for me" in labels(listed)
        await world.press(BO, listed, "Let somebody decide for me")
        form = await eventually(lambda: world.form(BO), about="the form")
        assert LEFT_OUT in said(form)
        until = int((world.outside.clock.now() + timedelta(days=1)).timestamp())
        values: dict[str, dict[str, Any]] = {
            "delegate": {"delegate": CY},
            "until": {"until": until},
        }
        outcome = await world.slack.submit(user=BO, view_id=form.id, values=values)
        assert REFUSED in outcome.errors["delegate"]
        assert await made(world) == []


async def test_an_admin_reads_it_of_whom_they_name(database, tmp_path):
    """And of themselves."""
    async with deciding(database, tmp_path, text=EVERYTHING) as world:
        command = f"/access-admin delegate <@{BO}> to <@{CY}> until tomorrow"
        assert REFUSED_FOR_THEM in await typed(world, DANA, command)
        command = f"/access-admin delegate <@{DANA}> to <@{CY}> until tomorrow"
        assert REFUSED in await typed(world, DANA, command)
        assert await made(world) == []


async def test_where_entra_decides_nothing_nobody_reads_of_it(database, tmp_path):
    """As ever."""
    async with deciding(database, tmp_path, text="defaults: {approval: none}\n") as world:
        assert "Entra" not in await typed(world)
        assert await made(world) == [CY]
