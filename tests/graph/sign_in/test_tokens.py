"""Test which token travels with a call, and what follows when Graph refuses it."""

import base64
import json

import httpx
import pytest

from graph import Graph, StaticToken
from graph.errors import (
    AuthError,
)
from tests.graph.wire import Wire, graph_on, refusal

SUBMITTED = {"id": "r", "state": "submitted"}
USER = {"id": "u", "displayName": "Ann"}


class RenewedTokens:
    """Tokens of which the first is refused."""

    def __init__(self) -> None:
        self.claims: list[str | None] = []

    async def token(self) -> str:
        return "old"

    async def refresh(self, claims: str | None = None) -> str:
        self.claims.append(claims)
        return "new"


async def add(graph: Graph) -> None:
    """The one write that must never be repeated."""
    await graph.assignment_requests.create(
        request_type="adminAdd", target_id="u", policy_id="p", package_id="q"
    )


async def test_a_refused_token_is_renewed_once():
    """A 401 comes before anything is done, so that even a write may follow with a new token."""
    tokens = RenewedTokens()
    wire = Wire(refusal(401, "InvalidAuthenticationToken"), httpx.Response(201, json=SUBMITTED))

    await add(graph_on(wire, tokens=tokens))

    assert [each.headers["authorization"] for each in wire.requests] == ["Bearer old", "Bearer new"]
    assert tokens.claims == [None]


async def test_a_claims_challenge_is_passed_on():
    """What Graph wants the next token to carry reaches whoever gets it."""
    tokens = RenewedTokens()
    claims = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
    encoded = base64.b64encode(json.dumps(claims).encode()).decode()
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{encoded}"'
    wire = Wire(refusal(401, "InvalidAuthenticationToken", **{"WWW-Authenticate": challenge}), USER)

    await graph_on(wire, tokens=tokens).users.get("u")

    assert json.loads(str(tokens.claims[0])) == claims


async def test_a_token_refused_twice_is_an_auth_error():
    """One renewal, no loop; and nothing happened."""
    wire = Wire(refusal(401, "InvalidAuthenticationToken"))

    with pytest.raises(AuthError) as caught:
        await add(graph_on(wire, tokens=RenewedTokens()))

    assert len(wire.requests) == 2
    assert not caught.value.may_have_happened


async def test_a_persons_token_is_used_when_given():
    """Requests of a person travel with that person's token, not the app's."""
    wire = Wire(httpx.Response(201, json=SUBMITTED))

    await graph_on(wire).assignment_requests.create(
        request_type="userAdd", target_id="u", token=StaticToken("anns")
    )

    assert wire.requests[0].headers["authorization"] == "Bearer anns"


async def test_a_persons_refused_token_asks_for_a_new_sign_in():
    """Nobody but the person can renew it."""
    wire = Wire(refusal(401, "InvalidAuthenticationToken"))

    with pytest.raises(AuthError, match="sign in again"):
        await graph_on(wire, tokens=StaticToken("gone")).users.get("u")
