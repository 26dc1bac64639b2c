"""A whole Slack workspace in memory, with its Web API and the things people can do in it."""

from collections.abc import Sequence
from typing import Any, Literal

from starlette.applications import Starlette

from sandbox.clock import SandboxClock
from sandbox.crowd import Colleague
from sandbox.slack import interactions, suggestions, view_interactions
from sandbox.slack.http import routes
from sandbox.slack.model import Outcome, Suggestions
from sandbox.slack.seed import add_colleagues, add_examples, seed
from sandbox.slack.state import State


class Workspace(State):
    """A stand-in for slack.com and for the people in front of it.

    The app under test talks to `app` as it would to https://slack.com/api/. Tests and the
    browser page act for people through `command`, `click`, `submit` and the like; those are sent to
    the app signed over HTTP (`request_url`), or over Socket Mode while a socket is connected.

    Everything happens on one event loop, and nothing outlives the process.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        signing_secret: str,
        bot_token: str,
        app_token: str,
        team_id: str = "T0LATCH",
        app_id: str = "A0LATCH",
    ) -> None:
        super().__init__(
            clock=clock,
            signing_secret=signing_secret,
            bot_token=bot_token,
            app_token=app_token,
            team_id=team_id,
            app_id=app_id,
        )
        self.app = Starlette(routes=routes(self))

    def seed(self) -> None:
        """Fill the workspace with the people, channels and groups of the tutorial's world."""
        seed(self)

    def seed_examples(self) -> None:
        """Add the channels that the sandbox's package settings name."""
        add_examples(self)

    def add_colleagues(self, colleagues: Sequence[Colleague]) -> None:
        """Add members whom nobody acts as, for a workspace of a realistic size."""
        add_colleagues(self, colleagues)

    async def command(self, *, user: str, channel: str, command: str, text: str) -> Outcome:
        """Type a slash command in a channel; the answer or the failure shows up there.

        Raises:
            LookupError: there is no such person or channel.
        """
        return await interactions.command(
            self, user=user, channel=channel, command=command, text=text
        )

    async def say(
        self, *, user: str, channel: str, text: str, thread_ts: str | None = None
    ) -> Outcome:
        """Post an ordinary message as a person, or a reply to the message *thread_ts*."""
        return await interactions.say(
            self, user=user, channel=channel, text=text, thread_ts=thread_ts
        )

    async def click(
        self,
        *,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
    ) -> Outcome:
        """Press a button in a message, or choose `value` in one of its menus.

        Args:
            user: who presses; must see the message.
            channel: where the message is.
            ts: which message.
            action_id: which button or menu.
            block_id: in which block, when several have this action id.
            value: what to choose in a menu; for buttons that share an action id, the value of
                the one to press.

        Raises:
            LookupError: there is no such person or channel, or the menu does not offer the value.
        """
        return await interactions.click(
            self,
            user=user,
            channel=channel,
            ts=ts,
            action_id=action_id,
            block_id=block_id,
            value=value,
        )

    async def click_view(
        self,
        *,
        user: str,
        view_id: str,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
    ) -> Outcome:
        """Press a button, or choose `value` in a menu, in the App Home or in a modal.

        Raises:
            LookupError: this person has no such view, or the menu does not offer the value.
        """
        return await view_interactions.click_view(
            self,
            user=user,
            view_id=view_id,
            action_id=action_id,
            block_id=block_id,
            value=value,
        )

    def fill_in(self, *, user: str, view_id: str, values: dict[str, dict[str, Any]]) -> None:
        """Type and choose in a modal without sending it; *values* as for `submit`.

        Raises:
            LookupError: this person has no such modal, or a menu does not offer the value.
        """
        view_interactions.fill_in(self.view(view_id, user=user), values)

    async def submit(
        self, *, user: str, view_id: str, values: dict[str, dict[str, Any]]
    ) -> Outcome:
        """Fill in a modal and press its submit button.

        Args:
            user: who submits.
            view_id: which modal.
            values: what is typed or chosen, by block id and action id: text as it is, options by
                their value (a list of them for check boxes and multi-selects), people and
                channels by id, dates as `YYYY-MM-DD`.

        Raises:
            LookupError: this person has no such modal, or a menu does not offer the value.
        """
        return await view_interactions.submit(self, user=user, view_id=view_id, values=values)

    async def close(self, *, user: str, view_id: str, clear: bool = False) -> Outcome:
        """Cancel a modal; `clear` closes the whole stack, as the X does."""
        return await view_interactions.close(self, user=user, view_id=view_id, clear=clear)

    async def suggest(
        self,
        *,
        user: str,
        action_id: str,
        query: str,
        view_id: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        block_id: str | None = None,
    ) -> Suggestions:
        """Type into an external select of a view (*view_id*), or of a message (*channel* and *ts*).

        Raises:
            LookupError: there is no such person or channel, or this person has no such view.
        """
        if view_id is not None:
            return await suggestions.suggest_in_view(
                self,
                user=user,
                view_id=view_id,
                action_id=action_id,
                query=query,
                block_id=block_id,
            )
        return await suggestions.suggest_in_message(
            self,
            user=user,
            channel=channel or "",
            ts=ts or "",
            action_id=action_id,
            query=query,
            block_id=block_id,
        )

    async def shortcut(
        self, *, user: str, callback_id: str, channel: str | None = None, ts: str | None = None
    ) -> Outcome:
        """Run a global shortcut, or with `channel` and `ts` a message shortcut."""
        return await interactions.shortcut(
            self, user=user, callback_id=callback_id, channel=channel, ts=ts
        )

    async def open_home(self, *, user: str, tab: Literal["home", "messages"] = "home") -> Outcome:
        """Open the conversation with the app at one of its tabs (event `app_home_opened`)."""
        return await interactions.open_home(self, user=user, tab=tab)

    async def verify_request_url(self) -> Outcome:
        """Send the `url_verification` challenge to `request_url`, as on saving it in Slack."""
        return await interactions.verify_request_url(self)

    async def uninstall(self) -> None:
        """Take the app out of the workspace: its token dies, and it is told so."""
        await interactions.uninstall(self)
