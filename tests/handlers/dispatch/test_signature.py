"""Signing secrets: the current one, the one before it during a rotation, and never an empty one."""

import dataclasses
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot import clock
from handlers.dispatch.signature import Signatures
from tests.handlers.conftest import Endpoint
from tests.harness.doctoring import doctors_findings
from tests.harness.world import living

PREVIOUS = "the-secret-before"
FAR_AWAY = "2099-01-01"
ROTATING: dict[str, Any] = {
    "SLACK_SIGNING_SECRET_PREVIOUS": PREVIOUS,
    "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": FAR_AWAY,
}


@pytest.fixture
def database(tmp_path, sqlite_template):
    """An empty one for each test, as each has a bot of its own."""
    return shutil.copy(sqlite_template, tmp_path / "latchkey.db")


@pytest.fixture
async def world(database):
    """A bot in the middle of a rotation."""
    async with living(database, **ROTATING) as made:
        yield made


def knocking(world, secret):
    """Somebody who signs with *secret*."""
    transport = httpx.ASGITransport(app=world.bot.asgi, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://latchkey")
    return Endpoint(world.bot, secret, client)


async def test_both_secrets_are_accepted_during_a_rotation(world, answered):
    """What Slack signs with the old secret is as good as with the new one."""
    new = knocking(world, world.slack.signing_secret)
    old = dataclasses.replace(new, secret=PREVIOUS)

    for endpoint in (new, old):
        assert "You have no access" in answered(await endpoint.command("/my-access"))


async def test_no_other_secret_is_accepted_during_a_rotation(world):
    """Two are accepted, and the empty one is never among them."""
    for secret in ("a-third-secret", "", PREVIOUS + " ", PREVIOUS[:-1]):
        assert (await knocking(world, secret).command("/my-access")).status_code == 401


async def test_the_doctor_says_that_an_old_secret_is_still_accepted(world):
    """So that nobody forgets to end the rotation."""
    said = [finding.sentence for finding in await doctors_findings(world.bot)]

    assert any("take SLACK_SIGNING_SECRET_PREVIOUS away" in sentence for sentence in said)


async def test_the_old_secret_is_refused_once_it_is_taken_away(database):
    """The rotation ends with the setting; an empty one is none."""
    async with living(database, SLACK_SIGNING_SECRET_PREVIOUS="") as world:
        assert (await knocking(world, PREVIOUS).command("/my-access")).status_code == 401
        assert (await knocking(world, "").command("/my-access")).status_code == 401
        said = [finding.sentence for finding in await doctors_findings(world.bot)]
        assert any(each.startswith("One signing secret is accepted.") for each in said)


async def test_nobody_can_post_in_socket_mode(database):
    """There is no endpoint there, whatever a request is signed with."""
    async with living(database, socket_mode=True, **ROTATING) as world:
        for secret in (world.slack.signing_secret, PREVIOUS, ""):
            answer = await knocking(world, secret).command("/my-access")
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("secret", "previous"), [("", None), ("good", ""), ("  ", None), ("good", "\n"), ("", "good")]
)
def test_an_empty_secret_is_no_secret(secret, previous):
    """Anybody could sign with it."""
    before = None if previous is None else (previous, datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="no signing secret, or an empty one"):
        Signatures(secret, previous=before)


@pytest.fixture
def stopped():
    """The clock stands at the moment of Slack's worked example."""
    clock.use(lambda: datetime.fromtimestamp(EXAMPLE_TIME, UTC))
    yield
    clock.use(clock.machine_time)


@pytest.mark.parametrize(
    ("by", "holds"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_a_signature_is_valid_for_five_minutes(stopped, by, holds):
    """Before and after, as clocks differ both ways."""
    endpoint = Endpoint(bot=None, secret="good", http=None)  # type: ignore[arg-type]
    made = endpoint.signed(b"body", at=EXAMPLE_TIME + by)

    assert holds is Signatures("good").verify(
        b"body",
        timestamp=made["x-slack-request-timestamp"],
        signature=made["x-slack-signature"],
    )


# The worked example of docs.slack.dev, "Verifying requests from Slack".
EXAMPLE_TIME = 1531420618
EXAMPLE_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
EXAMPLE_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
EXAMPLE_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def test_the_example_in_slacks_documentation_verifies(stopped):
    """And not with one byte more."""
    example = {"timestamp": str(EXAMPLE_TIME), "signature": EXAMPLE_SIGNATURE}

    assert Signatures(EXAMPLE_SECRET).verify(EXAMPLE_BODY, **example)
    assert not Signatures("another").verify(EXAMPLE_BODY, **example)
    assert not Signatures(EXAMPLE_SECRET).verify(EXAMPLE_BODY + b" ", **example)


@pytest.mark.parametrize(("seconds_left", "holds"), [(1, True), (0, False), (-86_400, False)])
def test_the_old_secret_is_accepted_until_it_expires(stopped, seconds_left, holds):
    """While the process runs: nobody need restart it for that."""
    until = clock.real() + timedelta(seconds=seconds_left)
    known = Signatures("another", previous=(EXAMPLE_SECRET, until))

    assert holds is known.verify(
        EXAMPLE_BODY, timestamp=str(EXAMPLE_TIME), signature=EXAMPLE_SIGNATURE
    )


async def test_the_doctor_says_that_an_old_secret_is_over(database):
    """It is a secret that lies around for nothing."""
    over: dict[str, Any] = {**ROTATING, "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": "2020-01-01"}
    async with living(database, **over) as world:
        assert (await knocking(world, PREVIOUS).command("/my-access")).status_code == 401
        found = [each for each in await doctors_findings(world.bot) if not each.fine]
        assert any("its time is over" in each.sentence for each in found)
