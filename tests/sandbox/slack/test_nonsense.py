"""Whatever an app sends, the stand-in answers as Slack would: with a name for the error."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.slack.block_kit import BLOCKS, problems_with_blocks
from sandbox.slack.methods import METHODS

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "blocks", "elements", "value", "options", "title"]),
            part,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KNOWN = st.sampled_from(
    ["U0ANN", "D0ANN", "C0APPROVALS", "section", "actions", "button", "modal", "home", "mrkdwn"]
)
NAMES = [
    "channel",
    "user",
    "text",
    "blocks",
    "attachments",
    "metadata",
    "ts",
    "thread_ts",
    "view",
    "view_id",
    "trigger_id",
    "hash",
    "user_id",
    "users",
    "limit",
    "cursor",
    "oldest",
    "latest",
    "external_id",
    "email",
    "usergroup",
    "bot",
    "files",
    "filename",
    "length",
    "alt_txt",
    "channel_id",
    "channels",
    "initial_comment",
    "reply_broadcast",
]
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), KNOWN | JSON, max_size=8)

ANSWERS = st.dictionaries(
    st.sampled_from(
        ["text", "blocks", "replace_original", "delete_original", "response_type", "thread_ts"]
    ),
    KNOWN | JSON,
)


def api(workspace):
    """Return a client that calls the workspace without a network, and meets its exceptions."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(workspace.app),
        base_url="http://slack",
        headers={"authorization": "Bearer xoxb-1"},
    )


def new_workspace():
    """Return a seeded workspace in which Ann has a direct message and a home."""
    workspace = Workspace(
        clock=SandboxClock(), signing_secret="s", bot_token="xoxb-1", app_token="xapp-1"
    )
    workspace.seed()
    workspace.dm("U0ANN")
    return workspace


# A slow machine is no mistake.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@settings(UNHURRIED, max_examples=100)
@given(method=st.sampled_from(sorted(METHODS)), arguments=ARGUMENTS)
async def test_every_call_is_answered(method, arguments):
    """Never a crash: ok is true, or false with an error."""
    async with api(new_workspace()) as http:
        answer = (await http.post(f"/api/{method}", json=arguments)).json()
    assert answer["ok"] or isinstance(answer["error"], str)


PARTS = st.dictionaries(
    st.sampled_from(
        [
            "rows",
            "caption",
            "chart",
            "series",
            "segments",
            "axis_config",
            "categories",
            "data",
            "child_blocks",
            "title",
            "actions",
            "elements",
            "column_settings",
            "action_id",
            "label",
        ]
    ),
    st.lists(st.lists(KNOWN | JSON, max_size=2), max_size=3) | KNOWN | JSON,
    max_size=5,
)
BROKEN_BLOCKS = st.lists(
    st.builds(
        lambda kind, parts, inner: {**parts, **inner, "type": kind},
        st.sampled_from(sorted(BLOCKS)),
        PARTS,
        st.fixed_dictionaries(
            {},
            optional={
                "chart": PARTS.map(lambda parts: {**parts, "type": "bar"}),
                "child_blocks": st.lists(PARTS.map(lambda parts: {**parts, "type": "card"})),
            },
        ),
    ),
    max_size=3,
)


@given(blocks=BROKEN_BLOCKS, surface=st.sampled_from(["message", "modal", "home"]))
@settings(UNHURRIED, max_examples=200)
def test_every_block_is_judged(blocks, surface):
    """However broken it is, it is refused with a reason and not with an exception."""
    assert isinstance(problems_with_blocks(blocks, surface), list)


@pytest.mark.parametrize("text", ['"\\ud800"', "NaN", "1e999", "[" * 100_000])
async def test_unwritable_json_is_invalid(text):
    """Half characters, NaN and endless brackets are no JSON."""
    async with api(new_workspace()) as http:
        answer = await http.post(
            "/api/chat.postMessage",
            content=f'{{"channel": "U0ANN", "text": {text}}}',
            headers={"content-type": "application/json"},
        )
    assert answer.json() == {"ok": False, "error": "invalid_json"}


@given(body=st.binary(max_size=50) | ANSWERS.map(lambda answer: json.dumps(answer).encode()))
@settings(UNHURRIED, max_examples=50)
async def test_every_answer_at_a_response_url_is_answered(body):
    """With `ok`, or with plain text that names the error."""
    workspace = new_workspace()
    opaque = workspace.response_urls.issue(user="U0ANN", channel="D0ANN", ts=None)
    async with api(workspace) as http:
        answer = await http.post(f"/respond/{opaque}", content=body)
    assert answer.status_code in (200, 400, 404)
