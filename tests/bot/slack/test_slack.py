"""Test what Slack's answers mean: refused for good, not now, or nobody knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.assembly import connections
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError
from bot.machine import MACHINE
from bot.slack.api import OURS, Slack
from bot.slack.errors import SlackBusy, SlackError, SlackRefused, SlackUnsure

IDENTITY = {
    "ok": True,
    "team_id": "T1",
    "user_id": "U9",
    "bot_id": "B1",
    "bot": {"id": "B1", "app_id": "A1"},
}
Answer = Callable[[aiohttp.web.BaseRequest], Awaitable[Any]]


class Wire:
    """A Slack that answers as the test says."""

    def __init__(self) -> None:
        self.answer: Answer = says({"ok": True})
        self.asked: list[tuple[str, Any]] = []

    async def __call__(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        self.asked.append((request.path, await request.text()))
        made: aiohttp.web.StreamResponse = await self.answer(request)
        return made


def says(
    body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    async def answer(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        return aiohttp.web.json_response(body, status=status, headers=headers)

    return answer


def text(content: str, *, status: int = 200, kind: str = "text/html") -> Answer:
    async def answer(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        return aiohttp.web.Response(text=content, status=status, content_type=kind)

    return answer


async def cut(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
    assert request.transport is not None
    request.transport.abort()
    return aiohttp.web.Response()


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def address(wire: Wire) -> AsyncIterator[str]:
    """Yield where the wire listens."""
    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(wire), shutdown_timeout=0.01)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    await runner.cleanup()


def slack_at(address: str, session: aiohttp.ClientSession) -> Slack:
    return Slack(
        AsyncWebClient(token="xoxb-secret", base_url=address, session=session, retry_handlers=[])
    )


@pytest.fixture
async def slack(address: str) -> AsyncIterator[Slack]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        yield slack_at(address, session)


FOR_GOOD = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "msg_too_long",
    "invalid_blocks",
    "user_not_found",
    "cannot_dm_bot",
    "something_new",
]


@pytest.mark.parametrize("word", FOR_GOOD)
async def test_a_no_is_a_no(slack, wire, word):
    """Slack's word for it is kept."""
    wire.answer = says({"ok": False, "error": word})

    with pytest.raises(SlackRefused) as refused:
        await slack.post("C1", {"text": "x"})

    assert refused.value.error == word
    assert len(wire.asked) == 1


async def test_a_missing_scope_is_named(slack, wire):
    """So that somebody can grant it."""
    wire.answer = says({"ok": False, "error": "missing_scope", "needed": "chat:write"})

    with pytest.raises(SlackRefused, match="chat:write"):
        await slack.post("C1", {"text": "x"})


@pytest.mark.parametrize(
    ("header", "pause"),
    [("7", 7), ("0", 1), ("2.5", 2.5), ("soon", 30), ("", 30), ("nan", 30), ("inf", 30)],
)
async def test_slacks_pause_is_kept(slack, wire, header, pause):
    """In seconds; half a minute if Slack does not say."""
    wire.answer = says(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": header}
    )

    with pytest.raises(SlackBusy) as busy:
        await slack.post("C1", {"text": "x"})

    assert busy.value.retry_after == timedelta(seconds=pause)


@pytest.mark.parametrize("word", ["ratelimited", "rate_limited", "service_unavailable"])
async def test_some_words_mean_later(slack, wire, word):
    """Nothing happened, with whatever status."""
    wire.answer = says({"ok": False, "error": word})

    with pytest.raises(SlackBusy):
        await slack.post("C1", {"text": "x"})


async def test_a_throttle_that_is_no_json_is_one(slack, wire):
    """A proxy's page."""
    wire.answer = text("<html>slow down</html>", status=429)

    with pytest.raises(SlackBusy):
        await slack.post("C1", {"text": "x"})


UNSURE = {
    "internal_error": says({"ok": False, "error": "internal_error"}),
    "fatal_error": says({"ok": False, "error": "fatal_error"}),
    "request_timeout": says({"ok": False, "error": "request_timeout"}),
    "500": says({"ok": False, "error": "oops"}, status=500),
    "502 page": text("<html>Bad gateway</html>", status=502),
    "503 page": text("", status=503),
    "cut": cut,
    "half a document": text('{"ok": tr', kind="application/json"),
    "a page": text("<html>Hello</html>"),
    "nothing": text("", kind="application/json"),
    "a list": text("[]", kind="application/json"),
}


@pytest.mark.parametrize("answer", UNSURE.values(), ids=UNSURE)
async def test_without_a_usable_answer_nobody_knows(slack, wire, answer):
    """It may have happened: it is not called a refusal, and no other exception comes out."""
    wire.answer = answer

    with pytest.raises(SlackUnsure):
        await slack.post("C1", {"text": "x"})


