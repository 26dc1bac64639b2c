"""Run Microsoft's tutorial and show it call by call: `latchkey tutorial`."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from bot.cli.connection import (
    Stop,
    WrongSettings,
    api_option,
    failures_as_sentences,
    graph_for,
    graph_settings,
    sentences_about,
)
from bot.cli.tenant.narration import Narrator
from bot.cli.tenant.trial import SignIn, Trial
from bot.cli.without_sandbox import needs_sandbox
from bot.configuration.settings import Settings, read_settings
from bot.errors import ConfigurationError
from graph import Retries, StaticToken
from graph.errors import GraphError
from graph.models import User

STAND_IN_DOMAIN: Final = "contoso.example"
TRUST: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
PROXIES: Final = (
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
)


@dataclass(frozen=True, kw_only=True)
class TutorialTenant:
    """The tenant of the tutorial, with what differs between a real one and the stand-in."""

    settings: Settings
    domain: str
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    sign_in: SignIn | None = None


@click.command()
@api_option
@click.option(
    "--domain",
    metavar="NAME",
    help="For the user account it makes, such as contoso.onmicrosoft.com; needed in a real tenant.",
)
@click.option(
    "--catalog", default="General", show_default=True, help="The catalog to make the package in."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before it works in a real tenant.")
def tutorial(api: str | None, domain: str | None, catalog: str, yes: bool) -> None:
    """
    Run Microsoft's tutorial step by step, showing each call to Graph and its answer.

    It makes a user, a group, an access package and a policy, gives access, looks that it came true,
    and takes all of it away again, also when a step fails or Ctrl-C is pressed.  Without AZURE_…
    settings it runs in a stand-in tenant on this machine; otherwise in the tenant that they name.

    \b
    Examples:
      latchkey tutorial
      latchkey tutorial --api beta
      latchkey tutorial --domain contoso.onmicrosoft.com
    """
    narrator = Narrator()
    if _nothing_is_configured():
        if domain is not None:
            raise click.UsageError("--domain is for a real tenant, and no AZURE_… setting is set.")
        work = _in_the_stand_in(narrator, api=api, catalog=catalog)
    else:
        settings = graph_settings()
        if domain is None:
            raise click.UsageError(
                "Name a domain of the tenant with --domain, such as contoso.onmicrosoft.com."
            )
        _confirm(settings, yes=yes)
        place = TutorialTenant(settings=settings, domain=domain)
        work = run_in(place, narrator, api=api, catalog=catalog)
    with failures_as_sentences():
        asyncio.run(work)


def _nothing_is_configured() -> bool:
    try:
        settings = read_settings()
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    return not any(
        (
            settings.azure_tenant_id,
            settings.azure_client_id,
            settings.azure_client_secret,
            settings.azure_client_certificate_path,
            settings.azure_federated_token_file,
            settings.managed_identity,
        )
    )


def _confirm(settings: Settings, *, yes: bool) -> None:
    click.echo(
        f"This makes a user, a group, an access package and a policy in the tenant "
        f"{settings.azure_tenant_id}, and deletes them again.",
        err=True,
    )
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


async def run_in(
    place: TutorialTenant, narrator: Narrator, *, api: str | None, catalog: str
) -> None:
    """
    Run the whole tutorial, and clean up whatever happens.

    Raises:
        Stop: A step failed, or something could not be taken back; a sentence for each.
    """
    async with graph_for(
        place.settings, api=api, hooks=narrator.hooks, retries=Retries(sleep=place.sleep)
    ) as graph:
        trial = Trial(
            graph=graph,
            narrator=narrator,
            domain=place.domain,
            sleep=place.sleep,
            sign_in=place.sign_in,
            catalog_name=catalog,
        )
        failures: list[str] = []
        try:
            await trial.run()
        except GraphError as error:
            failures += sentences_about(error)
        except Stop as stop:
            failures += stop.sentences
        finally:
            for failure in failures:
                narrator.trouble(failure)
            left = await trial.clean_up()
    if left:
        failures.append(f"Not everything could be taken back; look for names with “{trial.mark}”.")
        failures += left
    if failures:
        raise Stop(*failures)
    narrator.step(f"Done: {narrator.calls} calls to Graph, and nothing of it is left.")


async def _in_the_stand_in(narrator: Narrator, *, api: str | None, catalog: str) -> None:
    async with _stand_in() as place:
        narrator.step("No AZURE_… setting is set: this is a stand-in tenant on this machine.")
        await run_in(place, narrator, api=api, catalog=catalog)


@asynccontextmanager
async def _stand_in() -> AsyncIterator[TutorialTenant]:
    """
    Run a stand-in tenant for as long as the block runs, whose clock is moved instead of waiting.

    Raises:
        Stop: The sandbox's libraries are not installed.
    """
    try:
        from sandbox.certificate import make_certificate
        from sandbox.clock import SandboxClock
        from sandbox.serving import serving
        from sandbox.tenant import Tenant
    except ModuleNotFoundError as missing:
        raise needs_sandbox("The stand-in tenant", missing) from None
    clock = SandboxClock()
    tenant = Tenant(clock=clock)
    tenant.seed_tutorial_world()

    async def sleep(seconds: float) -> None:
        clock.shift(timedelta(seconds=seconds))

    def sign_in(user: User) -> StaticToken:
        return StaticToken(tenant.delegated_token(user.id))

    with tempfile.TemporaryDirectory(prefix="latchkey-tutorial-") as folder:
        certificate = make_certificate(Path(folder))
        with _trusted(certificate.ca_file):
            async with serving(tenant.app, certificate=certificate) as address:
                yield TutorialTenant(
                    settings=read_settings(
                        {
                            "AZURE_TENANT_ID": tenant.tenant_id,
                            "AZURE_CLIENT_ID": tenant.client_id,
                            "AZURE_CLIENT_SECRET": tenant.client_secret,
                            "AZURE_AUTHORITY_HOST": address,
                            "GRAPH_URL": address,
                        }
                    ),
                    domain=STAND_IN_DOMAIN,
                    sleep=sleep,
                    sign_in=sign_in,
                )


@contextmanager
def _trusted(ca_file: Path) -> Iterator[None]:
    """Have every client in this process trust the stand-in, and reach it without a proxy."""
    before = {name: os.environ.pop(name, None) for name in (*TRUST, *PROXIES)}
    os.environ.update(dict.fromkeys(TRUST, str(ca_file)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
