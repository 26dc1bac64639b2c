"""The endpoint: whatever is not Slack's is turned away, and nothing breaks."""

import json
from urllib.parse import urlencode

import pytest

from bot import clock
from bot.requests.store import request_lists

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NOT_SLACK = {"x-slack-signature": f"v0={'0' * 64}"}

pytestmark = pytest.mark.asyncio(loop_scope="module")

JUNK = {
    "empty": (b"", FORM),
    "no JSON": (b"{", JSON),
    "a JSON list": (b"[1, 2]", JSON),
    "JSON null": (b"null", JSON),
    "a JSON number that is too long": (b"9" * 5_000, JSON),
    "NaN": (b'{"a": NaN}', JSON),
    "no type": (b"{}", ""),
    "payload that is no JSON": (b"payload=%7Bbad", FORM),
    "payload null": (b"payload=null", FORM),
    "payload list": (b"payload=%5B1%2C2%5D", FORM),
    "payload number": (b"payload=7", FORM),
    "payload empty": (b"payload=", FORM),
    "payload twice": (b"payload=%7B%7D&payload=%7Bbad", FORM),
    "payload with a broken escape": (b"payload=%7B%22a%22%3A%22%ED%A0%80%22%7D", FORM),
    "not UTF-8": (b"command=%2Frequest-access&text=\xff\xfe", FORM),
    "not UTF-8 JSON": (b'{"a": "\xff"}', JSON),
    "zeroes": (b"\x00" * 100, FORM),
    "deep JSON": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, JSON),
    "deep payload": (urlencode({"payload": "[" * 100_000}).encode(), FORM),
    "no form at all": (b"<xml/>", "text/xml"),
    "many fields": (b"&".join(b"a%d=1" % n for n in range(5_000)), FORM),
    "unknown charset": (b"a=1", f"{FORM}; charset=klingon"),
    "a challenge": (b'{"type": "url_verification", "challenge": "x"}', JSON),
    "a true command": (
        urlencode({"command": "/request-access", "text": "marketing-campaign"}).encode(),
        FORM,
    ),
}


@pytest.mark.parametrize("junk", JUNK)
async def test_unsigned_junk_is_turned_away(endpoint, junk):
    """Whoever cannot sign gets a 4xx, whatever they send."""
    body, content_type = JUNK[junk]
    headers = {
        "content-type": content_type,
        "x-slack-request-timestamp": str(int(clock.real().timestamp())),
        **NOT_SLACK,
    }

    response = await endpoint.post(body, headers)

    assert 400 <= response.status_code < 500


@pytest.mark.parametrize("junk", JUNK)
async def test_junk_without_any_header_is_turned_away(endpoint, junk):
    """No signature, no timestamp, no type: a 4xx."""
    response = await endpoint.post(JUNK[junk][0], {})

    assert 400 <= response.status_code < 500


@pytest.mark.parametrize("junk", [name for name in JUNK if name != "a challenge"])
async def test_signed_junk_is_never_a_server_error(endpoint, junk):
    """Even with the right signature, what is no payload of Slack's ends below 500."""
    body, content_type = JUNK[junk]

    response = await endpoint.post(body, endpoint.signed(body) | {"content-type": content_type})

    assert response.status_code < 500


@pytest.mark.parametrize("name", ["type", "event"])
@pytest.mark.parametrize("value", ["block_actions", "view_submission", "event_callback", "{}", ""])
async def test_a_command_that_says_it_is_something_else_is_turned_away(endpoint, name, value):
    """It would be taken for both."""
    fields = endpoint.command_fields("/my-access", "") | {name: value}
    body = urlencode(fields).encode()

    response = await endpoint.post(body, endpoint.signed(body) | {"content-type": FORM})

    assert response.status_code == 400


async def test_what_says_it_is_a_command_as_well_is_turned_away(endpoint):
    """An event and a click that would be taken for both."""
    event = endpoint.event(
        {"type": "app_home_opened", "user": "U0ANN", "tab": "home"}, event_id="Ev2"
    )
    body = json.dumps(event | {"command": "/my-access"}).encode()
    said = await endpoint.post(body, endpoint.signed(body) | {"content-type": JSON})
    click = endpoint.click_payload("latchkey_cancel", "x")
    clicked = [
        await endpoint.interact(click | {name: "/my-access"}) for name in ("command", "event")
    ]

    assert [said.status_code, *(each.status_code for each in clicked)] == [400, 400, 400]


