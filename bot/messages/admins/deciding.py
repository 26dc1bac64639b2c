"""Tell approvers and admins what to decide and what went wrong: cards, lists and alarms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from bot.assignments.model import Assignment, AssignmentState
from bot.messages.approvals.approval_card import ENTRA_DECIDES, decision_buttons
from bot.messages.approvals.approving_several import approve_all_row
from bot.messages.approvals.pending_rows import review_button
from bot.messages.assignments import troubles
from bot.messages.blocks.pages import NOTHING_MORE, beyond, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
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
from bot.messages.phrases.request_words import for_admins, stage_of_work, wish
from bot.paging import ROWS_A_PAGE, ListName, Page, Place, write_place
from bot.requests.model import Request
from bot.words import N_, _, ngettext, translate

# Of people whose names begin alike.
MOST_NAMES: Final = 10
NARROW: Final = N_("A person or a package behind the command narrows it.")
# What the requester is told.
SAVED_WHILE_PAUSED: Final = N_(
    "Your decision is saved. Granting is paused just now; when it goes on, I pass your decision on to Microsoft Entra."
)
NOBODY_DECIDES: Final = N_(
    "Its policy in Entra needs somebody's approval and names nobody who could give it. I "
    "have told the admins."
)


def pending(page: Page[Request], *, reader: str) -> Message:
    """List a page of what waits for a decision, each with its buttons; one's own without."""
    if page.is_beyond:
        return message(beyond("/access-admin pending"))
    if not page.rows:
        return message(
            _(NOTHING_MORE) if page.skipped is None else _("Nothing waits for a decision.")
        )
    intro = how_many(
        page,
        ngettext(
            "{count} request waits{here} for a decision.",
            "{count} requests wait{here} for a decision.",
            plural_of(page),
        ),
    )
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
    return button(_("Next"), "more", place)


def pending_row(request: Request, *, reader: str) -> list[Block]:
    """Make a row of a pending request: a button that shows the whole card, and those that decide."""
    line = f"{wish(request)}, {moment(request.asked_at)}"
    if request.justification:
        line += said(request.justification)
    if reader == request.holder or (request.is_on_behalf and reader == request.asked_by):
        return [section(line), context(_("Your own request: somebody else decides it."))]
    review = review_button(request)
    shown = section(line, accessory=review, block_id=f"review:{request.id}")
    if request.entra_decides and reader not in request.deciders:
        return [shown, context(_(ENTRA_DECIDES))]
    return [shown, decision_buttons(request)]


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
        return message(_(NOTHING_MORE))
    if not page.rows:
        nobody = nobody_has(package=package, whom=whom)
        return message(" ".join((nobody, *notes)))
    said = assignments_counted(page, package=package, whom=whom, notes=notes)
    blocks = part_of(
        (_assignment_row(row, is_removing=row.id in removing) for row in page.rows),
        places=[replace(place, after=each, skip=0) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(said)],
        next_button=next_for_admins,
        hint="" if whom else _(NARROW),
    )
    return message(said, blocks)


def nobody_has(*, package: str | None, whom: str | None) -> str:
    """Say that an admin's list of who has what is empty."""
    if package and whom:
        return _("{person} does not have *{package}*.").format(person=whom, package=escape(package))
    if whom:
        return _("{person} does not have anything.").format(person=whom)
    if package:
        return _("Nobody has *{package}*.").format(package=escape(package))
    return _("Nobody has anything.")


def many_have(page: Page[Assignment], *, package: str | None, whom: str | None) -> str:
    """Say how many assignments an admin's list of who has what has."""
    count = plural_of(page)
    if package and whom:
        sentence = ngettext(
            "{count} assignment of *{package}* for {person}{here}.",
            "{count} assignments of *{package}* for {person}{here}.",
            count,
        )
    elif whom:
        sentence = ngettext(
            "{count} assignment for {person}{here}.",
            "{count} assignments for {person}{here}.",
            count,
        )
    elif package:
        sentence = ngettext(
            "{count} assignment of *{package}*{here}.",
            "{count} assignments of *{package}*{here}.",
            count,
        )
    else:
        sentence = ngettext("{count} assignment{here}.", "{count} assignments{here}.", count)
    return how_many(page, sentence, package=escape(package or ""), person=whom or "")


def assignments_counted(
    page: Page[Assignment], *, package: str | None, whom: str | None, notes: Sequence[str]
) -> str:
    """Say above a list of who has what how many that are."""
    many = many_have(page, package=package, whom=whom)
    return " ".join((many, *notes))


