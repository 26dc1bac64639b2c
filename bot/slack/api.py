"""
The Slack calls Latchkey makes, each with an outcome that says whether it may have happened.

Source: docs.slack.dev, Web API methods; the scope each call needs is named in its docstring.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import clock
from bot.slack.calls import Observer, SlackCalls
from bot.slack.errors import SlackRefused
from bot.slack.rate_limits import POST, RateLimits
from bot.slack.response_urls import ResponseUrl, hosts_of, read_response_url
from bot.slack.uploads import upload
from bot.slack.users import SlackUsers
from bot.slack.views import SlackViews
from graph.calls.deadlines import Seconds, machine_seconds

log = structlog.get_logger(__name__)

# The name that our messages carry for machines, not shown to people.
OURS: Final = "latchkey_notice"
# Slack recommends no more than 200 messages a page.
HISTORY_PAGE: Final = 200
# Slack takes nothing back in the last minute, nor later than 120 days ahead.
TEST_IN: Final = timedelta(hours=1)
TEST_TEXT: Final = (
    "A test of `latchkey doctor`, which was to be taken back at once. Please ignore it."
)
# Nobody can say anything to that person at that place: the bot or the person is not in it, it is a direct message
# of others, it is archived or closed to apps.
NOT_THERE: Final = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "user_not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "method_not_supported_for_channel_type",
        "ekm_access_denied",
        "team_access_not_granted",
        "no_permission",
        "access_denied",
    }
)


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message that is in Slack: its channel's id, and its timestamp, which is its id there."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class BotIdentity:
    """
    Our app and its bot, as auth.test and bots.info describe them.

    Attributes:
        team_id: The workspace that Latchkey works in.
        app_id: Of the Slack app that the token belongs to.
        enterprise_id: The organization that the workspace belongs to, on Enterprise Grid.
        is_for_organization: The app is installed for a whole organization, not for one workspace.
    """

    team_id: str
    app_id: str
    enterprise_id: str | None = None
    is_for_organization: bool
    bot_id: str
    bot_user_id: str
    scopes: frozenset[str]


class Slack:
    """
    Slack's Web API, as far as Latchkey uses it.

    Attributes:
        users: The calls about people and user groups.
        views: Those about App Home and modals.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        trusts_provisioned: bool = False,
        observer: Observer | None = None,
        seconds: Seconds = machine_seconds,
    ) -> None:
        """
        Args:
            observer: Told of every call.
            seconds: The clock that calls are measured by.
        """
        self.client = client
        self.limits = RateLimits()
        watched = {} if observer is None else {"observer": observer}
        self._calls = SlackCalls(client, self.limits, seconds=seconds, **watched)
        self.users = SlackUsers(self._calls, trusts_provisioned=trusts_provisioned)
        self.views = SlackViews(self._calls)
        self._bot_id: str | None = None

    @property
    def healthy(self) -> bool | None:
        """Tell whether Slack works for us, by the last call's outcome; None before the first."""
        return self._calls.healthy

    async def identify(self, *, workspace: str | None = None) -> BotIdentity:
        """
        Test the token and learn whose it is.  Scope users:read.

        Args:
            workspace: The one to work in, where the token is good for a whole organization.

        Raises:
            SlackRefused: Also when Slack does not say which app the token belongs to.
        """
        answer = await self._calls.call("auth.test")
        is_for_organization = bool(answer.get("is_enterprise_install"))
        team_id = workspace if is_for_organization and workspace else answer["team_id"]
        self.users.work_in(
            team_id,
            is_grid=bool(answer.get("enterprise_id")),
            where={"team_id": team_id} if is_for_organization else {},
        )
        scopes = answer.headers.get("x-oauth-scopes") or ""
        bot_id = answer.get("bot_id") or ""
        self._bot_id = bot_id or None
        # auth.test is documented without the app's id.
        bot = (await self._calls.call("bots.info", bot=bot_id)).get("bot") or {}
        if not bot.get("app_id"):
            raise SlackRefused("the app it belongs to is not named")
        return BotIdentity(
            team_id=team_id,
            app_id=bot["app_id"],
            enterprise_id=answer.get("enterprise_id") or None,
            is_for_organization=is_for_organization,
            bot_id=bot_id,
            bot_user_id=answer["user_id"],
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
        )

    async def test_token(self) -> None:
        """
        Call the method that does nothing.  No scope needed.

        Raises:
            SlackRefused: Slack does not accept the token any more.
        """
        await self._calls.call("auth.test")

    async def try_app_token(self, app_token: str) -> None:
        """Tell whether Slack lets *app_token* open a socket.  App-level scope connections:write."""
        await self._calls.call("apps.connections.open", app_token=app_token)

    async def check_channel(self, channel: str) -> None:
        """
        Read what was said last in a channel, to see that the app is in it.  Scope channels:history or groups:history.

        Raises:
            SlackRefused: It is not there, the app is not in it, or has not the scope to look.
        """
        await self._calls.read("conversations.history", channel=channel, limit=1)

    async def try_to_post(self, channel: str) -> None:
        """
        See whether the app may post to a channel: schedule a message, and take it back at once.  Scope chat:write.

        Should this process die in between, the message says what it is.

        Raises:
            SlackRefused: It may not.
        """
        answer = await self._calls.call(
            "chat.scheduleMessage",
            channel=channel,
            text=TEST_TEXT,
            post_at=int((clock.real() + TEST_IN).timestamp()),
        )
        await self._calls.call(
            "chat.deleteScheduledMessage",
            channel=answer["channel"],
            scheduled_message_id=answer["scheduled_message_id"],
        )

    async def post(
        self,
        to: str,
        message: Mapping[str, Any],
        *,
        keys: Sequence[str] = (),
        had_turn: bool = False,
    ) -> Posted:
        """
        Post to a channel, or as a direct message to a user id.  Scope chat:write.

        Never repeated by the client library: a dropped connection is SlackUnsure.

        Args:
            keys: By which `find` knows the message again.  Everybody in the channel can read them.
            had_turn: It has waited for `Limits.turn`.
        """
        if keys:
            payload = {"keys": list(keys)}
            message = {**message, "metadata": {"event_type": OURS, "event_payload": payload}}
        answer = await self._calls.call(
            POST, **message, channel=to, unfurl_links=False, unfurl_media=False
        )
        self.limits.posted(to, had_turn=had_turn)
        return Posted(channel=answer["channel"], ts=answer["ts"])

    async def find(
        self, to: str, *, keys: Collection[str], since: datetime, thread_ts: str | None = None
    ) -> dict[str, Posted]:
        """
        Return where the messages with *keys* are that were posted to *to* since then; only those that are there.

        Args:
            thread_ts: They are replies to that message, which a channel's history leaves out.

        Scopes im:write and im:history for people; channels:history or groups:history for a channel.

        Raises:
            SlackRefused: Slack does not let us look there.
        """
        channel = to
        if to.startswith(("U", "W")):
            channel = (await self._calls.read("conversations.open", users=to))["channel"]["id"]
        found: dict[str, Posted] = {}
        cursor: str | None = None
        method = "conversations.replies" if thread_ts else "conversations.history"
        root = {"ts": thread_ts} if thread_ts else {}
        while cursor != "":
            answer = await self._calls.read(
                method,
                channel=channel,
                **root,
                oldest=f"{since.timestamp():.6f}",
                include_all_metadata=True,
                limit=HISTORY_PAGE,
                cursor=cursor,
            )
            for message in answer["messages"]:
                for key in self._keys(message):
                    if key in keys:
                        found[key] = Posted(channel=channel, ts=message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        return found

    def _keys(self, message: Mapping[str, Any]) -> Sequence[str]:
        """Return the keys of a message of ours; anybody's may look like one, so its sender counts."""
        metadata = message.get("metadata") or {}
        is_ours = self._bot_id is not None and message.get("bot_id") == self._bot_id
        if not is_ours or metadata.get("event_type") != OURS:
            return ()
        keys: Sequence[str] = metadata.get("event_payload", {}).get("keys", ())
        return keys

    async def update(self, *, channel: str, ts: str, message: Mapping[str, Any]) -> None:
        """Redraw a message of ours.  Scope chat:write."""
        await self._calls.call("chat.update", **message, channel=channel, ts=ts)

    async def tell(self, *, channel: str | None, user: str, message: Mapping[str, Any]) -> None:
        """
        Say something to one person: where they are, so that nobody else sees it, or else in a direct message.

        Commands, and the buttons of their answers, work in channels that the bot is not in, and in direct
        messages of others.  Scope chat:write; a message to a person's id opens the direct message with them.

        Args:
            channel: Where they are; None if that is nowhere.
        """
        if channel is not None:
            try:
                if channel.startswith("D"):
                    # Ours with that person or of two others: only Slack knows.
                    await self.post(channel, message)
                else:
                    await self._calls.call(
                        "chat.postEphemeral", **message, channel=channel, user=user
                    )
                return
            except SlackRefused as refused:
                if refused.error not in NOT_THERE:
                    raise
        await self.post(user, message)

    def response_url(self, given: object) -> ResponseUrl | None:
        """Read the address in a payload at which Slack takes answers to it; None unless it is Slack's own."""
        return read_response_url(given, hosts=hosts_of(self.client.base_url))

    async def respond(
        self, url: ResponseUrl, message: Mapping[str, Any], *, replaces: bool = False
    ) -> None:
        """
        Answer a click or a command where it was made, also in a channel that the bot is not in.  No scope needed.

        Args:
            replaces: Put the message in the place of the one that was clicked; otherwise beside it, for the clicker
                alone.

        Raises:
            SlackRefused: Also when Slack takes no more answers there.
        """
        placed = (
            {"replace_original": True}
            if replaces
            else {"replace_original": False, "response_type": "ephemeral"}
        )
        await self._calls.respond(url, {**message, **placed})

    async def send_file(
        self, user_id: str, *, name: str, content: bytes, title: str, comment: str
    ) -> None:
        """Send a file to one person, as a direct message.  Scopes files:write and im:write."""
        opened = await self._calls.read("conversations.open", users=user_id)
        await upload(
            self._calls,
            self.client,
            channel=opened["channel"]["id"],
            name=name,
            content=content,
            title=title,
            comment=comment,
        )

    async def share_picture(
        self,
        channel: str,
        *,
        thread_ts: str,
        name: str,
        content: bytes,
        title: str,
        comment: str,
        alt_text: str,
    ) -> None:
        """
        Share a picture as a reply to a message.  Scope files:write.

        Args:
            channel: Where the message is: a channel's id, also that of a direct message, and not a person's.

        Raises:
            SlackRefused, SlackBusy: It is not shared.
            SlackUnsure: It may be.
        """
        await upload(
            self._calls,
            self.client,
            channel=channel,
            name=name,
            content=content,
            title=title,
            comment=comment,
            thread_ts=thread_ts,
            alt_text=alt_text,
        )
