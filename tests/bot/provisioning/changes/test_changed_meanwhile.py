"""Somebody changes the tenant between a plan and its apply: what the plan did not show is not written over."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.provisioning.changes.apply import Applier, ApplyError
from bot.provisioning.changes.plan import make_plan
from sandbox.tenant.model import Expiration, Package, Policy
from tests.bot.provisioning.conftest import FaultyAnswer, Provisioner
from tests.bot.provisioning.files import SMALL

LONGER = SMALL.replace("30 days", "60 days").replace("Its files", "All its files")


def package_of(provisioner: Provisioner) -> Package:
    every = provisioner.tenant.world.packages.values()
    return next(each for each in every if each.display_name.startswith("Autumn Campaign"))


def policy_of(provisioner: Provisioner) -> Policy:
    return provisioner.tenant.world.policies_of(package_of(provisioner).id)[0]


async def apply_after(provisioner: Provisioner, meanwhile: Callable[[], object]) -> None:
    """Plan, let somebody change the tenant, and carry the plan out."""
    await provisioner.apply(SMALL)
    document, state = provisioner.read(LONGER), provisioner.state
    async with provisioner.graph() as graph:
        planned = await make_plan(graph, document, state, version=provisioner.version)
        meanwhile()
        applier = Applier(graph=graph, document=document, state=state, retrier=provisioner.retrier)
        await applier.apply(planned)


async def test_an_approval_that_somebody_asks_for_meanwhile_is_not_taken_out(
    provisioner: Provisioner,
) -> None:
    """The plan said that the access lasts longer, and nothing of who decides."""

    def add_a_reason() -> None:
        approval = policy_of(provisioner).settings["requestApprovalSettings"]
        approval["isRequestorJustificationRequired"] = True

    with pytest.raises(
        ApplyError, match="somebody has changed it in Entra since this plan was made"
    ):
        await apply_after(provisioner, add_a_reason)
    policy = policy_of(provisioner)
    assert policy.settings["requestApprovalSettings"]["isRequestorJustificationRequired"]
    assert policy.expiration.duration == timedelta(days=30)
    assert provisioner.waited < 60
    difference = (await provisioner.plan(LONGER)).plan.changes[0].differences
    assert ("reason required", "yes", None) in [
        (each.what, each.before, each.after) for each in difference
    ]


async def test_a_policy_that_says_already_what_the_file_does_is_no_obstacle(
    provisioner: Provisioner,
) -> None:
    """Somebody made the same change by hand."""

    def change_it_too() -> None:
        policy_of(provisioner).expiration = Expiration("afterDuration", timedelta(days=60))

    await apply_after(provisioner, change_it_too)
    assert await provisioner.changes(LONGER) == []


async def test_a_replacement_without_an_answer_is_no_change_of_somebody_elses(
    provisioner: Provisioner,
) -> None:
    """What the next try reads is what the one before it wrote."""
    lost = FaultyAnswer(on="PUT .*olicies", status=504, effective=True)
    await apply_after(provisioner, lambda: provisioner.transport.faulty.append(lost))
    assert lost.times == 0
    assert await provisioner.changes(LONGER) == []


async def test_a_package_keeps_what_the_plan_did_not_change(provisioner: Provisioner) -> None:
    """Its name was no part of the plan, and apply does not wait for it."""

    def rename() -> None:
        package_of(provisioner).display_name = "Autumn Campaign 2027"

    await apply_after(provisioner, rename)
    package = package_of(provisioner)
    assert (package.display_name, package.description) == ("Autumn Campaign 2027", "All its files")
    assert provisioner.waited < 60
