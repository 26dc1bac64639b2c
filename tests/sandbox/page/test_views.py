"""Modals and the App Home."""

from sandbox.slack.model import View
from tests.sandbox.page.conftest import MODAL, Sandbox

FIELD_WHY = 'input ["why", "words"]'
FIELD_TELL = 'input ["tell", "whom"]'


async def modal(sandbox: Sandbox) -> View:
    """The app's modal in front of Bo."""
    trigger = sandbox.workspace.triggers.issue(user="U0BO")
    await sandbox.api("views.open", trigger_id=trigger, view=MODAL)
    return sandbox.workspace.people["U0BO"].modals[-1]


async def test_a_modal_is_a_dialog_with_its_inputs(sandbox: Sandbox) -> None:
    """Title, labels, inputs and both buttons are there, for that person only."""
    await modal(sandbox)
    html = await sandbox.see("U0BO")
    assert 'data-testid="modal"' in html
    assert "Deny this request" in html
    assert 'data-testid="input-words"' in html
    assert 'data-testid="modal-submit"' in html
    assert 'data-testid="modal"' not in await sandbox.see("U0ANN")


async def test_a_submitted_modal_carries_what_was_filled_in(sandbox: Sandbox) -> None:
    """Text as typed, checkboxes as a list; an empty answer closes it."""
    view = await modal(sandbox)
    answer = await sandbox.do(
        "/view/submit",
        as_="U0BO",
        view=view.id,
        **{FIELD_WHY: "Not\r\nnow", FIELD_TELL: ["cy", "mia"]},
    )
    state = sandbox.bot.received[-1]["view"]["state"]["values"]
    assert state["why"]["words"]["value"] == "Not\nnow"
    assert [each["value"] for each in state["tell"]["whom"]["selected_options"]] == ["cy", "mia"]
    assert 'data-testid="modal"' not in answer.text


async def test_errors_of_the_app_stand_below_their_input(sandbox: Sandbox) -> None:
    """The modal stays open with the typed text and the app's words."""
    view = await modal(sandbox)
    sandbox.bot.answer = {"response_action": "errors", "errors": {"why": "Say <more>."}}
    answer = await sandbox.do("/view/submit", as_="U0BO", view=view.id, **{FIELD_WHY: "no"})
    assert 'data-testid="error-why">Say &lt;more&gt;.</p>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert ">no</textarea>" in answer.text


async def test_a_required_input_left_empty_never_reaches_the_app(sandbox: Sandbox) -> None:
    """The form itself objects."""
    view = await modal(sandbox)
    answer = await sandbox.do("/view/submit", as_="U0BO", view=view.id)
    assert 'data-testid="error-why"' in answer.text
    assert not sandbox.bot.received


async def test_closing_a_modal_takes_it_away(sandbox: Sandbox) -> None:
    """Cancel, the cross and Escape all end here."""
    view = await modal(sandbox)
    answer = await sandbox.do("/view/close", as_="U0BO", view=view.id)
    assert 'data-testid="modal"' not in answer.text
    assert not sandbox.workspace.people["U0BO"].modals


async def test_nobody_submits_the_modal_of_another(sandbox: Sandbox) -> None:
    """A view belongs to the person in front of it."""
    view = await modal(sandbox)
    answer = await sandbox.do("/view/submit", as_="U0ANN", view=view.id, **{FIELD_WHY: "x"})
    assert 'data-testid="toast"' in answer.text
    assert view.id not in answer.text
    assert not sandbox.bot.received


async def test_opening_the_home_tab_tells_the_app(sandbox: Sandbox) -> None:
    """The app hears of it and may publish a view."""
    html = await sandbox.see("U0ANN", "home")
    assert 'hx-post="/home"' in html
    await sandbox.do("/home", in_="home")
    event = sandbox.bot.received[-1]["event"]
    assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", "U0ANN", "home")


async def test_the_home_tab_shows_what_was_published(sandbox: Sandbox) -> None:
    """Blocks with working buttons, for this person."""
    button = {
        "type": "button",
        "action_id": "latchkey_return",
        "value": "a1",
        "text": {"type": "plain_text", "text": "Return"},
    }
    text = {"type": "mrkdwn", "text": "*Finance Reports*"}
    blocks = [{"type": "section", "block_id": "b", "text": text, "accessory": button}]
    await sandbox.api("views.publish", user_id="U0ANN", view={"type": "home", "blocks": blocks})
    html = await sandbox.see("U0ANN", "home")
    assert "<strong>Finance Reports</strong>" in html
    home = sandbox.workspace.people["U0ANN"].home
    assert home is not None
    await sandbox.do(
        "/view/click", in_="home", view=home.id, action_id="latchkey_return", block_id="b"
    )
    assert sandbox.bot.received[-1]["actions"][0]["value"] == "a1"


async def test_an_empty_home_says_so(sandbox: Sandbox) -> None:
    """Before the app published anything."""
    assert "has not filled Cy Chen" in await sandbox.see("U0CY", "home")


PICKING = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Ask"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "way",
            "dispatch_action": True,
            "label": {"type": "plain_text", "text": "Which?"},
            "element": {
                "type": "static_select",
                "action_id": "way",
                "options": [
                    {"text": {"type": "plain_text", "text": "Long"}, "value": "long"},
                    {"text": {"type": "plain_text", "text": "Short"}, "value": "short"},
                ],
            },
        },
        {
            "type": "input",
            "block_id": "start",
            "label": {"type": "plain_text", "text": "From when?"},
            "element": {"type": "datetimepicker", "action_id": "start"},
        },
    ],
}


async def test_a_choice_that_the_app_wants_to_hear_of_carries_what_was_picked(
    sandbox: Sandbox,
) -> None:
    """A moment is picked by the person's own clock."""
    trigger = sandbox.workspace.triggers.issue(user="U0BO")
    await sandbox.api("views.open", trigger_id=trigger, view=PICKING)
    view = sandbox.workspace.people["U0BO"].modals[-1]
    assert 'type="datetime-local"' in await sandbox.see("U0BO")

    await sandbox.do(
        "/view/click",
        as_="U0BO",
        view=view.id,
        block_id="way",
        action_id="way",
        **{'input ["way", "way"]': "short", 'input ["start", "start"]': "2026-07-01T12:00"},
    )

    heard = sandbox.bot.received[-1]
    assert heard["actions"][0]["selected_option"]["value"] == "short"
    picked = heard["view"]["state"]["values"]["start"]["start"]["selected_date_time"]
    assert picked == 1_782_900_000
    assert "2026-07-01T12:00" in await sandbox.see("U0BO")
