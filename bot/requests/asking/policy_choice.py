"""Find out, while a form opens, which of a package's policies somebody may choose from, and their language."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from bot.database import Busy
from bot.errors import NotAllowed, NotAMember
from bot.packages.eligibility import Fit, fit, groups_named, rank_of
from bot.packages.facts import requester_of
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.people.identity import People
from bot.slack.api import Slack
from bot.slack.errors import SlackError
from graph import Graph
from graph.errors import GraphError

T = TypeVar("T")

log = structlog.get_logger(__name__)

# Of the 3 s in which Slack opens a form, each look-up at the same time.
LOOK_SECONDS: Final = 1.2


@dataclass(frozen=True, kw_only=True)
class FormPolicies:
    """
    The policies that a form offers, and its language.

    Attributes:
        policies: Those that admit the person; all of the package's where that cannot be told in time.
        locale: Theirs ("de-DE"), if it matters and Slack says.
    """

    policies: Sequence[OfferedPolicy]
    locale: str | None = None


class FormPolicyFinder:
    """
    Narrows down what a form offers, as well as it can in the time there is.

    It decides nothing: whoever asks is judged when they have asked.
    """

    def __init__(self, *, slack: Slack, graph: Graph, people: People) -> None:
        self._slack = slack
        self._graph = graph
        self._people = people

    async def find(self, slack_user: str, package: Package) -> FormPolicies:
        """Return what to offer this person; never fails, and never takes longer than a form may."""
        admitting, locale = await asyncio.gather(
            self._in_time(self._admitting(slack_user, package)),
            self._in_time(self._locale(slack_user, package)),
        )
        # Nobody is told here that no policy is for them: whoever judges the request has the words.
        return FormPolicies(policies=admitting or package.policies, locale=locale)

    async def find_refusal(self, slack_user: str) -> str | None:
        """
        Return why Slack or Entra has nobody who could ask for anything; None where that cannot be told in time.

        Raises:
            NotAMember: Slack calls them no full member.
        """
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._people.identify(slack_user)
        except NotAMember:
            raise
        except NotAllowed as refused:
            return str(refused)
        except (TimeoutError, SlackError, GraphError, Busy) as error:
            log.info("applicant-not-read", error=type(error).__name__)
        return None

    @staticmethod
    async def _in_time(look: Coroutine[Any, Any, T]) -> T | None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await look
        except (TimeoutError, SlackError, GraphError, NotAllowed, Busy) as error:
            log.info("form-not-narrowed", error=type(error).__name__)
            return None

    async def _admitting(self, slack_user: str, package: Package) -> list[OfferedPolicy]:
        if len(package.policies) < 2:
            return []
        found = await self._people.identify(slack_user)
        read = await self._graph.packages.get(package.id)
        groups = groups_named(read.assignment_policies)
        theirs = await self._graph.users.memberships(found.user.id, groups)
        requester = requester_of(found.user, theirs)
        fitting = {
            each.id: rank_of(each)
            for each in read.assignment_policies
            if fit(each, requester) is not Fit.OUT
        }
        best = min(fitting.values(), default=None)
        return [each for each in package.policies if fitting.get(each.id) == best]

    async def _locale(self, slack_user: str, package: Package) -> str | None:
        is_translated = any(
            question.translations or any(choice.translations for choice in question.choices)
            for policy in package.policies
            for question in policy.questions
        )
        return await self._slack.users.locale(slack_user) if is_translated else None
