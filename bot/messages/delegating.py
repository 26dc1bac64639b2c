"""Say who decides for whom, and until when: to those concerned, in lists, and in the form that lets somebody decide."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.messages.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    escape,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.people.model import Delegation

# Titles of modals take 24 characters.
TITLE: Final = "Who decides for you?"
CALLBACK: Final = "latchkey_delegation"
WHO: Final = "delegate"
UNTIL: Final = "until"
USUALLY: Final = timedelta(days=7)
MOST_LISTED: Final = 40
# Of either sort, in the list of one person: a message takes 50 blocks.
MOST_OWN: Final = 20
NOT_KNOWN: Final = "Only full members of this workspace who are known in Entra can decide for somebody, or let somebody decide."
ONLY_WHILE: Final = (
    "It counts for what you may decide yourself, as long as you may; nobody decides their own request. Each "
    "decision names both of you."
)
HOW_FOR_ADMINS: Final = "`/access-admin delegate @approver to @delegate until friday` lets somebody decide for an approver."


def made(delegation: Delegation, *, reader: str) -> Message:
    """Answer whoever lets somebody decide."""
    until = moment(delegation.ends_at)
    if reader == delegation.delegator:
        return message(
            f"Until {until}, {person(delegation.delegate)} may decide for you, and is asked about what you are "
            f"asked. I will tell them. {ONLY_WHILE}"
        )
    return message(
        f"Until {until}, {person(delegation.delegate)} may decide for {person(delegation.delegator)}. I will tell both."
    )


def told_delegate(delegation: Delegation) -> Message:
    """Tell somebody that they may decide for an approver."""
    by = ""
    if delegation.made_by != delegation.delegator:
        by = f" {person(delegation.made_by)} has arranged it."
    text = (
        f"Until {moment(delegation.ends_at)}, you may decide for {person(delegation.delegator)} about requests for "
        f"access.{by} You are asked about what they are asked; your own requests are not among it, and each decision "
        "names both of you."
    )
    return message(text, [section(text), _cancel_row(delegation, label="I can't")])


def told_delegator(delegation: Delegation) -> Message:
    """Tell an approver that an admin lets somebody decide for them."""
    text = (
        f"{person(delegation.made_by)} lets {person(delegation.delegate)} decide for you until "
        f"{moment(delegation.ends_at)}. {ONLY_WHILE}"
    )
    return message(text, [section(text), _cancel_row(delegation, label="Cancel")])


def over(delegation: Delegation, *, reader: str) -> Message:
    """Replace what was said of a delegation that has ended before its time, or by itself."""
    if reader == delegation.delegate:
        return message(f"You no longer decide for {person(delegation.delegator)}.")
    return message(f"{person(delegation.delegate)} no longer decides for you.")


def canceled(delegation: Delegation, *, reader: str) -> Message:
    """Say that a delegation has ended before its time, to whoever ended it or is concerned."""
    who, whom = person(delegation.delegate), person(delegation.delegator)
    why = f" {escape(delegation.canceled_why)}" if delegation.canceled_why else ""
    if reader == delegation.delegate:
        return message(f"You no longer decide for {whom}.{why}")
    if reader == delegation.delegator:
        return message(f"{who} no longer decides for you.{why}")
    return message(f"{who} no longer decides for {whom}.{why}")


def listed_own(given: Sequence[Delegation], received: Sequence[Delegation]) -> Message:
    """List what somebody lets others decide, and what others let them decide."""
    blocks = [*rows(given[:MOST_OWN], received[:MOST_OWN]), ask_button_row()]
    if max(len(given), len(received)) > MOST_OWN:
        blocks.insert(-1, context("… and more, which were made later."))
    if not given and not received:
        text = "Nobody decides for you, and you decide for nobody."
        return message(text, [section(text), *blocks])
    return message("Who decides for whom", blocks)


def rows(given: Sequence[Delegation], received: Sequence[Delegation]) -> list[Block]:
    """Make a row of each delegation that concerns its reader."""
    made = [
        _row(each, f"{person(each.delegate)} may decide for you until {moment(each.ends_at)}.")
        for each in given
    ]
    got = [
        _row(each, f"You may decide for {person(each.delegator)} until {moment(each.ends_at)}.")
        for each in received
    ]
    return [*made, *got]


def listed_all(found: Sequence[Delegation]) -> Message:
    """List the delegations that hold, to an admin."""
    if not found:
        return message(f"Nobody decides for anybody else. {HOW_FOR_ADMINS}")
    shown = [
        _row(
            each,
            f"{person(each.delegate)} may decide for {person(each.delegator)} until {moment(each.ends_at)}.",
        )
        for each in found[:MOST_LISTED]
    ]
    if len(found) > MOST_LISTED:
        shown.append(context("… and more, which end later."))
    return message("Who decides for whom", [*shown, context(HOW_FOR_ADMINS)])


def ask_button_row() -> Block:
    """Make the row with the button that opens the form."""
    return actions(
        button("Let somebody decide for me", "delegate", "mine"), block_id="delegate:mine"
    )


def _row(delegation: Delegation, line: str) -> Block:
    cancel = button("Cancel", "undelegate", delegation.id, about=line)
    return section(line, accessory=cancel, block_id=f"delegation:{delegation.id}")


def _cancel_row(delegation: Delegation, *, label: str) -> Block:
    return actions(
        button(label, "undelegate", delegation.id), block_id=f"delegation:{delegation.id}"
    )


def form() -> dict[str, Any]:
    """Ask who is to decide for somebody, and until when."""
    usual = (clock.now() + USUALLY).replace(minute=0, second=0, microsecond=0)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(TITLE),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [
            section(
                "While you are away, somebody else may decide about the requests that wait for you. "
                + ONLY_WHILE
            ),
            {
                "type": "input",
                "block_id": WHO,
                "label": plain("Who decides for you"),
                "element": {"type": "users_select", "action_id": WHO},
            },
            {
                "type": "input",
                "block_id": UNTIL,
                "label": plain("Until when"),
                "element": {
                    "type": "datetimepicker",
                    "action_id": UNTIL,
                    "initial_date_time": int(usual.timestamp()),
                },
            },
        ],
    }


def read_form(view: Mapping[str, Any]) -> tuple[str | None, datetime | None]:
    """Return who was chosen in the form, and until when."""
    values = view.get("state", {}).get("values", {})
    who = values.get(WHO, {}).get(WHO, {}).get("selected_user")
    until = values.get(UNTIL, {}).get(UNTIL, {}).get("selected_date_time")
    is_moment = isinstance(until, int) and not isinstance(until, bool)
    try:
        ends_at = datetime.fromtimestamp(until, UTC) if is_moment else None
    except (OverflowError, OSError, ValueError):
        ends_at = None
    return (who if isinstance(who, str) else None), ends_at
