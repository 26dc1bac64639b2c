"""People who connect their Microsoft account: settings with a public address, and browsers that go to the bot and to the login."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from sandbox.run import StandIns
from tests.harness.browser import Browser, Page
from tests.harness.world import ENTRA_ID, World, buttons, eventually, living

PUBLIC: Final = "https://latchkey.example"
KEY: Final = base64.b64encode(b"a token key of thirty-two bytes!").decode()
SETTINGS: Final = {"LATCHKEY_PUBLIC_URL": PUBLIC, "LATCHKEY_TOKEN_KEY": KEY}


def email_of(user: str, world: World) -> str:
    """The address by which somebody signs in to Microsoft."""
    return world.tenant.world.users[ENTRA_ID[user]].user_principal_name


def registered(outside: StandIns) -> None:
    """Let the app registration send browsers back to the bot."""
    outside.tenant.login.app.web_addresses.add(f"{PUBLIC}/sign-in/callback")


def move_address(world: World, *, of: str, to: str) -> None:
    """Let another Slack account have somebody's e-mail address; their own gets one that nobody in Entra has."""
    before = world.slack.person(of)
    world.slack.person(to).email, before.email = before.email, "elsewhere@contoso.example"


async def begin_as_second_account(world: World, *, of: str, to: str) -> None:
    """Let another Slack account have somebody's address, and ask by it; wait until the first one has been told."""
    move_address(world, of=of, to=to)
    name = world.tenant.world.users[ENTRA_ID[of]].display_name
    await world.type(to, "/request-access finance-reports because Q4")
    await world.told(of, f"has begun to use Latchkey as {name}")


@asynccontextmanager
async def connectable(database: Path | str, **more: Any) -> AsyncIterator[World]:
    """A world in which people can connect their accounts."""
    async with living(database, prepare=registered, **{**SETTINGS, **more}) as world:
        yield world


def browser_of(world: World) -> Browser:
    """Somebody's browser: it reaches the bot's endpoint and Microsoft's login."""
    return browser_to(lambda: world.bot.asgi, world.tenant.app)


def browser_to(bot: Callable[[], Any], login: Any) -> Browser:
    """
    A browser that reaches a bot's endpoint and Microsoft's login.

    Args:
        bot: Gives the web app of the bot that answers this time.
    """

    async def send(
        method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        host = urlsplit(url).netloc
        app = bot() if host == urlsplit(PUBLIC).netloc else login
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            answer = await client.request(method, url, headers=headers, content=body)
        return answer.status_code, list(answer.headers.multi_items()), answer.content

    return Browser(send)


def link_in(shown: Any, label: str = "Sign in to Microsoft") -> str:
    """The address behind the button that leads to a sign-in, by its label where there are two."""
    found = [each["url"] for each in buttons(shown) if each["text"]["text"] == label]
    assert len(found) == 1, shown
    return str(found[0])


async def link_of(world: World, user: str, label: str = "Sign in to Microsoft") -> str:
    """Type the command, and take the link from the answer."""
    before = len(world.whispers(user, "C0GENERAL"))
    await world.type(user, "/my-access connect")

    def answered() -> Any:
        seen = [
            each
            for each in world.slack.channel("C0GENERAL").seen_by(user)
            if each.ephemeral_to == user
        ]
        return seen[-1] if len(seen) > before else None

    return link_in(await eventually(answered, about="the link"), label)


async def sign_in_by(
    world: World, link: str, email: str, *, browser: Browser | None = None, **options: Any
) -> Page:
    """Open a link and sign in as somebody; the page that comes in the end."""
    browser = browser or browser_of(world)
    await browser.get(link)
    await browser.press("Go on to Microsoft")
    return await browser.sign_in(email, **options)


async def connect(world: World, user: str) -> None:
    """Connect somebody's own account, by the command and a browser."""
    page = await sign_in_by(world, await link_of(world, user), email_of(user, world))
    assert page.heading == "Your Microsoft account is connected", page.shown


def link_in_form(view: Any) -> str | None:
    """The address behind the button of a form that leads to a sign-in."""
    for block in view.blocks if view is not None else ():
        for element in block.get("elements", ()):
            if element.get("url"):
                return str(element["url"])
    return None


async def approve(world: World, user: str, label: str = "Approve") -> str:
    """Press Approve on somebody's card; the link in the form that opens."""
    before = link_in_form(world.form(user))
    await world.press(user, await world.card(user), label)
    return await new_link(world, user, before)


async def new_link(world: World, user: str, before: str | None = None) -> str:
    """The link in the form in front of somebody, once there is another than before."""

    def found() -> str | None:
        link = link_in_form(world.form(user))
        return link if link != before else None

    link: str = await eventually(found, about="the link")
    return link
