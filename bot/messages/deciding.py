"""What approvers and admins read: cards, lists and alarms."""

from collections.abc import Sequence
from typing import Final

from bot.messages.pages import MESSAGE, Room, fitted, page_of
from bot.messages.parts import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    escape,
    fields,
    listed,
    message,
    moment,
    one_line,
    person,
    quoted,
    said,
    section,
    until,
)
from bot.models import Assignment, AssignmentState, Decision, Kind, Request, State, Verb

MOST_LISTED: Final = 20
# On a card, beside what is asked for: who decided the stages before, the last ones first.
ROOM_FOR_DECISIONS: Final = Room(blocks=12, characters=3_500)
SO_FAR: Final = {
    State.PENDING: "Waiting for a decision.",
    State.APPROVED: "Approved; about to be sent to Entra.",
    State.SUBMITTED: "Approved; Entra is setting it up.",
    State.DELIVERED: "Delivered.",
    State.DENIED: "Denied.",
    State.CANCELED: "Withdrawn by the requester.",
    State.LAPSED: "Nobody decided in time: lapsed.",
    State.REFUSED: "Refused.",
    State.FAILED: "Entra did not deliver it.",
}
DID: Final = {Verb.APPROVE: "Approved", Verb.DENY: "Denied"}


def card(request: Request, decided: Sequence[Decision]) -> Message:
    """An approval card: who, what exactly, why, until when, under which policy; and how it was decided."""
    wants = "wants to keep" if request.kind is Kind.EXTEND else "asks for"
    title = (
        f"{person(request.holder, request.holder_name)} {wants} *{escape(request.package_name)}*"
    )
    head = [section(title), *_why(request)]
    foot = _foot(request)
    said = fitted(
        [[_decision_line(each)] for each in reversed(decided)],
        room=ROOM_FOR_DECISIONS,
        rest=lambda left: f"… and {left} earlier.",
    )
    facts = _facts(request, room=MESSAGE.less([*head, *said, *foot]))
    return message(_plain_title(request), [head[0], *facts, *head[1:], *reversed(said), *foot])


def _why(request: Request) -> list[Block]:
    blocks = []
    if request.justification:
        blocks += [context("*Why*"), quoted(request.justification)]
    if request.round:
        blocks.append(
            context("What is asked for, or its policy, has changed: it needs a new decision.")
        )
    return blocks


def _foot(request: Request) -> list[Block]:
    """Where it stands, and the buttons of whoever decides now."""
    stage = request.current_stage
    if request.state is not State.PENDING or stage is None:
        return [context(_outcome(request))]
    blocks = []
    stages = request.terms.stages if request.terms else ()
    if len(stages) > 1:
        blocks.append(context(f"Step {request.stage + 1} of {len(stages)}."))
    if request.lapses_at:
        blocks.append(context(f"Lapses {moment(request.lapses_at)} if nobody decides."))
    return [*blocks, _buttons(request)]


def _plain_title(request: Request) -> str:
    who = escape(request.holder_name or "Somebody")
    wants = "wants to keep" if request.kind is Kind.EXTEND else "asks for"
    state = "" if request.state is State.PENDING else f" {SO_FAR.get(request.state, '')}"
    return f"{who} {wants} {escape(request.package_name)}.{state}"


def _facts(request: Request, *, room: Room) -> list[Block]:
    """What exactly they would gain, until when and under which policy, and who Entra says they are."""
    terms = request.terms
    in_entra = f"*In Entra*\n{escape(request.holder_name or 'not known yet')}"
    if terms is None:
        return [fields(in_entra)]
    catalog = [f"*Catalog*\n{escape(terms.catalog)}"] if terms.catalog else []
    rules = fields(
        in_entra,
        f"*Until*\n{_until(request)}",
        f"*Policy*\n{escape(terms.policy_name)}",
        *catalog,
    )
    gains = terms.contents or ("nothing yet: the package is empty",)
    keep = "They keep" if request.kind is Kind.EXTEND else "They gain"
    excluded = []
    if terms.excluded:
        names = one_line(", ".join(each.name for each in terms.excluded))
        excluded.append(
            context(
                f"*They already have* {names}. Entra lets nobody ask for that who has "
                f"{escape(request.package_name)}."
            )
        )
    left = room.less([rules, *excluded]).characters
    return [*listed(f"*{keep}*", gains, characters=left), rules, *excluded]


def _until(request: Request) -> str:
    if request.ends_at is not None:
        return until(request.ends_at).removeprefix("until ")
    lasts = request.terms.lasts if request.terms else ""
    return f"{lasts} from delivery" if lasts[:1].isdigit() else escape(lasts)


def _buttons(request: Request) -> Block:
    name = request.package_name
    return actions(
        button("Approve", "approve", request.ask_id, style="primary", about=name),
        button("Deny", "deny", request.ask_id, style="danger", about=name),
        block_id=f"card:{request.ask_id}",
    )


def _decision_line(decision: Decision) -> Block:
    why = f": {one_line(decision.reason)}" if decision.reason else "."
    return context(
        f"{DID[decision.verb]} by {person(decision.slack_user)} {moment(decision.at)}{why}"
    )


