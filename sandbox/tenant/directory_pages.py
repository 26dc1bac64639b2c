"""Serve what users and groups share: their pages, their references, their advanced queries."""

from collections.abc import Collection

from sandbox.tenant.call import Answer, Ask
from sandbox.tenant.errors import Refusal, bad_request, no_such_object
from sandbox.tenant.model import User
from sandbox.tenant.shapes import object_entity, user_entity

# The directory's own page size; $top may lower or raise it up to the maximum.
PAGE_SIZE = 100
MAX_TOP = 999
# "The request is limited to 15 expressions in the filter clause by default" (known issues, on `in`).
MAX_TERMS = 15
_ADVANCED = {"endswith"}


def page_size(ask: Ask) -> int:
    """$top where it is given. Raises Refusal when it is out of range."""
    top = ask.query.options.get("$top")
    if top is None:
        return min(PAGE_SIZE, ask.page_size)
    if not top.isdigit() or not 1 <= int(top) <= MAX_TOP:
        raise bad_request(f"Invalid page size specified: '{top}'.", code="Request_BadRequest")
    return int(top)


def check_advanced(ask: Ask) -> None:
    """$count, $search and endsWith want ConsistencyLevel: eventual and $count=true."""
    condition = ask.query.filter
    if condition is not None and condition.terms > MAX_TERMS:
        raise bad_request(
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{condition.terms}. Max allowed: {MAX_TERMS}.",
            code="Request_UnsupportedQuery",
        )
    advanced = "$search" in ask.query.options or "$count" in ask.query.options
    if condition is not None and condition.functions & _ADVANCED:
        advanced = True
    if advanced and ask.headers.get("consistencylevel", "").lower() != "eventual":
        raise Refusal(
            400,
            "Request_UnsupportedQuery",
            "Operator is not supported because the required parameters might be missing. Try "
            "adding $count=true query parameter and ConsistencyLevel:eventual header. Refer to "
            "https://aka.ms/graph-docs/advanced-queries for more information",
        )


def page_of_users(ask: Ask, users: list[User]) -> Answer:
    """One page of users."""
    return ask.many(
        users,
        "users",
        shape=lambda user: user_entity(ask.world, user, ask.version),
        page_size=page_size(ask),
    )


def page_of_objects(ask: Ask, ids: list[str]) -> Answer:
    """Users and groups mixed, each with the @odata.type that tells them apart."""
    return ask.many(
        [each for each in ids if each in ask.world.users or each in ask.world.groups],
        "directoryObjects",
        shape=lambda object_id: object_entity(ask.world, object_id, ask.version),
        page_size=page_size(ask),
    )


def referenced(ask: Ask, known: Collection[str]) -> str:
    """The id at the end of an @odata.id. Raises Refusal when nothing has it."""
    found = str(ask.body.get("@odata.id", "")).rstrip("/").rsplit("/", 1)[-1]
    if found not in known:
        raise no_such_object(found)
    return found