@pytest.mark.parametrize(("value", "status"), [("1", 200), ("0", 400), ("", 400), ("yes", 400)])
async def test_only_a_real_check_of_the_certificate_needs_no_command(endpoint, value, status):
    """Slack sends ssl_check=1 and nothing else; any other value does not open the endpoint."""
    body = urlencode({"ssl_check": value, "token": "t", "type": "block_actions"}).encode()

    response = await endpoint.post(body, endpoint.signed(body) | {"content-type": FORM})

    assert response.status_code == status


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-slack-request-timestamp", "soon"),
        ("x-slack-request-timestamp", ""),
        ("x-slack-request-timestamp", "-1"),
        ("x-slack-request-timestamp", "1e9"),
        ("x-slack-request-timestamp", "9" * 400),
        ("x-slack-request-timestamp", "1531420618"),
        ("x-slack-request-timestamp", "٣" * 10),
        ("x-slack-signature", ""),
        ("x-slack-signature", "v0="),
        ("x-slack-signature", "v0=é"),
        ("x-slack-signature", "v1=" + "0" * 64),
        ("x-slack-signature", "v0=" + "0" * 10_000),
    ],
)
async def test_a_wrong_header_is_turned_away(endpoint, header, value):
    """Timestamps that are no numbers, signatures that are not ASCII: 401, before Bolt sees them."""
    body = urlencode(endpoint.command_fields("/my-access")).encode()

    response = await endpoint.post(body, endpoint.signed(body) | {header: value.encode()})

    assert response.status_code == 401


@pytest.mark.parametrize("seconds", [-301 - 5, 301 + 5])
async def test_a_signature_of_another_time_is_turned_away(endpoint, seconds):
    """A captured request is worth nothing after five minutes."""
    body = urlencode(endpoint.command_fields("/my-access")).encode()

    response = await endpoint.post(
        body, endpoint.signed(body, at=clock.real().timestamp() + seconds)
    )

    assert response.status_code == 401


async def test_a_changed_body_is_turned_away(endpoint):
    """The signature covers every byte."""
    body = urlencode(endpoint.command_fields("/my-access")).encode()

    response = await endpoint.post(body + b"&user_id=U0DANA", endpoint.signed(body))

    assert response.status_code == 401


async def test_two_megabytes_are_not_read(endpoint):
    """A body that is too large is a 413, signed or not."""
    body = urlencode(endpoint.command_fields("/my-access", "x" * 2_000_000)).encode()

    assert (await endpoint.post(body, {})).status_code == 413
    assert (await endpoint.post(body, endpoint.signed(body))).status_code == 413


async def test_bolts_own_headers_do_nothing_from_outside(endpoint, answered):
    """Headers that switch Bolt's modes are not signed by Slack, so they must not count."""
    body = urlencode(endpoint.command_fields("/my-access")).encode()
    modes = {
        "x-slack-bolt-lazy-only": "1",
        "x-slack-bolt-lazy-function-name": "access_admin",
    }

    assert "You have no access" in answered(
        await endpoint.post(body, endpoint.signed(body) | modes)
    )


async def test_only_post_is_accepted(endpoint):
    """Slack posts; everything else is told so."""
    assert (await endpoint.http.get("/slack/events")).status_code == 405


async def test_slack_can_verify_the_address(endpoint):
    """The signed challenge comes back, which is how Slack checks a Request URL."""
    body = json.dumps({"token": "t", "challenge": "3eZbrw", "type": "url_verification"}).encode()

    response = await endpoint.post(body, endpoint.signed(body) | {"content-type": JSON})

    assert (response.status_code, response.json()) == (200, {"challenge": "3eZbrw"})


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        [],
        {},
        {"type": "app_home_opened"},
        {"type": "app_home_opened", "tab": "home"},
        {"type": "app_home_opened", "tab": "home", "user": None},
        {"type": "message", "text": "hello"},
        {"type": "message", "channel_type": "im", "subtype": []},
        {"type": ["message"]},
        {"type": {"message": 1}},
        {"type": None},
        {"type": 7},
        {"type": "app_uninstalled"},
    ],
)
async def test_a_strange_event_is_no_server_error(endpoint, event):
    """Signed, but not what is listened to, or not all of it: never a 500, which Slack would count."""
    body = json.dumps(endpoint.event(event, event_id="Ev1")).encode()

    response = await endpoint.post(body, endpoint.signed(body) | {"content-type": JSON})

    assert response.status_code < 500


async def test_nothing_that_was_turned_away_left_a_row(endpoint):
    """A forged command leaves no trace in the tables."""
    before = (await endpoint.bot.store.run(request_lists.counts))[0]
    body = urlencode(endpoint.command_fields("/request-access", "marketing-campaign")).encode()

    await endpoint.post(body, endpoint.signed(body) | NOT_SLACK)

    assert (await endpoint.bot.store.run(request_lists.counts))[0] == before
