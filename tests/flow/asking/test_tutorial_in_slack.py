"""The middle part of Microsoft's tutorial, done in Slack: ask as the user, read the status, see the members, remove."""

import httpx
import pytest

from sandbox.tenant import seed
from tests.flow.entra.test_entra_decides import deciding
from tests.harness.accounts import connect
from tests.harness.world import ANN, DANA, World, eventually, said
from tests.tutorial import TUTORIAL, Step, Telling, told_of

FILE = "packages:\n  Marketing Campaign 2: {decides: entra}\n"
STEPS = {step.name: step for step in TUTORIAL}
# What the administrator does before anybody asks; Ann is Requestor1.
PREPARED = [
    "Create a group",
    "Get the catalog identifier",
    "Add the group to the catalog",
    "Get catalog resources",
    "Get resources roles",
    "Create the access package",
    "Add a resource role to the access package",
    "Create an access package policy",
]


@pytest.fixture(params=["v1.0", "beta"])
def version(request):
    return request.param


@pytest.fixture
async def world(version, database, tmp_path):
    async with deciding(database, tmp_path, text=FILE, GRAPH_API_VERSION=version) as made:
        yield made


async def answer_of(world: World, telling: Telling, step: Step) -> object:
    """Make a call of the tutorial as its administrator; it must answer as the tutorial says."""
    transport = httpx.ASGITransport(world.tenant.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://graph.test") as client:
        answered = await client.request(
            step.method,
            f"/{telling.version}{telling.words(step.path)}",
            json=telling.words(step.body),
            headers={"authorization": f"Bearer {world.tenant.application_token()}"},
        )
    assert answered.status_code == step.status, answered.text
    answer = answered.json()
    told = telling.words(step.answer)
    assert (step.name, told_of(answer, told)) == (step.name, told)
    telling.learn(step, answer)
    return answer


async def prepared(world: World, version: str) -> Telling:
    """All that the tutorial's administrator does before, with Ann as Requestor1; Latchkey has seen it."""
    telling = Telling(version)
    telling.found["requestor"] = seed.ANN
    for name in PREPARED:
        await answer_of(world, telling, STEPS[name])
        world.outside.clock.shift(world.tenant.world.directory_lag)
    await world.synced()
    return telling


async def test_the_middle_part_of_the_tutorial_is_done_in_slack(world, version):
    """Entra hears the tutorial's own words, and says what the tutorial says that it does."""
    telling = await prepared(world, version)

    # Request access: in the session of the user.
    await connect(world, ANN)
    await world.type(ANN, "/request-access marketing-campaign-2")
    await world.told(ANN, "You now have access to \\*Marketing Campaign 2\\*")
    step = STEPS["Request access"]
    (post,) = world.posts()
    assert f"POST {post.path}" == telling.call(step)
    told = telling.words(step.body)
    assert told_of(post.body, told) == told
    assert told_of(post.answer, telling.words(step.answer)) == telling.words(step.answer)
    telling.learn(step, post.answer)
    (request,) = world.tenant.world.requests.values()
    assert request.requestor_id == seed.ANN

    # Get the status of the request, and the assignment: Slack says what Entra shows.
    await answer_of(world, telling, STEPS["Get the status of the request"])
    await answer_of(world, telling, STEPS["Get access package assignments"])
    shown = (await world.type(ANN, "/my-access")).message
    assert "Marketing Campaign 2" in said(shown)

    # Get the members of the group.
    await answer_of(world, telling, STEPS["Get the members of the group"])
    listed = (await world.type(DANA, "/access-admin assignments marketing-campaign-2")).message
    assert f"<@{ANN}> has" in said(listed)

    # Remove the assignment.
    await world.press(DANA, listed, "Remove")
    await world.give_reason(DANA, "The campaign is over")
    await world.told(ANN, "Your access to \\*?Marketing Campaign 2\\*? was removed")
    step = STEPS["Remove an access package assignment"]
    removal = world.posts()[-1]
    assert f"POST {removal.path}" == telling.call(step)
    told = telling.words(step.body)
    assert told_of(removal.body, told) == told
    await answer_of(world, telling, STEPS["Get the access package assignment: it is over"])
    await answer_of(world, telling, STEPS["Get the members of the group: there is none"])
    gone = (await world.type(ANN, "/my-access")).message
    assert "Marketing Campaign 2" not in said(gone)


async def test_whoever_has_it_gives_it_back(world, version):
    """The policy must let them: the tutorial's own policy for v1.0 does not say so."""
    telling = await prepared(world, version)
    policy = world.tenant.world.policies[telling.found["policy"]]
    policy.settings["requestorSettings"]["enableTargetsToSelfRemoveAccess"] = True
    await world.synced()
    await connect(world, ANN)
    await world.type(ANN, "/request-access marketing-campaign-2")
    await world.told(ANN, "You now have access to \\*Marketing Campaign 2\\*")
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    await world.press(ANN, shown, "Return")
    group = telling.found["group"]
    await eventually(lambda: not world.holders(group), about="it is given back")
