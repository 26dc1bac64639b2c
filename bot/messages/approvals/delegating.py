"""Say who decides for whom, and until when: to those concerned, in lists, and in the form that lets somebody decide."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.messages.approvals import proving
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.packages.settings.model import DelegationLimits
from bot.people.model import Delegation
from bot.words import N_, _, pgettext, translate

# Titles of modals take 24 characters.
TITLE: Final = N_("Who decides for you?")
CALLBACK: Final = "latchkey_delegation"
WHO: Final = "delegate"
UNTIL: Final = "until"
USUALLY: Final = timedelta(days=7)
MOST_LISTED: Final = 40
# In the list of one person: a message takes 50 blocks, and what somebody has given takes two, with the button to sign in.
MOST_GIVEN: Final = 10
MOST_RECEIVED: Final = 20
NOT_KNOWN: Final = N_(
    "Only full members of this workspace who are known in Entra can decide for somebody, "
    "or let somebody decide."
)
ONLY_WHILE: Final = N_(
    "It counts for what you may decide yourself, as long as you may; nobody decides their "
    "own request. Each decision names both of you."
)
HOW_FOR_ADMINS: Final = N_(
    "`/access-admin delegate @approver to @delegate until friday` lets somebody decide for "
    "an approver."
)


def made(delegation: Delegation, *, reader: str, limits: DelegationLimits) -> Message:
    """Answer whoever lets somebody decide; the approver can sign in for it."""
    until = moment(delegation.ends_at)
    if reader == delegation.delegator:
        text = _(
            "Until {until}, {person} may decide for you, and is asked about what you are asked. I "
            "will tell them. {sentence}"
        ).format(until=until, person=person(delegation.delegate), sentence=_(ONLY_WHILE))
    else:
        text = _("Until {until}, {person} may decide for {person2}. I will tell both.").format(
            until=until, person=person(delegation.delegate), person2=person(delegation.delegator)
        )
    text = " ".join([text, *proving.what_it_takes(delegation, limits, reader=reader)])
    row = proving.sign_in_row(delegation, limits, reader=reader)
    return message(text, [section(text), *row]) if row else message(text)


def told_delegate(delegation: Delegation, *, limits: DelegationLimits) -> Message:
    """Tell somebody that they may decide for an approver."""
    said = [
        _("Until {when}, you may decide for {person} about requests for access.").format(
            when=moment(delegation.ends_at), person=person(delegation.delegator)
        )
    ]
    if delegation.made_by != delegation.delegator:
        said.append(_("{person} has arranged it.").format(person=person(delegation.made_by)))
    said.append(
        _(
            "You are asked about what they are asked; your own requests are not among it, and each "
            "decision names both of you."
        )
    )
    said += proving.what_it_takes(delegation, limits, reader=delegation.delegate)
    text = " ".join(said)
    return message(text, [section(text), _cancel_row(delegation, label=_("I can't"))])


def told_delegator(delegation: Delegation, *, limits: DelegationLimits) -> Message:
    """Tell an approver that an admin lets somebody decide for them; they can sign in for it."""
    text = _("{admin} lets {delegate} decide for you until {when}. {sentence}").format(
        admin=person(delegation.made_by),
        delegate=person(delegation.delegate),
        when=moment(delegation.ends_at),
        sentence=_(ONLY_WHILE),
    )
    reader = delegation.delegator
    text = " ".join([text, *proving.what_it_takes(delegation, limits, reader=reader)])
    return message(
        text,
        [
            section(text),
            *proving.sign_in_row(delegation, limits, reader=reader),
            _cancel_row(delegation, label=pgettext("end a delegation", "Cancel")),
        ],
    )


def replaced(delegation: Delegation, *, reader: str) -> Message:
    """Replace what was said of a delegation in whose place another one of the same two has come, whatever became of that."""
    other = delegation.delegator if reader == delegation.delegate else delegation.delegate
    return message(
        _(
            "What stood here about {person} was replaced: `/my-access delegate` shows what holds now."
        ).format(person=person(other))
    )


def over(delegation: Delegation, *, reader: str) -> Message:
    """Replace what was said of a delegation that has ended before its time, or by itself."""
    if reader == delegation.delegate:
        return message(
            _("You no longer decide for {person}.").format(person=person(delegation.delegator))
        )
    return message(
        _("{person} no longer decides for you.").format(person=person(delegation.delegate))
    )


def canceled(delegation: Delegation, *, reader: str) -> Message:
    """Say that a delegation has ended before its time, to whoever ended it or is concerned."""
    who, whom = person(delegation.delegate), person(delegation.delegator)
    why = (
        f" {escape_sentence(translate(delegation.canceled_why))}" if delegation.canceled_why else ""
    )
    if reader == delegation.delegate:
        return message(_("You no longer decide for {person}.").format(person=whom) + why)
    if reader == delegation.delegator:
        return message(_("{person} no longer decides for you.").format(person=who) + why)
    return message(
        _("{person} no longer decides for {approver}.").format(person=who, approver=whom) + why
    )


def listed_own(
    given: Sequence[Delegation], received: Sequence[Delegation], *, limits: DelegationLimits
) -> Message:
    """List what somebody lets others decide, and what others let them decide."""
    shown = rows(given[:MOST_GIVEN], received[:MOST_RECEIVED], limits=limits)
    blocks = [*shown, ask_button_row()]
    if len(given) > MOST_GIVEN or len(received) > MOST_RECEIVED:
        blocks.insert(-1, context(_("… and more, which were made later.")))
    if not given and not received:
        text = _("Nobody decides for you, and you decide for nobody.")
        return message(text, [section(text), *blocks])
    return message(_("Who decides for whom"), blocks)


def rows(
    given: Sequence[Delegation], received: Sequence[Delegation], *, limits: DelegationLimits
) -> list[Block]:
    """Make a row of each delegation that concerns its reader, with a button to sign in for one's own."""
    made = [
        block
        for each in given
        for block in (
            _row(
                each,
                _("{person} may decide for you until {when}.").format(
                    person=person(each.delegate), when=moment(each.ends_at)
                ),
                note=proving.note(each, limits, reader=each.delegator),
            ),
            *proving.sign_in_row(each, limits, reader=each.delegator),
        )
    ]
    got = [
        _row(
            each,
            _("You may decide for {person} until {when}.").format(
                person=person(each.delegator), when=moment(each.ends_at)
            ),
            note=proving.note(each, limits, reader=each.delegate),
        )
        for each in received
    ]
    return [*made, *got]


