"""Tell approvers and admins what to decide and what went wrong: cards, lists and alarms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from bot.assignments.model import Assignment, AssignmentState
from bot.messages import troubles
from bot.messages.approval_card import decision_buttons
from bot.messages.approving_several import approve_all_row
from bot.messages.pages import NOTHING_MORE, beyond, how_many, part_of
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
    said,
    section,
    until,
)
from bot.messages.request_words import FOR_ADMINS, stage_of_work, wish
from bot.paging import ROWS_A_PAGE, ListName, Page, Place, write_place
from bot.people.model import Person
from bot.requests.model import Request

# Of people whose names begin alike.
MOST_NAMES: Final = 10
NARROW: Final = "A person or a package behind the command narrows it."
# What the requester is told.
NOBODY_DECIDES: Final = "Its policy in Entra needs somebody's approval and names nobody who could give it. I have told the admins."


def pending(page: Page[Request], *, reader: str) -> Message:
    """List a page of what waits for a decision, each with its buttons; one's own without."""
    if page.is_beyond:
        return message(beyond("/access-admin pending"))
    if not page.rows:
        return message(NOTHING_MORE if page.skipped is None else "Nothing waits for a decision.")
    intro = f"{how_many(page, 'request waits', 'requests wait')} for a decision."
    blocks = part_of(
        (pending_row(request, reader=reader) for request in page.rows),
        places=[Place(list=ListName.PENDING, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro), *approve_all_row(page.rows, reader=reader)],
        next_button=next_for_admins,
    )
    return message(intro, blocks)


def next_for_admins(place: str) -> Block:
    """Make the button that leads on in an admin's list."""
    return button("Next", "more", place)


def pending_row(request: Request, *, reader: str) -> list[Block]:
    line = f"{wish(request)}, {moment(request.asked_at)}"
    if request.justification:
        line += said(request.justification)
    if reader == request.holder or (request.is_on_behalf and reader == request.asked_by):
        return [section(line), context("Your own request: somebody else decides it.")]
    return [section(line), decision_buttons(request, in_list=True)]


def assignments(
    page: Page[Assignment],
    *,
    place: Place,
    package: str | None = None,
    whom: str | None = None,
    notes: Sequence[str] = (),
    removing: Collection[str] = (),
) -> Message:
    """
    List a page of who has what, each with a Remove button.

    Args:
        place: Which list.
        package: The package that was asked about.
        whom: The person who was asked about, fit for Slack.
        notes: What is to be said besides, a sentence each.
        removing: Ids of those whose removal is under way.
    """
    if page.is_beyond:
        return message(beyond("/access-admin assignments"))
    if not page.rows and page.skipped is None:
        return message(NOTHING_MORE)
    if not page.rows:
        what = f"*{escape(package)}*" if package else "anything"
        nobody = f"{whom} does not have {what}." if whom else f"Nobody has {what}."
        return message(" ".join((nobody, *notes)))
    said = assignments_counted(page, package=package, whom=whom, notes=notes)
    blocks = part_of(
        (_assignment_row(row, is_removing=row.id in removing) for row in page.rows),
        places=[replace(place, after=each, skip=0) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(said)],
        next_button=next_for_admins,
        hint="" if whom else NARROW,
    )
    return message(said, blocks)


def assignments_counted(
    page: Page[Assignment], *, package: str | None, whom: str | None, notes: Sequence[str]
) -> str:
    """Say above a list of who has what how many that are."""
    of = f" of *{escape(package)}*" if package else ""
    by = f" for {whom}" if whom else ""
    many = how_many(page, f"assignment{of}{by}", f"assignments{of}{by}")
    return " ".join((f"{many}.", *notes))


def which_person(name: str, people: Mapping[str, str], *, package_id: str | None) -> Message:
    """
    List people whose names begin as was typed, to choose one.

    Args:
        people: Their names by Entra id; one more than are shown, if there are more.
        package_id: The package that was asked about besides.
    """
    said = f"Nobody is called “{escape(name)}”; these names begin so. Whose access is it?"
    rows = [
        section(
            escape(shown),
            accessory=button(
                "Show",
                "more",
                write_place(
                    Place(list=ListName.ASSIGNMENTS, package_id=package_id, entra_ids=(entra_id,))
                )
                or "",
                about=shown,
            ),
            block_id=f"person:{entra_id}",
        )
        for entra_id, shown in islice(people.items(), MOST_NAMES)
    ]
    if len(people) > MOST_NAMES:
        rows.append(context("… and more: write more of the name to find them."))
    return message(said, [section(said), *rows])


def _assignment_row(row: Assignment, *, is_removing: bool) -> list[Block]:
    line = f"{person(row.holder, row.holder_name)} has *{escape(row.package_name)}* {until(row.ends_at)}"
    if is_removing or row.state is AssignmentState.REMOVING:
        return [section(f"{line}\nBeing removed.")]
    remove = troubles.remove_button(row, label="Remove")
    more = troubles.notes(row, own=False)
    if row.progress not in troubles.UNSURE:
        return [section(line, accessory=remove, block_id=f"remove:{row.id}"), *more]
    buttons = actions(troubles.reprocess(row), remove, block_id=f"remove:{row.id}")
    return [section(line), *more, buttons]


