"""Slash commands: whatever is typed, there is one helpful answer."""

from urllib.parse import urlencode

import pytest

from bot.requests.store import request_lists
from tests.harness.world import ANN, BO, DANA, EVE, GUS, eventually, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMANDS = ["/request-access", "/my-access", "/access-admin"]
ODD = {
    "nothing": "",
    "blanks": " \t  ",
    "a dot": ".",
    "quotes": "“marketing  campaigns”",
    "only quotes": "'\"`",
    "only because": "because",
    "because in front": "because marketing-campaign",
    "a colon": ":",
    "a colon and blanks": " : ",
    "dashes": "--- — –",
    "3,000 characters": "x" * 3_000,
    "3,000 words": "ab " * 1_000,
    "3,000 signs": "&<>" * 1_000,
    "3,000 emoji": "🗝" * 3_000,
    "mentions": "<!channel> <!here> <@U0DANA> <https://evil.example|click>",
    "markup": "*bold* _it_ ~gone~ ```code``` &amp; &lt;",
    "control characters": "marketing\x00\x07\x1b[31m\x7f",
    "another direction": "marketing\u202e\u2066ngiapmac",
    "invisible": "\u200b\u200d\ufeff",
    "combining": "m" + "\u0301" * 500,
    "a lone surrogate, as Slack may send it": "\\ud800",
    "SQL": "'; DROP TABLE request; --",
    "SQL wildcard": "%_%",
    "a path": "../../etc/passwd",
    "a template": "{{7*7}} ${7*7} %(name)s {0}",
    "a format": "%s%n%d",
    "JSON": '{"payload": 1}',
    "another script": "申请访问 доступ पहुँच",
    "a line break": "marketing\ncampaigns",
    "the word payload": "payload",
    "verbs": "pending pending",
    "remove nobody": "remove",
    "remove somebody unknown": "remove <@U0NOBODY> finance-reports",
    "remove a name": "remove @ann finance-reports",
    "remove without a package": "remove <@U0ANN>",
    "remove what they do not have": "remove <@U0ANN> finance-reports because",
    "assignments of nothing": "assignments no-such-package",
    "assignments of two": "assignments <@U0ANN> <@U0CY>",
    "assignments of a broken mention": "assignments <@>",
    "an unknown verb": "explode",
    "verb in capitals": "PENDING",
}


@pytest.mark.parametrize("typed", ODD)
@pytest.mark.parametrize("command", ["/request-access", "/access-admin"])
async def test_any_text_gets_a_valid_answer(world, command, typed):
    """Empty, odd, hostile or very long: an answer that Slack accepts, and never an excuse."""
    user = DANA if command == "/access-admin" else ANN

    outcome = await world.type(user, f"{command} {ODD[typed]}")

    assert (outcome.ok, outcome.status) == (True, 200), outcome
    if not ODD[typed].strip():
        # Without a name the answer is the form, and the console.
        await eventually(lambda: world.form(user), about="the form")
        return
    assert outcome.text
    assert "Something broke" not in outcome.text


@pytest.mark.parametrize("typed", ["3,000 signs", "mentions", "a word", "pst"])
async def test_what_my_access_does_not_know_is_said(world, typed):
    """With what can be typed there, and not the list as if nothing had been typed; it formats nothing and is not repeated whole."""
    outcome = await world.type(ANN, f"/my-access {ODD.get(typed, typed)}")

    assert outcome.ok
    assert "I do not know what “" in outcome.text
    assert "/my-access past" in outcome.text
    assert "<!channel>" not in outcome.text
    assert len(outcome.text) < 3_000


@pytest.mark.parametrize("typed", ["", "  ", "list", "page 1"])
async def test_the_list_of_what_one_has_is_asked_for_in_several_ways(world, typed):
    """Without a word, and by its name."""
    outcome = await world.type(ANN, f"/my-access {typed}")

    assert (outcome.ok, outcome.text) == (True, (await world.type(ANN, "/my-access")).text)


@pytest.mark.parametrize("typed", ["mentions", "3,000 signs"])
async def test_what_was_typed_comes_back_escaped(endpoint, answered, typed):
    """Nobody can make the bot mention a channel or show a false link."""
    shown = answered(await endpoint.command("/request-access", ODD[typed]))

    for forbidden in ("<!channel>", "<!here>", "<@U0DANA>", "<https:", "&<>"):
        assert forbidden not in shown


async def test_long_junk_is_not_echoed(endpoint, answered):
    """An answer to 3,000 characters of junk quotes only their beginning."""
    assert "x" * 100 not in answered(await endpoint.command("/request-access", "x" * 3_000))


async def test_the_word_payload_may_stand_in_the_text(endpoint, answered):
    """Bolt takes a form with those letters for an interaction; here it is a package's name."""
    shown = answered(await endpoint.command("/request-access", "payload-reports"))

    assert "“payload-reports”" in shown


