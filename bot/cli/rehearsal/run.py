"""Make the experiments one after the other, clean up after them, and keep what was observed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
import httpx
from rich.console import Console

from bot.assembly import connections
from bot.cli.connection import graph_for
from bot.cli.rehearsal.bench import Bench, GraphCalls, SlackRaw
from bot.cli.rehearsal.errors import NoAnswer, NotPossible
from bot.cli.rehearsal.model import Experiment, ExperimentOutcome, Observation
from bot.cli.rehearsal.people import Tester, TestPeople, refusal_of
from bot.cli.rehearsal.recorder import Recorder
from bot.cli.rehearsal.redaction import word
from bot.cli.rehearsal.scene import TrialScene
from bot.cli.rehearsal.sign_in_page import SignInPage
from bot.cli.rehearsal.slack_events import hearing
from bot.cli.tenant.following import StillUnderWay
from bot.cli.tenant.narration import Narrator
from bot.configuration.settings import Settings
from bot.machine import GRAPH_TIMEOUT, MACHINE, app_tokens, people_sign_in
from bot.repeating import Sleep
from bot.slack.errors import SlackError
from graph import Retries
from graph.errors import AuthError, GraphError

# A question to whoever runs it: may this experiment be made?
MayBeMade = Callable[[Experiment], Awaitable[bool]]
Tell = Callable[[Experiment, Observation], None]
Serve = Callable[[SignInPage], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class RehearsalPlan:
    """
    The plan of a rehearsal, with the tenant and workspace it runs in.

    Attributes:
        domain: For the account that is made; None: nothing is made in the tenant.
        mark: What the names of all that is made have in them.
        tester: The Slack id of whoever gets the messages; None: none is sent.
        at_hand: Who looks, presses and is told where to sign in; None: nobody does.
        people: How many test people sign in.
        page: Where their browsers come back to; None: they type in codes.
        serve: Serves that page while the rehearsal lasts.
        auth_context, foreign_channel: As of `Bench`.
    """

    settings: Settings
    experiments: Sequence[Experiment]
    domain: str | None
    catalog: str
    tester: str | None
    mark: str
    sleep: Sleep
    at_hand: Tester | None = None
    people: int = 0
    page: SignInPage | None = None
    serve: Serve | None = None
    auth_context: str | None = None
    foreign_channel: str | None = None


@dataclass
class RehearsalResult:
    """
    The result of a rehearsal.

    Attributes:
        left: A sentence for each thing that could not be taken back.
        is_interrupted: Somebody pressed Ctrl-C: the rest was not made, and what was made was taken back.
    """

    made: list[tuple[Experiment, Observation]] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    is_interrupted: bool = False


async def rehearse_all(
    plan: RehearsalPlan, *, may_be_made: MayBeMade, tell: Tell
) -> RehearsalResult:
    """
    Make all experiments of the plan; whatever one meets keeps no other from being made.

    Args:
        may_be_made: Asked before each that writes.
        tell: Told of each observation.
    """
    result = RehearsalResult(forbidden=secrets_of(plan.settings))
    async with _bench(plan) as bench:
        try:
            for experiment in plan.experiments:
                observed = await _made(experiment, bench, may_be_made)
                result.made.append((experiment, observed))
                tell(experiment, observed)
        except asyncio.CancelledError:
            # Ctrl-C, as `asyncio.run` tells of it: what was made is taken back, and what was observed is kept.
            result.is_interrupted = True
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        finally:
            if bench.scene is not None:
                result.left = await bench.scene.clean_up()
            if bench.people is not None:
                bench.people.forget()
            result.forbidden |= bench.forbidden
    return result


def secrets_of(settings: Settings) -> set[str]:
    """Return what is secret in the settings, and what names the tenant and the app."""
    values = (
        getattr(settings, name)
        for name in (
            "slack_bot_token",
            "slack_app_token",
            "slack_signing_secret",
            "azure_client_secret",
        )
    )
    found = {
        each.get_secret_value() if hasattr(each, "get_secret_value") else each for each in values
    }
    found |= {settings.azure_tenant_id, settings.azure_client_id}
    return {str(each) for each in found if each}


async def _made(experiment: Experiment, bench: Bench, may_be_made: MayBeMade) -> Observation:
    if experiment.writes is not None and not await may_be_made(experiment):
        return Observation(ExperimentOutcome.LEFT_OUT, "not wanted")
    try:
        observed = await experiment.run(bench)
    except NotPossible as why:
        observed = Observation(ExperimentOutcome.NOT_POSSIBLE, str(why))
    except AuthError as error:
        observed = Observation(
            ExperimentOutcome.UNCLEAR, f"Microsoft's login gives no token: {refusal_of(error)}"
        )
    except GraphError as error:
        # Its text may name somebody.
        observed = Observation(
            ExperimentOutcome.UNCLEAR,
            f"Graph refuses a step of it: {type(error).__name__} {word(error.code)}".strip(),
        )
    except StillUnderWay:
        observed = Observation(ExperimentOutcome.UNCLEAR, "Graph was not done in time")
    except (SlackError, NoAnswer, aiohttp.ClientError, OSError) as error:
        observed = Observation(ExperimentOutcome.UNCLEAR, f"no answer: {type(error).__name__}")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # Something is not as documented, and what it is stands in the exchanges.
        observed = Observation(
            ExperimentOutcome.UNCLEAR, f"an answer has another shape: {type(error).__name__}"
        )
    return replace(observed, exchanges=bench.recorder.taken())


@asynccontextmanager
async def _bench(plan: RehearsalPlan) -> AsyncIterator[Bench]:
    settings, recorder = plan.settings, Recorder()
    async with AsyncExitStack() as stack:
        hooks = {name: list(each) for name, each in recorder.hooks.items()}
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=GRAPH_TIMEOUT, follow_redirects=False, event_hooks=hooks)
        )
        graph = await stack.enter_async_context(
            graph_for(settings, api="v1.0", hooks=recorder.hooks, retries=Retries(sleep=plan.sleep))
        )
        calls = GraphCalls(
            http, app_tokens(settings), f"{settings.graph_url.rstrip('/')}/v1.0", plan.sleep
        )
        bench = Bench(
            graph=graph,
            calls=calls,
            recorder=recorder,
            sleep=plan.sleep,
            tester=plan.tester,
            at_hand=plan.at_hand,
            auth_context=plan.auth_context,
            foreign_channel=plan.foreign_channel,
        )
        if plan.domain is not None:
            bench.scene = TrialScene(
                graph=graph,
                # What is made is said before, and what came of it afterwards.
                narrator=Narrator(Console(quiet=True)),
                domain=plan.domain,
                sleep=plan.sleep,
                catalog_name=plan.catalog,
                mark=plan.mark,
            )
            await bench.scene.check()
        if settings.slack_bot_token is not None:
            slack = await connections.connect_slack(settings, MACHINE, stack)
            bench.slack = SlackRaw(slack, recorder, plan.sleep)
            await _listen(plan, bench, stack)
        await _await_people(plan, bench, stack)
        yield bench


async def _listen(plan: RehearsalPlan, bench: Bench, stack: AsyncExitStack) -> None:
    """Hear by Socket Mode what is pressed in Slack, where somebody is there who presses and the settings have a token for it."""
    token, slack = plan.settings.slack_app_token, bench.slack
    if token is None or slack is None or plan.at_hand is None:
        return
    if not any(each.is_guided for each in plan.experiments):
        return
    bench.events = await stack.enter_async_context(
        hearing(token.get_secret_value(), client=slack.slack.client, sleep=plan.sleep)
    )


async def _await_people(plan: RehearsalPlan, bench: Bench, stack: AsyncExitStack) -> None:
    """Be ready for test people to sign in."""
    if not plan.people or plan.at_hand is None:
        return
    if plan.page is not None and plan.serve is not None:
        await stack.enter_async_context(plan.serve(plan.page))
    bench.people = TestPeople(
        sign_in=people_sign_in(plan.settings),
        tester=plan.at_hand,
        sleep=plan.sleep,
        wanted=plan.people,
        secrets=bench.forbidden,
        page=plan.page,
    )
