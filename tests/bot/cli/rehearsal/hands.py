"""The tester of a rehearsal against the stand-ins: does what the command says, at once, and answers as told."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.cli.rehearsal.sign_in_page import SignInPage
from sandbox.run import StandIns
from sandbox.tenant import seed
from sandbox.tenant.requests import NewRequest, accept
from tests.harness.browser import Browser
from tests.harness.world import BO

PORT = 8400
CHOICE = "#microsoft.graph.accessPackageMultipleChoiceQuestion"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Hands:
    """
    Somebody before the rehearsal.

    Attributes:
        page: Where browsers come back to; None: codes are typed in.
        signs_in_as: Who signs in, by role.
        answers: To questions, by words of them; "y" otherwise.
        keeps_cookies: Their browser brings its cookie back with Microsoft's answer.
        chooses: What they answer in My Access.
        idle: They do nothing of what contains one of these words.
    """

    outside: StandIns
    page: SignInPage | None = None
    signs_in_as: dict[str, str] = field(
        default_factory=lambda: {"requester": seed.ANN, "approver": seed.BO}
    )
    answers: dict[str, str] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    keeps_cookies: bool = True
    chooses: tuple[str, ...] = ("A", "B")
    shown: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _who: str = seed.ANN

    async def answer(self, question: str) -> str:
        self.asked.append(question)
        return next((said for part, said in self.answers.items() if part in question), "y")

    async def show(self, text: str) -> None:
        self.shown.append(text)
        if found := re.match(r"The (requester|approver) signs in", text):
            self._who = self.signs_in_as[found[1]]
        elif text.endswith("has signed in."):
            self._who = self.signs_in_as["requester"]
        elif any(each in text for each in self.idle):
            return
        elif found := re.search(r"type in (\w+)$", text):
            self.outside.tenant.login.sign_ins.confirm_device(found[1], user_id=self._who)
        elif found := re.search(r"Open (http://localhost:\d+/)", text):
            await self._sign_in(found[1])
        elif found := re.match(r"Press the button “(.+?)”", text):
            await self._press(found[1])
        elif found := re.match(
            r"Type (?:exactly this in any channel: )?(/\S+) ?(.*?)(?: in any channel\.)?$", text
        ):
            await self.outside.workspace.command(
                user=BO,
                channel="C0GENERAL",
                command=found[1],
                text=found[2].removeprefix("in any channel."),
            )
        elif "Open the menu" in text:
            message, _ = self._element("latchkey_rehearsal_menu")
            await self.outside.workspace.suggest(
                user=BO,
                action_id="latchkey_rehearsal_menu",
                query="",
                channel=message.channel,
                ts=message.ts,
            )
        elif "choose two" in text:
            message, _ = self._element("latchkey_rehearsal_several")
            await self.outside.workspace.click(
                user=BO,
                channel=message.channel,
                ts=message.ts,
                action_id="latchkey_rehearsal_several",
                value=["A", "B"],
            )
        elif found := re.match(r"As the requester, open .*#/access-packages/(\S+),", text):
            self._ask_in_my_access(found[1])
        elif "Home tab" in text:
            await self.outside.workspace.open_home(user=BO)
        elif "Next page" in text:
            (view,) = [
                each
                for each in self.outside.workspace.views.values()
                if each.user == BO and each.type == "modal"
            ]
            values = {"search": {"latchkey_rehearsal_search": "abc"}}
            self.outside.workspace.fill_in(user=BO, view_id=view.id, values=values)
            await self.outside.workspace.click_view(
                user=BO, view_id=view.id, action_id="latchkey_rehearsal_next"
            )

    def _ask_in_my_access(self, package_id: str) -> None:
        """As the portal may do it: one answer for each choice."""
        world = self.outside.tenant.world
        (policy,) = [
            each for each in world.policies_of(package_id) if each.display_name == "With choices"
        ]
        question = policy.settings["questions"][0]["id"]
        answers = [
            {
                "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "value": each,
                "displayValue": each,
                "answeredQuestion": {"@odata.type": CHOICE, "id": question},
            }
            for each in self.chooses
        ]
        asked = NewRequest(
            request_type="userAdd", package_id=package_id, policy_id=policy.id, answers=answers
        )
        accept(world, asked, user=world.users[self.signs_in_as["requester"]])

    async def _press(self, label: str) -> None:
        for message in reversed(self._messages()):
            for element in _elements(message.blocks):
                if (element.get("text") or {}).get("text") == label:
                    await self.outside.workspace.click(
                        user=BO,
                        channel=message.channel,
                        ts=message.ts,
                        action_id=element["action_id"],
                    )
                    return
        raise AssertionError(f"no button {label}")

    def _element(self, action_id: str) -> tuple[Any, Any]:
        for message in reversed(self._messages()):
            for element in _elements(message.blocks):
                if element.get("action_id") == action_id:
                    return message, element
        raise AssertionError(f"no {action_id}")

    def _messages(self) -> list[Any]:
        channels = self.outside.workspace.channels.values()
        found = [each for channel in channels for each in channel.messages if not each.deleted]
        return sorted(found, key=lambda each: each.ts)

    async def _sign_in(self, link: str) -> None:
        assert self.page is not None
        page = self.page

        async def send(
            method: str, url: str, headers: list[tuple[str, str]], body: bytes
        ) -> tuple[int, list[tuple[str, str]], bytes]:
            local = urlsplit(url).netloc == f"localhost:{PORT}"
            if local and method == "POST" and not self.keeps_cookies:
                headers = [each for each in headers if each[0] != "cookie"]
            app = page.app if local else self.outside.tenant.app
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
                given = [*headers, ("user-agent", FIREFOX)]
                answer = await client.request(method, url, headers=given, content=body)
            return answer.status_code, list(answer.headers.multi_items()), answer.content

        # People take a while to sign in.
        before = self.outside.tenant.login.sign_ins._tokens.seconds
        self.outside.tenant.login.sign_ins._tokens.seconds = lambda: before() + 2
        browser = Browser(send)
        await browser.get(link)
        await browser.sign_in(self.outside.tenant.world.users[self._who].user_principal_name)


def _elements(blocks: Any) -> list[dict[str, Any]]:
    """Whatever in blocks has an action id, however deep."""
    if isinstance(blocks, list):
        return [found for each in blocks for found in _elements(each)]
    if not isinstance(blocks, dict):
        return []
    own = [blocks] if "action_id" in blocks else []
    return own + [found for each in blocks.values() for found in _elements(each)]
