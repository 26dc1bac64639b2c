"""Every request of a file's life, held against Microsoft's metadata where that is at hand."""

import importlib.util
import json
import sys
from pathlib import Path

import httpx

from tests.bot.provisioning.conftest import Workshop
from tests.bot.provisioning.files import EXAMPLE


async def test_every_request_is_one_that_the_metadata_knows(
    workshop: Workshop, shared_conformance: Path
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
    send = workshop.wire.handle_async_request

    async def checked(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix(f"/{workshop.version}")
        body = json.loads(request.content) if request.content else None
        found = graphcheck.check_request(workshop.version, request.method, path, None, body)
        problems.extend((f"{request.method} {path}", str(each)) for each in found)
        return await send(request)

    workshop.wire.handle_async_request = checked  # type: ignore[method-assign]
    await workshop.apply(EXAMPLE)
    await workshop.import_()
    await workshop.destroy(EXAMPLE)
    assert problems == []
    assert len(workshop.wire.calls) > 150