@pytest.mark.parametrize("field", ["channel_name", "user_name", "team_domain"])
async def test_the_word_payload_may_stand_in_a_name(endpoint, answered, field):
    """Nor does a channel, a person or a workspace of that name break every command."""
    shown = answered(await endpoint.command("/request-access", "list", **{field: "payload"}))

    assert "What do you need access to?" in shown


async def test_a_field_called_payload_beside_a_command_decides_nothing(endpoint):
    """A command with a payload of its own is read as one or the other, and breaks nothing."""
    fields = endpoint.command_fields("/my-access") | {"payload": "{}"}
    body = urlencode(fields).encode()

    response = await endpoint.post(body, endpoint.signed(body))

    assert response.status_code < 500


@pytest.mark.parametrize("text", ["marketing campain", "finance", "Produktion Database"])
async def test_a_near_miss_is_offered_the_name(endpoint, answered, text):
    """Whoever mistypes is told what they probably meant, and nothing is asked for."""
    before = (await endpoint.bot.store.run(request_lists.counts))[0]

    assert "Do you mean" in answered(await endpoint.command("/request-access", text))
    assert (await endpoint.bot.store.run(request_lists.counts))[0] == before


@pytest.mark.parametrize(
    "text",
    [
        "marketing-campaign",
        "Marketing Campaign",
        "  MARKETING   campaign  ",
        "“Marketing Campaign”",
        "`marketing-campaign`",
        "marketing_campaign",
        "marketing-campaign because I run the launch",
        "Marketing Campaign: the launch",
        "marketing campaign - the launch",
    ],
)
async def test_any_spelling_of_the_name_will_do(endpoint, answered, text):
    """Capitals, spaces, quotes and a reason behind: it is the same package, asked for once."""
    shown = answered(await endpoint.command("/request-access", text, user_id="U0SPELLER"))

    assert "you may have" in shown or "You have already asked for" in shown


async def test_asking_again_says_since_when(world, endpoint, answered):
    """The same wish twice is one request; the second answer says how the first stands."""
    first = answered(await endpoint.command("/request-access", "finance-reports because Q4"))
    second = answered(await endpoint.command("/request-access", "Finance Reports because Q5"))

    assert "Asked for *Finance Reports*" in first
    assert "You have already asked for *Finance Reports*" in second


async def test_a_missing_reason_is_asked_for(endpoint, answered):
    """Where the policy wants a reason, the answer says so and offers the form."""
    shown = answered(await endpoint.command("/request-access", "production database"))

    assert "only given with a reason" in shown
    assert '"latchkey_ask"' in shown


async def test_a_package_that_is_not_for_asking_is_not_offered(world):
    """Everything that somebody may ask for is offered, with how long it lasts."""
    await world.type(DANA, "/request-access list")
    # Who has not been known before is looked up.
    await world.bot.background.finish()
    shown = said((await world.type(DANA, "/request-access list")).message)

    for name in ("Marketing Campaign", "Finance Reports", "Production Database", "Board Papers"):
        assert name in shown
    assert "30 days · no approval needed" in shown


@pytest.mark.parametrize("user", [ANN, BO, GUS])
@pytest.mark.parametrize("text", ["", "pending", "assignments", "remove <@U0ANN> finance-reports"])
async def test_admin_commands_are_for_admins(world, user, text):
    """Everybody else is told that they may not, and what is for them."""
    outcome = await world.type(user, f"/access-admin {text}")

    assert "Only Latchkey's admins can do that" in outcome.text
    assert "/my-access" in outcome.text


async def test_a_refused_look_is_on_record(world):
    """Who wanted to see a list and may not leaves an audit row."""
    await world.type(BO, "/access-admin pending")

    assert (BO, "refused") in [(who, verb) for who, verb, _ in await world.deeds()]


async def test_only_the_person_sees_the_answer(endpoint, answered):
    """No answer to a command is shown to the channel."""
    for command in COMMANDS:
        assert "in_channel" not in answered(await endpoint.command(command, "pending"))


async def test_another_workspace_is_kept_out(endpoint, answered):
    """A command of a workspace that we are not installed in gets one sentence and no row."""
    before = (await endpoint.bot.store.run(request_lists.counts))[0]

    shown = answered(
        await endpoint.command(
            "/request-access", "marketing-campaign", team_id="T0OTHER", user_id=EVE
        )
    )

    assert "Only members of the workspace" in shown
    assert (await endpoint.bot.store.run(request_lists.counts))[0] == before


async def test_a_command_of_nobody_is_no_server_error(endpoint):
    """A signed command without a user is answered, not broken on."""
    fields = endpoint.command_fields("/request-access", "marketing-campaign")
    del fields["user_id"]
    body = urlencode(fields).encode()

    assert (await endpoint.post(body, endpoint.signed(body))).status_code < 500


async def test_an_unknown_command_is_no_server_error(endpoint):
    """A command that the manifest does not have is not found."""
    assert (await endpoint.command("/explode")).status_code == 404
