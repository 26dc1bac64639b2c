"""Somebody signs in to the stand-in tenant through Microsoft's library for Node, which judges its login by itself."""

import asyncio
import json
import os
import shutil
import ssl
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from graph.sign_in.signin import SUBJECT_ACCESS
from sandbox.tenant import seed
from tests.harness.browser import Browser

SCRIPT = Path(__file__).parent / "sign_in.mjs"
# Where `make sdk-test` has put it.
MODULES = Path(__file__).parents[2] / "build" / "node" / "node_modules"
BACK = "https://latchkey.example/sign-in/callback"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (MODULES / "@azure" / "msal-node").is_dir(),
    reason="Node or @azure/msal-node is not installed: `make sdk-test` installs the library",
)


async def test_somebody_signs_in_through_msal_for_node(tenant, address, certificate):
    """By authorization code with PKCE; the library checks issuer, state and nonce, and renews the token."""
    tenant.login.app.web_addresses.add(BACK)
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_EXTRA_CA_CERTS": str(certificate.ca_file),
        "MODULES": str(MODULES.resolve().parent),
        "AUTHORITY": f"{address}/{tenant.tenant_id}",
        "CLIENT_ID": tenant.client_id,
        "CLIENT_SECRET": tenant.client_secret,
        "REDIRECT": BACK,
        "SCOPE": SUBJECT_ACCESS,
    }
    node = await asyncio.create_subprocess_exec(
        str(NODE),
        str(SCRIPT),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdin is not None
    assert node.stdout is not None
    begun = json.loads(await asyncio.wait_for(node.stdout.readline(), 60))
    code = await _code(begun["url"], str(certificate.ca_file))
    node.stdin.write(json.dumps({"code": code}).encode() + b"\n")
    await node.stdin.drain()
    got = json.loads(await asyncio.wait_for(node.stdout.readline(), 60))
    assert await node.wait() == 0
    assert (got["oid"], got["tid"]) == (seed.ANN, tenant.tenant_id)
    assert got["username"] == tenant.world.users[seed.ANN].user_principal_name
    assert got["renewed"] is True


async def _code(url: str, ca_file: str) -> str:
    """Go through the pages in a browser, and stop where it would come back."""
    trusted = ssl.create_default_context(cafile=ca_file)

    async def send(
        method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        async with httpx.AsyncClient(verify=trusted, trust_env=False) as client:
            answer = await client.request(method, url, headers=headers, content=body)
        return answer.status_code, list(answer.headers.multi_items()), answer.content

    browser = Browser(send)
    browser.stops_at = BACK
    await browser.get(url)
    await browser.sign_in("ann@contoso.example")
    assert browser.stopped is not None
    fields = dict(parse_qsl(browser.stopped[2].decode()))
    assert fields["state"] == "a state"
    return fields["code"]