def listed_all(found: Sequence[Delegation], *, limits: DelegationLimits) -> Message:
    """List the delegations that hold, to an admin."""
    if not found:
        return message(
            _("Nobody decides for anybody else. {sentence}").format(sentence=_(HOW_FOR_ADMINS))
        )
    shown = [
        _row(
            each,
            _("{delegate} may decide for {approver} until {when}.").format(
                delegate=person(each.delegate),
                approver=person(each.delegator),
                when=moment(each.ends_at),
            ),
            note=proving.note(each, limits, reader=None),
        )
        for each in found[:MOST_LISTED]
    ]
    if len(found) > MOST_LISTED:
        shown.append(context(_("… and more, which end later.")))
    return message(_("Who decides for whom"), [*shown, context(_(HOW_FOR_ADMINS))])


def ask_button_row(*beside: Block) -> Block:
    """Make the row with the button that opens the form, and what stands beside it."""
    ask = button(_("Let somebody decide for me"), "delegate", "mine")
    return actions(ask, *beside, block_id="delegate:mine")


def _row(delegation: Delegation, line: str, *, note: str | None) -> Block:
    cancel = button(pgettext("end a delegation", "Cancel"), "undelegate", delegation.id, about=line)
    text = line if note is None else f"{line}\n{note}"
    return section(text, accessory=cancel, block_id=f"delegation:{delegation.id}")


def _cancel_row(delegation: Delegation, *, label: str) -> Block:
    return actions(
        button(label, "undelegate", delegation.id), block_id=f"delegation:{delegation.id}"
    )


def form(limits: DelegationLimits) -> dict[str, Any]:
    """Ask who is to decide for somebody, and until when; says where that does not count."""
    usual = (clock.now() + USUALLY).replace(minute=0, second=0, microsecond=0)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(_(TITLE)),
        "submit": plain(_("Save")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [
            section(
                " ".join(
                    [
                        _(
                            "While you are away, somebody else may decide about the requests that wait for you."
                        ),
                        _(ONLY_WHILE),
                        *proving.before_it_is_made(limits),
                    ]
                )
            ),
            {
                "type": "input",
                "block_id": WHO,
                "label": plain(_("Who decides for you")),
                "element": {"type": "users_select", "action_id": WHO},
            },
            {
                "type": "input",
                "block_id": UNTIL,
                "label": plain(_("Until when")),
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