def admin_help() -> Message:
    return message(
        "What would you like to see?\n"
        "• `/access-admin` alone: the console, with all of this, search, pages and removals in bulk\n"
        "• `/access-admin people [@person]`: what somebody has, and why\n"
        "• `/access-admin leaver [@person]`: everything of somebody, to remove it with one confirmation\n"
        "• `/access-admin audit [@person] [package]`: the audit log, to read and export\n"
        "• `/access-admin pending`: what waits for a decision\n"
        "• `/access-admin stuck`: requests that keep failing, to retry or give up\n"
        "• `/access-admin assignments [@person] [package]`: who has what, with Remove buttons; "
        "a person is a mention, an e-mail address, an object id or a full name as in Entra\n"
        "• `/access-admin remove [@person] [package]`: the same list, to take access away; "
        "with `@person package because …` it is taken away at once\n"
        "• `/access-admin delegate @approver to @delegate until friday`: lets somebody decide for an approver; "
        "`/access-admin delegate` lists who does\n"
        "• `/access-admin assignments` with the beginning of a name: people to choose from\n"
        f"Lists have {ROWS_A_PAGE} rows a page; `page 20` behind a command leads to its twentieth."
    )


def looking() -> Message:
    return message("I am looking that up in Slack and Entra, and will tell you here.")


def removing(request: Request, *, is_new: bool) -> Message:
    who = person(request.holder, request.holder_name)
    name = escape(request.package_name)
    if not is_new:
        return message(f"{who}'s access to {name} is being removed already.")
    told = " They are told when it is done." if request.holder else ""
    return message(f"Removing {who}'s access to {name}.{told}")


def decision_saved() -> Message:
    return message(
        "Your decision is saved. I can't verify it with Slack and Entra right now; I'll apply it as soon as I can."
    )


def not_understood(request: Request, *, others: int = 0) -> Message:
    """Say once a day for each package that its rules are not understood; *others* were refused for the same reason on that day."""
    more = ""
    if others:
        were = "request was" if others == 1 else "requests were"
        more = f"\n{others} more {were} refused for it on the same day."
    return message(
        f"I refused {person(request.holder, request.holder_name)} access to *{escape(request.package_name)}*"
        f" and told them:{said(request.why or '')}\n"
        "“Policies” in the documentation’s “How it works” lists what I understand."
        f"{more}"
    )


def nobody_decides(request: Request) -> Message:
    return message(
        f":warning: I refused {person(request.holder, request.holder_name)} access to "
        f"*{escape(request.package_name)}*: its policy needs an approval and names nobody who can approve it, and "
        "LATCHKEY_ADMINS_DECIDE does not let an admin do it. Put an approver or a fallback approver into the policy."
    )


def failed(request: Request) -> Message:
    who = person(request.holder, request.holder_name)
    return message(
        f":warning: {FOR_ADMINS[request.kind]} *{escape(request.package_name)}* for {who} failed. "
        f"{escape(request.why or '')}"
    )


def second_account(second: Person, first: Person) -> Message:
    return message(
        f":warning: {person(second.slack_user)} uses Latchkey as {escape(second.entra_name)} in Entra, and so does "
        f"{person(first.slack_user)}: two Slack accounts of one person. If that is not so, deactivate the wrong one, "
        "and look at what it has asked for and decided."
    )


def slow(request: Request) -> Message:
    """Tell the admins that a request takes unusually long; nothing has been given up."""
    who = person(request.holder, request.holder_name)
    if request.failures > request.attempts:
        return message(
            f":warning: {FOR_ADMINS[request.kind]} *{escape(request.package_name)}* for {who} has failed "
            f"{request.failures} times since {moment(request.asked_at)} and is still {stage_of_work(request)}: "
            "Microsoft Entra does not answer me at all just now. I keep trying."
        )
    return message(
        f":warning: {FOR_ADMINS[request.kind]} *{escape(request.package_name)}* for {who} takes long: it was asked for "
        f"{moment(request.asked_at)}, I have looked {request.attempts} times since, and it is still "
        f"{stage_of_work(request)}. Entra takes its time, or asks me to wait. I keep looking."
    )


def misshapen(kind: str, word: str) -> Message:
    return message(
        f":warning: Slack refused a message of mine ({escape(kind)}) as it was made: `{escape(word)}`. I sent a "
        "shorter one. That is a fault of Latchkey, or a limit of Slack that it does not know; its log names the "
        "message, and I say this once a day."
    )


def channel_not_reached(channel: str, word: str) -> Message:
    """Tell the admins when a package's own channel takes no cards."""
    return message(
        f":warning: Slack does not let me post approval cards to <#{escape(channel)}> (`{escape(channel)}`): "
        f"`{escape(word)}`. Please invite me there, or name another channel in the package settings. The cards wait, "
        "and I try again each minute; until then `/access-admin pending` shows what waits for a decision. I say this "
        "once a day."
    )


def clock_is_wrong(why: str) -> Message:
    return message(
        f":warning: {escape(why)} Until then two replicas may be at the same request, and I may ask Entra twice."
    )
