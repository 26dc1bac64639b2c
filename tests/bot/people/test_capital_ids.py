"""Graph may spell a GUID in capitals today and in small letters tomorrow: it is the same."""

import json
import re

import httpx

from bot.requests.model import State
from sandbox.tenant import seed
from tests.harness.wires import GoOn

GUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def shouting(request: httpx.Request, go_on: GoOn) -> httpx.Response:
    """The answer, with every GUID in capitals."""
    answer = await go_on()
    content = GUID.sub(lambda found: found[0].upper(), await answer.aread())
    return httpx.Response(answer.status_code, json=json.loads(content), request=request)


async def test_capitals_change_nothing(harness):
    """A grant is delivered to whom it is for, listed once, and given back."""
    harness.line.on("(GET|POST) .*identityGovernance", shouting, times=10_000)
    await harness.tenant_sync.run()

    request = await harness.ask("marketing-campaign")
    await harness.finish()
    await harness.tenant_sync.run()

    assert (await harness.request(request.id)).state is State.DELIVERED
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert (held.entra_id, held.package_id) == (seed.ANN, seed.MARKETING_CAMPAIGN)

    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.finish()
    assert (await harness.request(taken.request.id)).state is State.DELIVERED
    assert harness.tenant.world.assignments[held.id].state == "expired"
