"""What the doctor reads of the address at which browsers come: over real TLS, and where there is none."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.accounts.browser import INSTALLATION
from bot.doctor.connecting import asking_public
from bot.doctor.model import NobodyListens, NotTrusted
from sandbox.certificate import make_certificate
from sandbox.serving import free_port, serving


async def page(request):
    return PlainTextResponse("over", status_code=400, headers={INSTALLATION: "mark"})


APP = Starlette(routes=[Route("/sign-in/x", page)])


async def test_status_and_headers_come_over_tls(certificate):
    """By the certificates that this machine trusts."""
    async with serving(APP, certificate=certificate) as root:
        status, headers = await asking_public(f"{root}/")("/sign-in/x")

    assert (status, headers[INSTALLATION]) == (400, "mark")


async def test_a_certificate_that_nobody_trusts_is_said(certificate, tmp_path):
    """As one that has ended, or is of another name."""
    async with serving(APP, certificate=make_certificate(tmp_path)) as root:
        with pytest.raises(NotTrusted, match="certificate"):
            await asking_public(root)("/sign-in/x")


async def test_an_address_without_tls_is_said(certificate):
    """A proxy that speaks HTTP on that port."""
    async with serving(APP) as root:
        with pytest.raises(NotTrusted, match="no TLS"):
            await asking_public(root.replace("http://", "https://"))("/sign-in/x")


async def test_where_nobody_listens_is_said(certificate):
    """With the reason, without the address of anything."""
    with pytest.raises(NobodyListens, match="refused"):
        await asking_public(f"https://127.0.0.1:{free_port()}")("/sign-in/x")