async def test_silence_is_unsure(wire, address):
    """Slack did not answer in time."""

    async def silence(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        await asyncio.Event().wait()
        return aiohttp.web.Response()

    wire.answer = silence
    impatient = aiohttp.ClientTimeout(total=0.05)

    async with aiohttp.ClientSession(timeout=impatient) as session:
        slack = slack_at(address, session)
        with pytest.raises(SlackUnsure):
            await slack.post("C1", {"text": "x"})
    assert slack.healthy is False


async def test_what_never_left_did_not_happen():
    """Nobody listens there."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token="xoxb-1", base_url="http://127.0.0.1:1/api/", session=session, retry_handlers=[]
        )
        with pytest.raises(SlackBusy):
            await Slack(client).post("C1", {"text": "x"})


async def test_nothing_is_sent_twice(slack, wire):
    """The library would repeat a cut connection."""
    wire.answer = cut

    with pytest.raises(SlackUnsure):
        await slack.post("C1", {"text": "x"})
    assert len(wire.asked) == 1


async def test_a_refusal_of_one_call_is_not_slack_down(slack, wire):
    """A deleted channel is no outage; a revoked token is."""
    wire.answer = says({"ok": False, "error": "channel_not_found"})
    with pytest.raises(SlackRefused):
        await slack.post("C1", {"text": "x"})
    assert slack.healthy is True

    wire.answer = says({"ok": False, "error": "token_revoked"})
    with pytest.raises(SlackRefused):
        await slack.post("C1", {"text": "x"})
    assert slack.healthy is False


async def test_no_error_tells_the_token(slack, wire):
    """Whatever goes wrong."""
    for answer in (*UNSURE.values(), says({"ok": False, "error": "invalid_auth"})):
        wire.answer = answer
        with pytest.raises((SlackUnsure, SlackRefused)) as caught:
            await slack.post("C1", {"text": "x"})
        assert "xoxb" not in str(caught.value)


async def test_a_message_is_where_slack_says(slack, wire):
    """A message to a person lands in a channel of its own; links are not unfolded."""
    wire.answer = says({"ok": True, "channel": "D1", "ts": "1.1"})

    posted = await slack.post("U1", {"text": "x"})

    assert (posted.channel, posted.ts) == ("D1", "1.1")
    assert '"unfurl_links": false' in wire.asked[0][1]


PEOPLE: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"deleted": True}, "a deactivated account"),
    ({"is_bot": True}, "a bot"),
    ({"id": "USLACKBOT"}, "a bot"),
    ({"is_restricted": True}, "a guest"),
    ({"is_ultra_restricted": True}, "a guest"),
    ({"is_stranger": True}, "a member of another workspace"),
    ({"team_id": "T2"}, "a member of another workspace"),
]


@pytest.mark.parametrize(("changes", "expected"), PEOPLE)
async def test_who_is_no_member_is_known(slack, wire, changes, expected):
    """Guests, bots, leavers and strangers."""
    wire.answer = says(IDENTITY)
    await slack.identify()
    facts = {"id": "U1", "team_id": "T1", "name": "ann", "profile": {}, **changes}
    wire.answer = says({"ok": True, "user": facts})

    assert (await slack.users.get("U1")).not_a_member == expected


@pytest.mark.parametrize(("confirmed", "expected"), [(True, "a@b.c"), (False, None), (None, None)])
async def test_only_a_confirmed_address_counts(slack, wire, confirmed, expected):
    """Anybody can type an address into a profile."""
    facts = {"id": "U1", "profile": {"email": "a@b.c"}, "is_email_confirmed": confirmed}
    wire.answer = says({"ok": True, "user": facts})

    assert (await slack.users.get("U1")).email == expected


@pytest.mark.parametrize("word", ["users_not_found", "user_not_found"])
async def test_an_address_that_nobody_has_is_nobody(slack, wire, word):
    """No error."""
    wire.answer = says({"ok": False, "error": word})

    assert await slack.users.by_email("a@b.c") is None


async def test_our_identity_has_our_scopes(slack, wire):
    """From the header that Slack adds."""
    wire.answer = says(IDENTITY, headers={"x-oauth-scopes": "chat:write, commands,users:read"})

    identity = await slack.identify()

    assert identity.scopes == {"chat:write", "commands", "users:read"}
    assert (identity.team_id, identity.app_id) == ("T1", "A1")


@pytest.mark.parametrize("bot", [None, {}, {"app_id": None}, {"app_id": ""}])
async def test_an_identity_without_an_app_is_none(slack, wire, bot):
    """Without it nobody could tell our requests from another app's."""
    wire.answer = says({**IDENTITY, "bot": bot})

    with pytest.raises(SlackRefused):
        await slack.identify()


async def test_an_installation_for_an_organization_is_refused_at_the_start(slack, wire):
    """In a sentence that says what to do instead."""
    wire.answer = says({**IDENTITY, "is_enterprise_install": True})

    with pytest.raises(ConfigurationError, match="install the app in that workspace"):
        await connections.identify(slack)


async def test_a_missing_scope_is_named_at_the_start(slack, wire):
    """And not taken for a wrong token."""
    wire.answer = says({"ok": False, "error": "missing_scope", "needed": "users:read"})

    with pytest.raises(ConfigurationError, match=r"lacks a scope .*users:read"):
        await connections.identify(slack)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(wire, address, status):
    """Neither the token nor what people wrote goes to a host that somebody on the way names."""

    async def elsewhere(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=status, headers={"location": "/elsewhere"})

    wire.answer = elsewhere
    settings = read_settings({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": address})
    async with AsyncExitStack() as stack:
        slack = await connections.connect_slack(settings, MACHINE, stack)
        with pytest.raises(SlackUnsure):
            await slack.post("C1", {"text": "for Ann only"})

    assert [path for path, _ in wire.asked] == ["/api/chat.postMessage"]


@pytest.mark.parametrize("word", ["", " ", "Not A Word", "<html>", "xoxb-" + "1" * 90, 7, None])
async def test_what_is_no_word_is_not_repeated(slack, wire, word):
    """Slack's errors are words; anything else may be anything, and its status stands for it."""
    wire.answer = says({"ok": False, "error": word})

    with pytest.raises(SlackError) as caught:
        await slack.post("C1", {"text": "x"})

    assert str(caught.value) == "http_200"


def history(*messages: dict[str, Any]) -> Answer:
    """A channel's history with messages that all carry our keys."""
    metadata = {"event_type": OURS, "event_payload": {"keys": ["ended:1"]}}
    ours = [{"ts": f"{n}.0", "metadata": metadata, **each} for n, each in enumerate(messages, 1)]
    return says({"ok": True, "messages": ours})


SENDERS: list[tuple[dict[str, Any], bool]] = [
    ({"bot_id": "B1", "user": "U9"}, True),
    ({"bot_id": "B2", "user": "U9"}, False),
    ({"bot_id": "", "user": "U9"}, False),
    ({"bot_id": None}, False),
    ({"user": "U1"}, False),
    ({"user": "U9"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("sender", "is_ours"), SENDERS)
async def test_only_our_own_message_is_taken_for_ours(slack, wire, sender, is_ours):
    """Anybody may put our mark into the metadata of a message of theirs."""
    wire.answer = says(IDENTITY)
    await slack.identify()
    wire.answer = history(sender)

    found = await slack.find("C1", keys={"ended:1"}, since=datetime(2026, 1, 1, tzinfo=UTC))

    assert list(found) == (["ended:1"] if is_ours else [])


@pytest.mark.parametrize("sender", [{"bot_id": None}, {}, {"bot_id": "B1"}])
async def test_before_we_know_who_we_are_nothing_is_ours(slack, wire, sender):
    """Nobody's message without a bot is that of a bot without an id."""
    wire.answer = history(sender)

    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert await slack.find("C1", keys={"ended:1"}, since=since) == {}


async def test_an_installation_for_an_organization_works_in_the_workspace_that_is_named(
    slack, wire
):
    """Its token is good for several, so each list names the one."""
    wire.answer = says(
        {**IDENTITY, "team_id": "E1", "enterprise_id": "E1", "is_enterprise_install": True}
    )
    identity = await connections.identify(slack, workspace="T7")
    assert (identity.team_id, identity.enterprise_id) == ("T7", "E1")

    wire.answer = says({"ok": True, "users": []})
    await slack.users.in_group("S1")
    wire.answer = says({"ok": True, "user": {"id": "U1", "team_id": "T7"}})
    assert (await slack.users.get("U1")).not_a_member is None
    wire.answer = says({"ok": True, "user": {"id": "U1", "team_id": "E1"}})
    assert (await slack.users.get("U1")).not_a_member == "a member of another workspace"


@pytest.mark.parametrize(
    ("trusts", "confirmed", "expected"),
    [
        (True, None, "a@b.c"),
        (False, None, None),
        (True, False, None),
        (False, True, "a@b.c"),
    ],
)
async def test_silence_about_an_address_counts_by_setting(
    wire, address, trusts, confirmed, expected
):
    """Accounts that single sign-on has made; what Slack calls unconfirmed never does."""
    facts = {"id": "U1", "profile": {"email": "a@b.c"}}
    if confirmed is not None:
        facts["is_email_confirmed"] = confirmed
    wire.answer = says({"ok": True, "user": facts})
    settings = read_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_API_URL": address,
            "LATCHKEY_TRUST_PROVISIONED_EMAIL": str(trusts),
        }
    )
    async with AsyncExitStack() as stack:
        slack = await connections.connect_slack(settings, MACHINE, stack)

        assert (await slack.users.get("U1")).email == expected


async def test_ids_are_kept_of_those_who_were_to_be_learned_only(slack, wire):
    """Everybody asks sooner or later, and what is kept of each would grow with the organization."""
    wire.answer = says({**IDENTITY, "enterprise_id": "E1"})
    await slack.identify()

    def profile(name: str) -> Answer:
        user = {"id": f"U{name}", "team_id": "T1", "enterprise_user": {"id": f"W{name}"}}
        return says({"ok": True, "user": user})

    wire.answer = profile("ANN")
    await slack.users.get("UANN")
    assert slack.users.ids_of("UANN") == {"UANN"}

    wire.answer = profile("BO")
    await slack.users.learn_ids(["UBO"])
    assert slack.users.ids_of("WBO") == {"UBO", "WBO"}
