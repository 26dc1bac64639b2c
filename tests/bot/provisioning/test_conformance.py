"""Every request of a file's life, held against Microsoft's metadata where that is at hand."""

import importlib.util
import json
import sys
from pathlib import Path

import httpx

from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import EXAMPLE


async def test_every_request_is_one_that_the_metadata_knows(
    provisioner: Provisioner, shared_conformance: Path
) -> None:
    """Apply, import and destroy send no unknown path, verb, property, word or type."""
    spec = importlib.util.spec_from_file_location(
        "graphcheck", shared_conformance / "graphcheck.py"
    )
    assert spec is not None
    assert spec.loader is not None
    graphcheck = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("graphcheck", graphcheck)
    spec.loader.exec_module(graphcheck)
    problems: list[tuple[str, str]] = []
    seen: list[str] = []
    send = provisioner.transport.handle_async_request

    async def checked(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix(f"/{provisioner.version}")
        body = json.loads(request.content) if request.content else None
        calls = [(request.method, path, body)]
        if body is not None and path == "/$batch":
            calls = [(each["method"], each["url"], each.get("body")) for each in body["requests"]]
        for method, inner, said in calls:
            seen.append(method)
            found = graphcheck.check_request(provisioner.version, method, inner, None, said)
            problems.extend((f"{method} {inner}", str(each)) for each in found)
        return await send(request)

    provisioner.transport.handle_async_request = checked  # type: ignore[method-assign]
    await provisioner.apply(EXAMPLE)
    await provisioner.import_()
    await provisioner.destroy(EXAMPLE)
    assert problems == []
    assert len(seen) > 150