def which_person(name: str, people: Mapping[str, str], *, package_id: str | None) -> Message:
    """
    List people whose names begin as was typed, to choose one.

    Args:
        people: Their names by Entra id; one more than are shown, if there are more.
        package_id: The package that was asked about besides.
    """
    said = _("Nobody is called “{name}”; these names begin so. Whose access is it?").format(
        name=escape(name)
    )
    rows = [
        section(
            escape(shown),
            accessory=button(
                _("Show"),
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
        rows.append(context(_("… and more: write more of the name to find them.")))
    return message(said, [section(said), *rows])


def _assignment_row(row: Assignment, *, is_removing: bool) -> list[Block]:
    line = _("{person} has *{package}* {until}").format(
        person=person(row.holder, row.holder_name),
        package=escape(row.package_name),
        until=until(row.ends_at),
    )
    if is_removing or row.state is AssignmentState.REMOVING:
        return [section(f"{line}\n{_('Being removed.')}")]
    remove = troubles.remove_button(row, label=_("Remove"))
    more = troubles.notes(row, own=False)
    if row.progress not in troubles.UNSURE:
        return [section(line, accessory=remove, block_id=f"remove:{row.id}"), *more]
    buttons = actions(troubles.reprocess(row), remove, block_id=f"remove:{row.id}")
    return [section(line), *more, buttons]


def admin_help() -> Message:
    return message(
        _(
            "What would you like to see?\n• `/access-admin` alone: the console, with all of this, "
            "search, pages and removals in bulk\n• `/access-admin people [@person]`: what somebody "
            "has, and why\n• `/access-admin leaver [@person]`: everything of somebody, to remove it "
            "with one confirmation\n• `/access-admin audit [@person] [package]`: the audit log, to "
            "read and export\n• `/access-admin pending`: what waits for a decision\n• `/access-admin "
            "stuck`: requests that keep failing, to retry or give up\n• `/access-admin assignments "
            "[@person] [package]`: who has what, with Remove buttons; a person is a mention, an "
            "e-mail address, an object id or a full name as in Entra\n• `/access-admin remove "
            "[@person] [package]`: the same list, to take access away; with `@person package "
            "because …` it is taken away at once\n• `/access-admin delegate @approver to @delegate "
            "until friday`: lets somebody decide for an approver; `/access-admin delegate` lists "
            "who does\n• `/access-admin assignments` with the beginning of a name: people to choose "
            "from\nLists have {count} rows a page; `page 20` behind a command leads to its "
            "twentieth."
        ).format(count=ROWS_A_PAGE)
    )


def looking() -> Message:
    return message(_("I am looking that up in Slack and Entra, and will tell you here."))


def removing(request: Request, *, is_new: bool) -> Message:
    who = person(request.holder, request.holder_name)
    name = escape(request.package_name)
    if not is_new:
        return message(
            _("{who}'s access to {name} is being removed already.").format(who=who, name=name)
        )
    line = _("Removing {who}'s access to {name}.").format(who=who, name=name)
    if request.holder:
        line += f" {_('They are told when it is done.')}"
    return message(line)


def decision_saved(*, is_paused: bool = False) -> Message:
    """
    Say that a decision is not lost that cannot be processed just now.

    Args:
        is_paused: It waits because granting is paused.
    """
    if is_paused:
        return message(_(SAVED_WHILE_PAUSED))
    return message(
        _(
            "Your decision is saved. I can't verify it with Slack and Entra right now; I'll apply "
            "it as soon as I can."
        )
    )


def not_understood(request: Request, *, others: int = 0) -> Message:
    """Say once a day for each package that its rules are not understood; *others* were refused for the same reason on that day."""
    more = ""
    if others:
        sentence = ngettext(
            "{count} more request was refused for it on the same day.",
            "{count} more requests were refused for it on the same day.",
            others,
        )
        more = f"\n{sentence.format(count=others)}"
    return message(
        _(
            "I refused {person} access to *{package}* and told them:{said}\n“Policies” in the "
            "documentation’s “How it works” lists what I understand.{more}"
        ).format(
            person=person(request.holder, request.holder_name),
            package=escape(request.package_name),
            said=said(translate(request.why or "")),
            more=more,
        )
    )


def nobody_decides(request: Request) -> Message:
    return message(
        _(
            ":warning: I refused {person} access to *{package}*: its policy needs an approval and "
            "names nobody who can approve it, and LATCHKEY_ADMINS_DECIDE does not let an admin do "
            "it. Put an approver or a fallback approver into the policy."
        ).format(
            person=person(request.holder, request.holder_name), package=escape(request.package_name)
        )
    )


def failed(request: Request) -> Message:
    return message(
        _(":warning: {request} failed. {why}").format(
            request=for_admins(request),
            why=escape(translate(request.why or "")),
        )
    )


def slow(request: Request) -> Message:
    """Tell the admins that a request takes unusually long; nothing has been given up."""
    if request.failures > request.attempts:
        return message(
            _(
                ":warning: {request} has failed {failures} times since {when} "
                "and is still {stage_of_work}: Microsoft Entra does not answer me at all just now. I "
                "keep trying."
            ).format(
                request=for_admins(request),
                failures=request.failures,
                when=moment(request.asked_at),
                stage_of_work=stage_of_work(request, own=False),
            )
        )
    return message(
        _(
            ":warning: {request} takes long: it was asked for {when}, I "
            "have looked {attempts} times since, and it is still {stage_of_work}. Entra takes its "
            "time, or asks me to wait. I keep looking."
        ).format(
            request=for_admins(request),
            when=moment(request.asked_at),
            attempts=request.attempts,
            stage_of_work=stage_of_work(request, own=False),
        )
    )


def misshapen(kind: str, word: str) -> Message:
    return message(
        _(
            ":warning: Slack refused a message of mine ({kind}) as it was made: `{word}`. I sent a "
            "shorter one. That is a fault of Latchkey, or a limit of Slack that it does not know; "
            "its log names the message, and I say this once a day."
        ).format(kind=escape(kind), word=escape(word))
    )


def channel_not_reached(channel: str, word: str) -> Message:
    """Tell the admins when a package's own channel takes no cards."""
    return message(
        _(
            ":warning: Slack does not let me post approval cards to <#{channel}> (`{channel}`): "
            "`{word}`. Please invite me there, or name another channel in the package settings. "
            "The cards wait, and I try again each minute; until then `/access-admin pending` shows "
            "what waits for a decision. I say this once a day."
        ).format(channel=escape(channel), word=escape(word))
    )


def clock_is_wrong(why: str) -> Message:
    return message(
        _(
            ":warning: {why} Until then two replicas may be at the same request, and I may ask "
            "Entra twice."
        ).format(why=escape(translate(why)))
    )
