"""Show what is in the tenant, as a table, JSON or CSV: `latchkey show`."""

from collections.abc import Awaitable, Callable, Sequence

import click

from bot.cli.connection import api_option, with_graph
from bot.cli.tables import Column, Row, form_options, write
from bot.cli.tenant import holders, listings
from graph import Graph

catalog_option = click.option("--catalog", metavar="NAME", help="Only of this catalog.")
package_option = click.option("--package", metavar="NAME", help="Only of this package.")
person_option = click.option(
    "--person", metavar="E-MAIL", help="Only this person's: e-mail address or object id."
)


@click.group()
def show() -> None:
    """
    Show what is in the tenant, as a table, --json or --csv.

    \b
    Examples:
      latchkey show packages
      latchkey show assignments --package marketing-campaign --json
      latchkey show people ann@contoso.com

    Nothing is changed.  Names are taken in any capitals; packages also by their slug; ids are
    accepted everywhere.
    """


@show.command()
@api_option
@form_options
def catalogs(api: str | None, form: str | None, wide: bool) -> None:
    """
    List catalogs.

    Example: latchkey show catalogs
    """
    _show(listings.catalogs, listings.CATALOG_COLUMNS, api=api, form=form, wide=wide)


@show.command()
@catalog_option
@api_option
@form_options
def resources(catalog: str | None, api: str | None, form: str | None, wide: bool) -> None:
    """
    List the groups, applications and sites that catalogs hold.

    Example: latchkey show resources --catalog General
    """
    _show(
        lambda graph: listings.resources(graph, catalog=catalog),
        listings.RESOURCE_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command(short_help="List what one can be in a resource: Member, Reader, …")
@catalog_option
@click.option("--resource", metavar="NAME", help="Only of this resource: name, id or origin id.")
@api_option
@form_options
def roles(
    catalog: str | None, resource: str | None, api: str | None, form: str | None, wide: bool
) -> None:
    """
    List the roles that resources offer, such as a group's Member.

    Example: latchkey show roles --resource "Marketing resources"
    """
    _show(
        lambda graph: listings.roles(graph, catalog=catalog, resource=resource),
        listings.ROLE_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command()
@api_option
@form_options
def environments(api: str | None, form: str | None, wide: bool) -> None:
    """
    List the geographies of a multi-geo SharePoint tenant.

    Example: latchkey show environments
    """
    _show(listings.environments, listings.ENVIRONMENT_COLUMNS, api=api, form=form, wide=wide)


@show.command()
@catalog_option
@api_option
@form_options
def packages(catalog: str | None, api: str | None, form: str | None, wide: bool) -> None:
    """
    List access packages, what they give and for how long.

    Example: latchkey show packages --catalog General
    """
    _show(
        lambda graph: listings.packages(graph, catalog=catalog),
        listings.PACKAGE_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command(short_help="List policies: who may ask, how long, how many stages.")
@package_option
@api_option
@form_options
def policies(package: str | None, api: str | None, form: str | None, wide: bool) -> None:
    """
    List assignment policies: who may ask, for how long, and how many stages decide.

    Example: latchkey show policies --package finance-reports
    """
    _show(
        lambda graph: listings.policies(graph, package=package),
        listings.POLICY_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command(short_help="List requests for access, newest first.")
@package_option
@person_option
@click.option("--state", metavar="WORD", help="Only in this state, such as pendingApproval.")
@click.option("--open", "only_open", is_flag=True, help="Only those that are still under way.")
@api_option
@form_options
def requests(
    package: str | None,
    person: str | None,
    state: str | None,
    only_open: bool,
    api: str | None,
    form: str | None,
    wide: bool,
) -> None:
    """
    List requests to grant, extend or remove access, newest first.

    Example: latchkey show requests --package marketing-campaign --open
    """
    _show(
        lambda graph: holders.requests(
            graph, package=package, person=person, state=state, only_open=only_open
        ),
        holders.REQUEST_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command()
@package_option
@click.option("--policy", metavar="NAME", help="Only under this policy of the package.")
@person_option
@click.option(
    "--state", metavar="WORD", default="delivered", show_default=True, help="Only in this state."
)
@click.option("--all", "every_state", is_flag=True, help="In every state, those that ended too.")
@api_option
@form_options
def assignments(
    package: str | None,
    policy: str | None,
    person: str | None,
    state: str,
    every_state: bool,
    api: str | None,
    form: str | None,
    wide: bool,
) -> None:
    """
    List assignments: who has which access, and until when.

    Example: latchkey show assignments --person ann@contoso.com
    """
    if policy is not None and package is None:
        raise click.UsageError("--policy needs --package: a policy belongs to one package.")
    _show(
        lambda graph: holders.assignments(
            graph,
            package=package,
            policy_name=policy,
            person=person,
            state=None if every_state else state,
        ),
        holders.ASSIGNMENT_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command()
@click.argument("group")
@click.option("--direct", is_flag=True, help="Leave the members of groups within it out.")
@api_option
@form_options
def members(group: str, direct: bool, api: str | None, form: str | None, wide: bool) -> None:
    """
    List the people in GROUP, given by its whole name or its id.

    Example: latchkey show members "Marketing resources"
    """
    _show(
        lambda graph: holders.members(graph, group=group, direct=direct),
        holders.MEMBER_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


@show.command()
@click.argument("who", nargs=-1, required=True, metavar="E-MAIL…")
@api_option
@form_options
def people(who: tuple[str, ...], api: str | None, form: str | None, wide: bool) -> None:
    """
    List people with their manager and the packages they hold.

    Example: latchkey show people ann@contoso.com cy@contoso.com
    """
    _show(
        lambda graph: holders.people(graph, who=who),
        holders.PERSON_COLUMNS,
        api=api,
        form=form,
        wide=wide,
    )


def _show(
    read: Callable[[Graph], Awaitable[Sequence[Row]]],
    columns: Sequence[Column],
    *,
    api: str | None,
    form: str | None,
    wide: bool,
) -> None:
    write(with_graph(read, api=api), columns, form=form, wide=wide)
