"""Connect one command to Graph, and say its failures as sentences with an exit code."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import IO, Any, Final, TypeVar

import click
import httpx

from bot.assembly.connections import about_trust
from bot.configuration.problems import problems_for_graph
from bot.configuration.settings import Settings, read_settings
from bot.errors import ConfigurationError, LatchkeyError
from bot.machine import GRAPH_TIMEOUT, app_tokens
from graph import Graph, Retries
from graph.errors import AuthError, Forbidden, GraphError

CANNOT: Final = 1
WRONG_SETTINGS: Final = 2
VERSIONS: Final = ("v1.0", "beta")
# A command leaves to the bot what it needs of the tenant's limits.
CALLS_AT_ONCE: Final = 8

Result = TypeVar("Result")
# What httpx calls its observers: "request" and "response", each with functions to call.
Hooks = Mapping[str, list[Callable[..., Any]]]

api_option = click.option(
    "--api",
    type=click.Choice(VERSIONS),
    help="Version of Graph to speak.  [default: GRAPH_API_VERSION, or v1.0]",
)


class Stop(click.ClickException):
    """Ends the command: it cannot be done; a line on standard error for each sentence."""

    exit_code = CANNOT

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences

    def show(self, file: IO[Any] | None = None) -> None:
        for sentence in self.sentences:
            click.echo(f"• {sentence}", file=file, err=file is None)


class WrongSettings(Stop):
    """Ends the command: settings are missing or wrong."""

    exit_code = WRONG_SETTINGS


def graph_settings() -> Settings:
    """
    Return the settings, with all that is needed to reach Graph.

    Raises:
        WrongSettings: A sentence for each thing missing or wrong.
    """
    try:
        settings = read_settings()
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    problems: Sequence[str] = problems_for_graph(settings)
    if problems:
        raise WrongSettings(*problems)
    return settings


@asynccontextmanager
async def graph_for(
    settings: Settings,
    *,
    api: str | None = None,
    hooks: Hooks | None = None,
    retries: Retries | None = None,
    batches: bool = False,
) -> AsyncIterator[Graph]:
    """
    Connect to Graph as the settings name it, for as long as the block runs; nothing is sent at the start.

    Args:
        api: Version to speak instead of GRAPH_API_VERSION.
        hooks: Told of each call and its answer.
        retries: How patient reads are, and what waits between them.
        batches: Send calls that are made at the same time in as few batches as they fit into.
    """
    async with httpx.AsyncClient(
        timeout=GRAPH_TIMEOUT, follow_redirects=False, event_hooks=hooks
    ) as http:
        yield Graph(
            http,
            app_tokens(settings),
            url=settings.graph_url,
            version=api or settings.graph_api_version,
            retries=retries,
            calls_at_once=CALLS_AT_ONCE,
            batches=batches,
        )


WHERE_PERMISSIONS_ARE: Final = (
    "docs/how-to/entra-app.md lists the permissions that each command needs."
)


@contextmanager
def failures_as_sentences() -> Iterator[None]:
    """
    Turn what can go wrong with Graph or a request of ours into a `Stop` with exit code 1.

    Anything else is a mistake of ours and leaves with its traceback.
    """
    try:
        yield
    except GraphError as error:
        raise Stop(*sentences_about(error)) from error
    except ConfigurationError as error:
        raise Stop(*error.problems) from None
    except LatchkeyError as error:
        raise Stop(str(error)) from None


def sentences_about(error: GraphError) -> tuple[str, ...]:
    """Say what Graph answered, with its code and request id, and what to do about it."""
    if isinstance(error, AuthError):
        return (f"Entra gives no token, or Graph does not take it: {error}{about_trust(error)}",)
    if isinstance(error, Forbidden):
        return (str(error), WHERE_PERMISSIONS_ARE)
    if error.may_have_happened:
        return (
            str(error),
            "It may have taken effect all the same: look with `latchkey show` before you try again.",
        )
    return (f"{error}{about_trust(error)}",)


def with_graph(work: Callable[[Graph], Awaitable[Result]], *, api: str | None = None) -> Result:
    """
    Do *work* with a connection of its own, to its end.

    Raises:
        WrongSettings: Something needed to reach Graph is not set.
        Stop: Graph says no.
    """
    settings = graph_settings()

    async def connected() -> Result:
        async with graph_for(settings, api=api) as graph:
            return await work(graph)

    with failures_as_sentences():
        return asyncio.run(connected())
