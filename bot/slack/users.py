"""
Slack's calls about people and user groups.

Source: docs.slack.dev, Web API methods; the scope each call needs is named in its docstring.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import structlog

from bot.slack.calls import SlackCalls
from bot.slack.errors import SlackError, SlackRefused
from bot.slack.profiles import KnownIds, SlackUser, read_profile

log = structlog.get_logger(__name__)

# Slack recommends no more than 200 people a page.
USERS_PAGE: Final = 200
# A language as Slack writes it, "en-US".
LOCALE: Final = re.compile(r"[A-Za-z0-9-]{2,20}")


class SlackUsers:
    """People and user groups, as Slack shows them at the moment of each call."""

    def __init__(self, calls: SlackCalls, *, trusts_provisioned: bool) -> None:
        self._calls = calls
        self._trusts_provisioned = trusts_provisioned
        self._team_id: str | None = None
        self._is_grid = False
        self._where: Mapping[str, str] = {}
        self._ids = KnownIds()

    def work_in(self, team_id: str, *, is_grid: bool, where: Mapping[str, str]) -> None:
        """
        Note the workspace that we work in, once it is known.

        Args:
            where: What names it to a token that is good for several; empty for another token.
        """
        self._team_id = team_id
        self._is_grid = is_grid
        self._where = where

    async def get(self, user_id: str) -> SlackUser:
        """Return who that is, right now.  Scopes users:read and users:read.email."""
        answer = await self._calls.read("users.info", user=user_id)
        return self._profile(answer["user"])

    async def by_email(self, email: str) -> SlackUser | None:
        """Return the member with that e-mail address, or None.  Scope users:read.email."""
        try:
            answer = await self._calls.read("users.lookupByEmail", email=email)
        except SlackRefused as refused:
            if refused.error in {"users_not_found", "user_not_found"}:
                return None
            raise
        return self._profile(answer["user"])

    async def some(self, *, pages: int) -> tuple[list[SlackUser], bool]:
        """Return the first people of the workspace, and whether they are all.  Scope users:read."""
        found: list[SlackUser] = []
        cursor: str | None = None
        for _ in range(pages):
            page, cursor = await self.page(cursor)
            found += page
            if not cursor:
                return found, True
        return found, False

    async def page(self, cursor: str | None = None) -> tuple[list[SlackUser], str]:
        """
        Return one page of the people of the workspace, and where the next begins; empty behind the last.

        Scopes users:read and users:read.email.
        """
        answer = await self._calls.read(
            "users.list", limit=USERS_PAGE, cursor=cursor, **self._where
        )
        found = [self._profile(user) for user in answer["members"]]
        return found, (answer.get("response_metadata") or {}).get("next_cursor") or ""

    def ids_of(self, slack_user: str) -> frozenset[str]:
        """Return every id by which Slack names one of those in `learn_ids`; nobody else has another, as far as we know."""
        return self._ids.of(slack_user)

    async def learn_ids(self, users: Collection[str]) -> None:
        """
        On Enterprise Grid, learn by which other ids Slack names *users*; elsewhere they have one.

        Scope users:read.  Who cannot be read goes by the id that we have.  Kept for as long as the process runs, so
        this is for a few: for admins, and not for everybody who asks.
        """
        for user in sorted(users) if self._is_grid else ():
            if user in self._ids:
                continue
            try:
                self._ids.learn(user, await self.get(user))
            except SlackRefused as refused:
                log.info("ids-not-known", slack=str(refused))
            except SlackError as error:
                # The others have their turn with the next look.
                log.warning("ids-not-read", slack=str(error))
                return

    async def locale(self, user_id: str) -> str | None:
        """Return the language that somebody reads Slack in ("de-DE"), if Slack says.  Scope users:read."""
        _, locale = await self.described(user_id)
        return locale

    async def described(self, user_id: str) -> tuple[SlackUser, str | None]:
        """Return who that is, right now, and the language that they read Slack in ("de-DE").  Scope users:read."""
        answer = await self._calls.call("users.info", user=user_id, include_locale=True)
        locale = answer["user"].get("locale")
        is_one = isinstance(locale, str) and LOCALE.fullmatch(locale)
        return self._profile(answer["user"]), locale if is_one else None

    async def in_group(self, group_id: str) -> frozenset[str]:
        """Return the user ids in a user group.  Scope usergroups:read."""
        answer = await self._calls.read("usergroups.users.list", usergroup=group_id, **self._where)
        return frozenset(answer["users"])

    def _profile(self, user: Mapping[str, Any]) -> SlackUser:
        return read_profile(
            user, team_id=self._team_id, trusts_provisioned=self._trusts_provisioned
        )
