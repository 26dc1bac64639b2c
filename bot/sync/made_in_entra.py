"""
Find requests that people have made in Microsoft Entra themselves, at My Access, for packages that Entra decides.

Each becomes a request of ours that waits already: it is shown to whoever asked and to those who decide, and followed
like any other.  Nothing of it is ever sent to Graph by us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.accounts.model import NotConnected
from bot.accounts.store import accounts
from bot.accounts.tokens import AccountTokens
from bot.database.audit_log.audit import LATCHKEY
from bot.packages import eligibility, policy_terms
from bot.packages.entra_decides import entras_own
from bot.packages.facts import allows_requests_for_others, policy_of, read_case
from bot.packages.model import Package, Terms
from bot.packages.questions import NotAskable, Question
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.packages.unsupported import questions_of
from bot.people.identity import People
from bot.people.store import people as bindings
from bot.requests import state_machine
from bot.requests.approver_defaults import ApproverDefaults
from bot.requests.evaluation.evidence import EvidenceReader
from bot.requests.evaluation.facts import RequestFacts, SharedFacts
from bot.requests.evaluation.rules import with_settings
from bot.requests.evaluation.stages import stage_changes
from bot.requests.holder_lists import HolderLists
from bot.requests.in_entra import justification
from bot.requests.model import Kind, Request, State, id_of_entra_request
from bot.requests.store import made_in_entra
from bot.slack.errors import SlackBusy, SlackError
from bot.sync.turns import Transactions
from graph import Graph
from graph.errors import Forbidden, GraphError, NotFound
from graph.models import AccessPackage, AssignmentPolicy, AssignmentRequest, User
from graph.values import PENDING_APPROVAL

log = structlog.get_logger(__name__)

NAME: Final = "made in entra"
# How often Entra is asked for what has been made there.
EVERY: Final = timedelta(seconds=30)
KINDS: Final[Mapping[str, Kind]] = {
    "useradd": Kind.ADD,
    "userupdate": Kind.EXTEND,
    # Beta's older word.
    "userextend": Kind.EXTEND,
}
# Lists of single packages in one look; for more packages than that, one list of the tenant costs less.
MOST_LISTS: Final = 3
FAILED_FOR: Final = timedelta(minutes=1)
LEFT_OUT_FOR: Final = timedelta(minutes=10)
# New ones of a package in one look: each costs some calls of Graph and Slack, and the next look finds the rest.
MOST_AT_ONCE: Final = 20


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """The rules that a request is decided under: its policy, read whole, its questions, and the end that it asks for."""

    policy: AssignmentPolicy
    questions: tuple[Question, ...]
    ends_at: datetime | None


class RequestsMadeInEntra:
    """Makes requests of ours of those that wait in Entra and are not known here."""

    def __init__(
        self,
        *,
        store: Transactions,
        graph: Graph,
        people: People,
        tokens: AccountTokens,
        evidence: EvidenceReader,
        package_settings: PackageSettingsFile,
    ) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._tokens = tokens
        self._evidence = evidence
        self._package_settings = package_settings
        # Read for nobody else: few ask there, and each read is made anew.
        self._shared = SharedFacts(graph, HolderLists(graph))
        self._defaults = ApproverDefaults(graph)
        # Graph's ids of those that cannot be shown, and when to look again (real time): somebody may connect their account.
        self._left_out: dict[str, datetime] = {}
        # Graph has refused a list of the whole tenant, and will again.
        self._must_name_packages = False

    @property
    def is_wanted(self) -> bool:
        """True if some package is decided by Entra."""
        return bool(self._package_settings.entra_decides())

    async def look(self) -> None:
        """
        Look for new requests of every package that Entra decides.

        Raises:
            GraphError, SlackError: Something could not be read; what was found is kept, and the rest is looked for again.
        """
        offered = await self._store.read(catalog.list_all)
        packages = entras_own(offered, self._package_settings)
        everything = await self._list_all() if len(packages) > MOST_LISTS else None
        failed: Exception | None = None
        for package in packages:
            try:
                await self._look_at(package, everything)
            except SlackBusy:
                raise
            except (GraphError, SlackError) as error:
                log.warning("requests-not-read", package=package.id, error=type(error).__name__)
                failed = error
        if failed is not None:
            raise failed

    async def _list_all(self) -> list[AssignmentRequest] | None:
        """Return all that waits in the tenant; None where Graph shows us requests package by package."""
        if self._must_name_packages:
            return None
        try:
            return await self._graph.assignment_requests.list(state=PENDING_APPROVAL)
        except Forbidden:
            # With only a catalog-scoped role, Graph wants the package named.
            self._must_name_packages = True
            return None

    async def _look_at(
        self, package: Package, everything: Sequence[AssignmentRequest] | None
    ) -> None:
        if everything is None:
            listed = await self._graph.assignment_requests.list_in(
                package_id=package.id, states=[PENDING_APPROVAL]
            )
        else:
            listed = [
                each
                for each in everything
                if each.access_package is not None and each.access_package.id == package.id
            ]
        failed: GraphError | SlackError | None = None
        waiting = {each.id: each for each in listed if _kind(each) is not None}
        now = clock.real()
        self._left_out = {key: at for key, at in self._left_out.items() if at > now}
        ids = [each for each in waiting if each not in self._left_out]
        new = await self._store.read(made_in_entra.unknown, ids)
        for graph_id in new[:MOST_AT_ONCE]:
            try:
                await self._begin(package, waiting[graph_id])
            except SlackBusy:
                raise
            except (GraphError, SlackError) as error:
                # One that cannot be read stops no other.
                log.warning("request-not-read", graph=graph_id, error=type(error).__name__)
                self._left_out[graph_id] = now + FAILED_FOR
                failed = error
        if failed is not None:
            raise failed

    async def _begin(self, package: Package, asked: AssignmentRequest) -> None:
        found = await self._graph.packages.get(package.id)
        request = await self._read(package, found, asked)
        if request is None:
            self._left_out[asked.id] = clock.real() + LEFT_OUT_FOR
            log.warning("request-not-shown", package=package.id, graph=asked.id)
            return
        # Entra has counted since then until it asks others, too.
        changes = stage_changes(request, stage=0, since=request.asked_at)
        await self._store.run(state_machine.begin_in_entra, request, changes)

    async def _read(
        self, package: Package, found: AccessPackage, asked: AssignmentRequest
    ) -> Request | None:
        """Return the request as ours; None for one that cannot be shown: whose it is, or under which policy, is not clear."""
        kind = _kind(asked)
        user = await self._whose(found, asked)
        if kind is None or user is None:
            return None
        rules = await (
            self._extension(asked, found)
            if kind is Kind.EXTEND
            else self._access(asked, found, user)
        )
        if rules is None:
            return None
        answers = _answers(asked)
        starts_at = asked.schedule.start_date_time if asked.schedule else None
        begins_later = kind is Kind.ADD and starts_at is not None and starts_at > clock.now()
        hidden_by_default = await self._defaults.hides([rules.policy], readers=[user])
        terms = self._terms(
            found,
            rules,
            kind,
            answers,
            starts_at if begins_later else None,
            hidden_by_default=hidden_by_default,
        )
        if not terms.entra_decides or not terms.stages:
            return None
        holder = await self._in_slack(user)
        request = Request(
            id=id_of_entra_request(asked.id),
            kind=kind,
            state=State.PENDING,
            holder=holder,
            holder_name=user.display_name,
            asked_by=holder or LATCHKEY,
            entra_id=user.id,
            package_id=package.id,
            package_name=package.name,
            assignment_id=asked.assignment.id if kind is Kind.EXTEND and asked.assignment else None,
            justification=justification.without_tag(asked.justification or "") or None,
            answers=answers,
            wanted_policy_id=rules.policy.id,
            terms=terms,
            terms_hash=policy_terms.hash_of(terms),
            starts_at=starts_at if begins_later else None,
            ends_at=rules.ends_at,
            graph_request_id=asked.id,
            sent_as=asked.request_type
            if justification.is_tagged(asked.justification or "")
            else None,
            asked_at=asked.created_date_time or clock.now(),
            # It is in Entra: nothing here ends it while that goes on with it.
            intent_at=asked.created_date_time or clock.now(),
            updated_at=clock.now(),
        )
        return replace(request, evidence=await self._evidence.read(request, user))

    def _terms(
        self,
        found: AccessPackage,
        rules: _Rules,
        kind: Kind,
        answers: Mapping[str, tuple[str, ...]],
        starts_at: datetime | None,
        *,
        hidden_by_default: bool,
    ) -> Terms:
        terms = policy_terms.terms_of(
            found,
            rules.policy,
            extending=kind is Kind.EXTEND,
            always=False,
            hidden_by_default=hidden_by_default,
            questions=rules.questions,
            answers=answers,
            starts_at=starts_at,
        )
        return with_settings(terms, self._package_settings, found, agreed=None)

    async def _whose(self, found: AccessPackage, asked: AssignmentRequest) -> User | None:
        """Return who asks for themselves; None for what somebody asks for another, and where that is not clear."""
        asker = asked.requestor.object_id if asked.requestor else None
        if asker is None:
            return None
        target = asked.assignment.target if asked.assignment else None
        if target is not None and target.object_id is not None:
            is_own = target.object_id == asker
        else:
            # There is no assignment before it is given; where nobody asks for others, who asks is who gets it.
            is_own = not _may_be_for_others(found, asked) or await self._is_own(asked, asker)
        if not is_own:
            return None
        try:
            return await self._graph.users.get(asker)
        except NotFound:
            return None

    async def _is_own(self, asked: AssignmentRequest, asker: str) -> bool:
        """Tell whether Entra shows a request to whoever made it as one for themselves; not known without their account."""
        for person in await self._store.read(bindings.for_entra_id, asker):
            account = await self._store.read(accounts.find, person.slack_user)
            if account is None or account.entra_id != asker:
                continue
            token = self._tokens.of(person.slack_user, looking=True)
            try:
                theirs = await self._graph.self_service.requests(on="target", token=token)
            except (NotConnected, GraphError) as error:
                log.info("own-requests-not-read", error=type(error).__name__)
                continue
            return any(each.id == asked.id for each in theirs)
        return False

    async def _access(
        self, asked: AssignmentRequest, found: AccessPackage, user: User
    ) -> _Rules | None:
        """Return the only policy that lets them ask: Entra shows none before there is access."""
        facts = RequestFacts(self._graph, self._shared, at=clock.real(), seen=None)
        case = await read_case(facts, found, user)
        policy = eligibility.choose_policy(case.policies, case.requester).policy
        if policy is None:
            return None
        expiration = asked.schedule.expiration if asked.schedule else None
        ends_at = expiration.end_date_time if expiration else None
        return _Rules(policy=policy, questions=_questions(found, policy), ends_at=ends_at)

    async def _extension(self, asked: AssignmentRequest, found: AccessPackage) -> _Rules | None:
        """Return the same of a request to keep access longer: the policy is that of the access."""
        if asked.assignment is None:
            return None
        try:
            held = await self._graph.assignments.get(asked.assignment.id)
        except NotFound:
            return None
        policy = await policy_of(self._graph, held)
        current = held.ends_at()
        if policy is None or current is None:
            return None
        expiration = asked.schedule.expiration if asked.schedule else None
        # A length is counted as the policy's is.
        wanted = expiration.end_from(clock.now()) if expiration else None
        if wanted is None:
            wanted = policy_terms.extended_end(policy.expiration, now=clock.now(), current=current)
        return _Rules(policy=policy, questions=_questions(found, policy), ends_at=wanted or current)

    async def _in_slack(self, user: User) -> str | None:
        """
        Return who somebody certainly is in Slack, by what Slack and Entra say now.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        bound = await self._store.read(bindings.for_entra_id, user.id)
        for each in bound:
            if await self._people.belongs_to(each.slack_user, user.id):
                return each.slack_user
        profile = await self._people.slack_member_of(user)
        if profile is not None and await self._people.belongs_to(profile.id, user.id):
            return profile.id
        return None


def _may_be_for_others(found: AccessPackage, asked: AssignmentRequest) -> bool:
    """Tell whether a policy lets somebody ask for others, or may have done so when this was asked: it was changed since."""
    at = asked.created_date_time
    return allows_requests_for_others(found) or any(
        at is None or each.modified_date_time is None or each.modified_date_time > at
        for each in found.assignment_policies
    )


def _kind(asked: AssignmentRequest) -> Kind | None:
    """Return what somebody asks for themselves; None for whatever else Entra has there."""
    return KINDS.get((asked.request_type or "").casefold())


def _questions(found: AccessPackage, policy: AssignmentPolicy) -> tuple[Question, ...]:
    try:
        return questions_of(found, policy)
    except NotAskable:
        # Entra has asked it, in its own way; what was answered is not shown then.
        return ()


def _answers(asked: AssignmentRequest) -> dict[str, tuple[str, ...]]:
    """Return what was answered, by the question's id."""
    given: dict[str, tuple[str, ...]] = {}
    for each in asked.answers:
        question = each.answered_question.id if each.answered_question else None
        if question and each.value:
            given[question] = (*given.get(question, ()), each.value)
    return given
