"""The payloads and limits of the stand-in against independent samples, where those are at hand."""

from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from slack_bolt import BoltResponse

from sandbox.slack.block_kit import problems_with_blocks
from tests.sandbox.slack.blocks import ask, button, buttons, modal, option, plain, section
from tests.sandbox.slack.newer_blocks import GOOD_CHARTS, GOOD_LAYOUTS, GOOD_TABLES
from tests.sandbox.slack.test_block_kit import BAD, GOOD

CHECKER = Path(__file__).parents[4] / "shared" / "conformance" / "blockcheck.py"

THIN = ("view.close", "view.submit", "authorizations.[].team_id")
"""Where all samples are of one sort: homes without buttons, an app installed for a whole Grid."""

pytestmark = pytest.mark.skipif(not CHECKER.exists(), reason="the samples are not here")


@pytest.fixture(scope="module")
def check():
    """The checker, loaded from where it lies."""
    loader = SourceFileLoader("blockcheck", str(CHECKER))
    module = ModuleType(loader.name)
    module.__file__ = str(CHECKER)
    loader.exec_module(module)
    return module


async def test_every_payload_has_the_fields_of_real_ones(workspace, listening, client, check):
    """Commands, clicks, views, shortcuts and events are shaped like Slack's."""

    @listening.middleware
    async def accept(body):
        if body.get("command") == "/form":
            menu = {"type": "external_select", "action_id": "find", "min_query_length": 1}
            block = {"type": "input", "block_id": "c", "label": plain("C"), "element": menu}
            await client.views_open(
                trigger_id=body["trigger_id"],
                view=modal(
                    ask(optional=True),
                    {**block, "optional": True},
                    buttons(button("more")),
                    close=plain("Cancel"),
                    notify_on_close=True,
                ),
            )
        return BoltResponse(status=200)

    workspace.bot_events.add("message.im")
    card = await client.chat_postMessage(
        channel="U0ANN",
        text="Card",
        blocks=[section("Card"), buttons(button("go"))],
        metadata={"event_type": "card", "event_payload": {"id": "1"}},
    )
    hidden = await client.chat_postEphemeral(
        channel=card["channel"], user="U0ANN", text="Card", blocks=[buttons(button("go"))]
    )
    ann = {"user": "U0ANN"}
    here = {**ann, "channel": card["channel"]}
    await workspace.click(**here, ts=card["ts"], action_id="go")
    await workspace.click(**here, ts=hidden["message_ts"], action_id="go")
    await workspace.say(**here, text="Hello")
    await workspace.shortcut(**here, ts=card["ts"], callback_id="s")
    await workspace.shortcut(**ann, callback_id="s")
    await client.views_publish(
        user_id="U0ANN", view={"type": "home", "blocks": [buttons(button("go"))]}
    )
    await workspace.open_home(**ann)
    home = workspace.people["U0ANN"].home
    await workspace.click_view(**ann, view_id=home.id, action_id="go")
    for finish in ("submit", "close"):
        await workspace.command(**ann, channel="C0GENERAL", command="/form", text="")
        view = workspace.people["U0ANN"].modals[-1]
        await workspace.click_view(**ann, view_id=view.id, action_id="more")
        await workspace.suggest(**ann, view_id=view.id, action_id="find", query="a")
        if finish == "submit":
            await workspace.submit(**ann, view_id=view.id, values={})
        else:
            await workspace.close(**ann, view_id=view.id)
    await workspace.uninstall()

    problems: dict[str, set[str]] = {}
    kinds = set()
    for delivery in workspace.deliveries:
        kinds.add(check.payload_kind(delivery.payload))
        problems.setdefault(check.payload_kind(delivery.payload), set()).update(
            problem
            for problem in check.check_payload(delivery.payload)
            if problem.where not in THIN
        )
    assert {kind: found for kind, found in problems.items() if found} == {}
    assert kinds == {
        "slash_command",
        "block_actions",
        "block_suggestion",
        "view_submission",
        "view_closed",
        "shortcut",
        "message_action",
        "event:app_home_opened",
        "event:message",
        "event:tokens_revoked",
        "event:app_uninstalled",
    }


@pytest.mark.parametrize("surface", ["message", "modal", "home"])
def test_good_and_bad_blocks_are_judged_alike(check, surface):
    """Both say yes to the good ones and no to the bad ones."""
    for block in [*GOOD, *(block for block, _ in BAD.values())]:
        ours = bool(problems_with_blocks([block], surface))
        assert ours == bool(check.check_blocks([block], surface)), block


def test_newer_blocks_pass_there_too(check):
    """What we let pass, it lets pass; we refuse more, where what is published differs."""
    for block in [*GOOD_TABLES, *GOOD_CHARTS, *GOOD_LAYOUTS]:
        assert check.check_blocks([block], "message") == [], block


def test_limits_are_the_same_to_the_character(check):
    """The longest allowed texts pass in both, one more passes in neither."""
    cases = [
        (3000, lambda n: section("x" * n)),
        (2000, lambda n: {"type": "section", "fields": [plain("x" * n)]}),
        (150, lambda n: {"type": "header", "text": plain("x" * n)}),
        (75, lambda n: buttons(button("a", label="x" * n))),
        (2000, lambda n: buttons(button("a", value="x" * n))),
        (255, lambda n: buttons(button("a" * n))),
        (255, lambda n: buttons(button("a"), block_id="b" * n)),
        (2000, lambda n: ask(hint=plain("x" * n))),
        (
            150,
            lambda n: buttons(
                {
                    "type": "static_select",
                    "action_id": "a",
                    "options": [{**option("a"), "value": "x" * n}],
                }
            ),
        ),
    ]
    for most, build in cases:
        for length in (most, most + 1):
            block = build(length)
            ours = problems_with_blocks([block], "modal")
            theirs = check.check_blocks([block], "modal")
            assert bool(ours) == bool(theirs) == (length > most), (most, block["type"])
