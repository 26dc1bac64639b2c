"""Small pieces of Block Kit that several tests post."""


def section(text):
    """Return a section with mrkdwn text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def plain(text):
    """Return a plain_text object."""
    return {"type": "plain_text", "text": text}


def button(action_id, value="one", label="Press"):
    """Return a button."""
    return {"type": "button", "action_id": action_id, "value": value, "text": plain(label)}


def buttons(*elements, block_id="choices"):
    """Return an actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def option(value):
    """Return a menu entry."""
    return {"text": plain(value.title()), "value": value}


def ask(block_id="why", action_id="text", **more):
    """Return an input block with a text field."""
    element = {"type": "plain_text_input", "action_id": action_id}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Why?"),
        "element": element,
        **more,
    }


def modal(*blocks, **more):
    """Return a modal that can be submitted."""
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Ask"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }
