"""Asks everybody who has an answer: the bot's module, the command line, the policy tests, and the stand-in itself."""

from dataclasses import dataclass

import httpx

from bot import clock
from bot.cli.access import granting
from bot.errors import NotAllowed
from bot.packages import eligibility
from bot.packages.eligibility import Admitted, Refusal, RefusalReason
from bot.packages.facts import FactReader, read_case
from bot.packages.policy_scope import managers_may_ask
from bot.provisioning.file_format.file import read_text
from bot.provisioning.policy_tests.evaluate import Evaluator, PolicyTestOutcome
from bot.provisioning.policy_tests.tenant_facts import TenantFacts
from graph import Graph, StaticToken
from sandbox.tenant import Tenant
from sandbox.tenant.errors import Refusal as TenantRefusal
from sandbox.tenant.requests import NewRequest, accept
from tests.proofs.eligibility.cases import MANAGER_OF_ALL, PACKAGE, World, built

QUESTION = "#microsoft.graph.accessPackageTextInputQuestion"


@dataclass(frozen=True)
class Answers:
    """
    What each says.

    Attributes:
        admitted: Of the module, before the request itself is looked at.
        slack: Of the module, about the request as it is; None: they may have it.
        typed: The policy under which the command line would give it, or its sentence.
        tested: What becomes of the policy test “… may ask for …”.
        entra: Whether the stand-in takes the person's own request.
        for_manager: Of the module, whether the person may have it if their manager asks.
        entra_for_manager: Whether the stand-in takes their manager's request for them.
    """

    admitted: Admitted | Refusal
    slack: Refusal | None
    typed: str
    tested: PolicyTestOutcome
    entra: bool
    for_manager: bool
    entra_for_manager: bool


async def answers(tenant: Tenant, world: World, *, version: str) -> Answers:
    """Everybody's answer about one world."""
    transport = httpx.ASGITransport(app=tenant.app)
    async with httpx.AsyncClient(transport=transport) as http:
        token = StaticToken(tenant.application_token())
        graph = Graph(http, token, url="https://graph.test", version=version)
        wanted = world.ids[world.wanted] if world.wanted is not None else None
        person = await graph.users.get(world.person)
        package = await graph.packages.get(PACKAGE)
        case = await read_case(FactReader(graph), package, person)
        admitted = eligibility.evaluate_request(case, wanted=wanted)
        slack = _of_request(admitted, world)
        case = await read_case(FactReader(graph), package, person, is_asked_for=True)
        asked_for = eligibility.evaluate_request(case, wanted=wanted)
        known = {each.id for each in package.assignment_policies}
        return Answers(
            admitted=admitted,
            slack=slack,
            typed=await _typed(graph, world, wanted=wanted if wanted in known else None),
            tested=await _tested(graph, world),
            entra=_asked(tenant, world, wanted=wanted, admitted=admitted, by=world.person),
            for_manager=isinstance(asked_for, Admitted)
            and managers_may_ask(asked_for.policy.requestor_settings)
            and _of_request(asked_for, world) is None,
            # In a world of its own, where the person has not asked.
            entra_for_manager=_asked(
                built(world), world, wanted=wanted, admitted=asked_for, by=MANAGER_OF_ALL
            ),
        )


def _of_request(admitted: Admitted | Refusal, world: World) -> Refusal | None:
    """Return what is wrong with the request as it is."""
    if isinstance(admitted, Refusal):
        return admitted
    return eligibility.find_missing_details(
        admitted,
        justification=world.reason,
        answers=dict.fromkeys(world.answered, ("4711",)),
    )


async def _typed(graph: Graph, world: World, *, wanted: str | None) -> str:
    try:
        grant = await granting.check_grant(
            graph,
            person=await graph.users.get(world.person),
            package=await graph.packages.get(PACKAGE),
            policy_name=wanted,
            because=world.reason,
            ends_at=None,
            now=clock.now(),
            answering=lambda questions: {
                each.id: ("4711",) for each in questions if each.id in world.answered
            },
        )
    except NotAllowed as refused:
        return str(refused)
    return grant.policy.id


async def _tested(graph: Graph, world: World) -> PolicyTestOutcome:
    facts = TenantFacts(graph, read_text("", name="x").file)
    person = await graph.users.get(world.person)
    sentence = f"{person.mail} may ask for marketing-campaign"
    (result,) = await Evaluator(facts).evaluate([sentence])
    return result.outcome


def _asked(
    tenant: Tenant,
    world: World,
    *,
    wanted: str | None,
    admitted: Admitted | Refusal,
    by: str,
) -> bool:
    """
    Tell whether Entra would take the request for the person if it were made in My Access.

    Only questions are answered there, and of several policies one is picked: the one that the bot would name.
    """
    given = set(world.answered)
    if isinstance(admitted, Admitted):
        given &= {each.id for each in admitted.questions}
        wanted = admitted.policy.id
    new = NewRequest(
        request_type="userAdd",
        package_id=PACKAGE,
        policy_id=wanted,
        target_id=world.person,
        justification=world.reason,
        answers=[
            {"value": "4711", "answeredQuestion": {"@odata.type": QUESTION, "id": each}}
            for each in sorted(given)
        ],
    )
    try:
        accept(tenant.world, new, user=tenant.world.users[by])
    except TenantRefusal:
        return False
    return True


def may_ask(answer: Admitted | Refusal) -> bool:
    """Tell whether the person may ask, by what they would choose if they had to."""
    return isinstance(answer, Admitted) or answer.reason is RefusalReason.SEVERAL