def _outcome(request: Request) -> str:
    outcome = SO_FAR.get(request.state, str(request.state))
    if request.state is State.DELIVERED and request.ends_at:
        outcome = f"Delivered, {until(request.ends_at)}."
    if request.why and request.state in {State.REFUSED, State.FAILED}:
        outcome += f" {escape(request.why)}"
    return outcome


def pending(requests: Sequence[Request], *, reader: str, page: int = 1) -> Message:
    """What waits for a decision, each with its buttons; one's own without."""
    if not requests:
        return message("Nothing waits for a decision.")
    count = len(requests)
    intro = f"{count} request{'' if count == 1 else 's'} wait{'s' if count == 1 else ''} for a decision."
    rows = [pending_row(request, reader=reader) for request in requests]
    blocks = page_of(
        rows,
        page=page,
        head=[section(intro)],
        command="/access-admin pending",
        most=MOST_LISTED,
    )
    return message(intro, blocks)


def pending_row(request: Request, *, reader: str) -> list[Block]:
    wants = "wants to keep" if request.kind is Kind.EXTEND else "asks for"
    line = (
        f"{person(request.holder, request.holder_name)} {wants} *{escape(request.package_name)}*, "
        f"{moment(request.asked_at)}"
    )
    if request.justification:
        line += said(request.justification)
    if request.holder == reader:
        return [section(line), context("Your own request: somebody else decides it.")]
    return [section(line), _buttons(request)]


def assignments(
    rows: Sequence[Assignment], *, package: str | None, holder: str | None, page: int = 1
) -> Message:
    """Who holds what, each with a Remove button; *package* and *holder* are what was asked about."""
    if not rows:
        what = f"*{escape(package)}*" if package else "anything"
        return message(
            f"{person(holder)} does not hold {what}." if holder else f"Nobody holds {what}."
        )
    count = len(rows)
    of = f" of *{escape(package)}*" if package else ""
    by = f", held by {person(holder)}" if holder else ""
    intro = f"{count} assignment{'' if count == 1 else 's'}{of}{by}."
    made = [[_assignment_row(row)] for row in rows]
    narrowed = bool(package or holder)
    blocks = page_of(
        made,
        page=page,
        head=[section(intro)],
        command=None if narrowed else "/access-admin assignments",
        most=MOST_LISTED,
    )
    return message(intro, blocks)


def _assignment_row(row: Assignment) -> Block:
    line = f"{person(row.holder, row.holder_name)} has *{escape(row.package_name)}* {until(row.ends_at)}"
    if row.state is AssignmentState.REMOVING:
        return section(f"{line}\n_being removed_")
    who = row.holder_name or "This person"
    remove = button(
        "Remove",
        "remove",
        row.id,
        style="danger",
        about=f"{who}, {row.package_name}",
        confirm=confirm(
            "Remove this access?",
            f"{who} loses access to {row.package_name} within minutes and is told that you removed it.",
            yes="Remove",
            danger=True,
        ),
    )
    return section(line, accessory=remove, block_id=f"remove:{row.id}")


def admin_help() -> Message:
    return message(
        "What would you like to see?\n"
        "• `/access-admin pending`: what waits for a decision\n"
        "• `/access-admin held`: what failed too often, to try it again or give it up\n"
        "• `/access-admin assignments [package or @person]`: who has what, with Remove buttons\n"
        "• `/access-admin remove [package or @person]`: the same list, to take access away; "
        "with `@person package because …` it is taken away at once\n"
        "Write `page 2` behind a command to see more of its list."
    )


def removing(request: Request, *, is_new: bool) -> Message:
    who = person(request.holder, request.holder_name)
    name = escape(request.package_name)
    if not is_new:
        return message(f"{name} of {who} is being removed already.")
    return message(f"Removing {name} of {who}. They are told when it is done.")


def taken_down() -> Message:
    return message(
        "Your decision is taken down. I cannot check it with Slack and Entra just now, and will as soon as I can."
    )


def not_understood(request: Request, *, others: int = 0) -> Message:
    """Said once a day for each package; *others* were refused for the same reason on that day."""
    more = ""
    if others:
        were = "request was" if others == 1 else "requests were"
        more = f"\n{others} more {were} refused for it on the same day."
    return message(
        f"I refused {person(request.holder, request.holder_name)} access to *{escape(request.package_name)}*"
        f" and told them:{said(request.why or '')}\n"
        "docs/how-it-works.md lists what I understand of policies."
        f"{more}"
    )


def failed(request: Request) -> Message:
    who = person(request.holder, request.holder_name)
    return message(
        f":warning: {request.kind.capitalize()} of *{escape(request.package_name)}* for {who} failed. "
        f"{escape(request.why or '')}"
    )


def stuck(request: Request) -> Message:
    who = person(request.holder, request.holder_name)
    return message(
        f":warning: {request.kind.capitalize()} of *{escape(request.package_name)}* for {who} has been looked at "
        f"{request.attempts} times since {moment(request.asked_at)} and is still {request.state}: Entra takes "
        "its time, or asks me to wait. I keep looking."
    )


def misshapen(kind: str, word: str) -> Message:
    return message(
        f":warning: Slack refused a message of mine ({escape(kind)}) as it was made: `{escape(word)}`. I sent a "
        "shorter one. That is a fault of Latchkey, or a limit of Slack that it does not know; its log names the "
        "message, and I say this once a day."
    )
