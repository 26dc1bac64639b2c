"""Tell admins where Entra and what was approved do not agree, and what they can do about it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.assignments.model import Assignment, AssignmentState
from bot.drift.model import (
    OF_GROUPS,
    REMOVABLE,
    CheckResult,
    DriftKind,
    DriftState,
    Mismatch,
    ShownMismatch,
)
from bot.messages.approvals.forms import reason_field
from bot.messages.assignments.troubles import remove_button
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    actions,
    bold,
    button,
    confirm,
    context,
    doer,
    escape,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.messages.blocks.quotes import as_written, one_line
from bot.people.model import Verb
from bot.words import _, ngettext, pgettext, translate
from bot.words.formats import number

UNTIL: Final = "latchkey_drift_until"
END: Final = "until"
# As the form suggests it, and at most.
SUGGESTED: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=366)
# A moment in a view is a number of seconds of ten digits.
LAST_MOMENT: Final = 10**10

View = dict[str, Any]


def card(shown: ShownMismatch) -> Message:
    """Draw the card of a mismatch: what it is, and what an admin can do, or has done."""
    return message(title(shown), blocks(shown))


def blocks(shown: ShownMismatch) -> list[Block]:
    """Draw the same for a list."""
    mismatch, row = shown.mismatch, shown.row
    made = [section(title(shown))]
    if mismatch.state is not DriftState.OPEN:
        return [*made, context(_settled(mismatch))]
    if mismatch.wanted is not None:
        made.append(context(_wanted(mismatch)))
        return made
    if mismatch.answer is not None:
        made.append(context(one_line(translate(mismatch.answer))))
    if mismatch.kind in REMOVABLE and row is not None:
        if row.state is AssignmentState.REMOVING:
            return [*made, context(_("It is being removed."))]
        if row.state is AssignmentState.ENDED:
            return [*made, context(_("That access is over now."))]
    if mismatch.kind is DriftKind.NESTED:
        made.append(
            context(
                _(
                    "I may read groups and not change them. To end it, take that group out of the other in Entra; "
                    "the next check notices."
                )
            )
        )
    elif mismatch.kind in OF_GROUPS - REMOVABLE:
        made.append(
            context(
                _(
                    "I may read groups and not change them. To end it, remove them from the group in Entra; "
                    "the next check notices."
                )
            )
        )
    return [*made, _buttons(mismatch, row)]


def together(mismatch: Mismatch) -> Message:
    """Tell of many mismatches at once, with the button that lists them."""
    count = mismatch.together or 1
    line = ngettext(
        ":warning: In {count} place Entra and what was approved through me do not agree.",
        ":warning: In {count} places Entra and what was approved through me do not agree.",
        count,
    ).format(count=number(count))
    note = _(
        "I have changed nothing. Look at each of them in the console, or adopt many at once with `latchkey drift adopt`."
    )
    show = button(_("Show them"), "console_drift", "drift")
    return message(line, [section(line), context(note), actions(show, block_id="drift")])


def title(shown: ShownMismatch) -> str:
    """Say what was found, in a sentence fit for Slack."""
    mismatch = shown.mismatch
    facts = {
        "person": _whom(shown),
        "package": bold(mismatch.package_name),
        "group": f"*{escape(mismatch.group_name or '')}*",
        "since": moment(mismatch.since or mismatch.found_at),
        "end": moment(mismatch.ends_at) if mismatch.ends_at else "",
        "approved": moment(mismatch.approved_until) if mismatch.approved_until else "",
    }
    return f":warning: {_sentence(mismatch).format(**facts)}"


def _whom(shown: ShownMismatch) -> str:
    """Mention whom it is about, or name them with their id in Entra: others may have the name, with a card of their own."""
    who = person(shown.holder, shown.mismatch.person_name)
    entra_id = shown.mismatch.person_id
    return f"{who} (`{entra_id}`)" if shown.holder is None and entra_id else who


def _sentence(mismatch: Mismatch) -> str:
    has_end = mismatch.ends_at is not None
    match mismatch.kind:
        case DriftKind.UNASKED if has_end:
            return _(
                "{person} has {package} until {end}, and I know of no request for it: it was given in Entra, "
                "and not through me."
            )
        case DriftKind.UNASKED:
            return _(
                "{person} has {package} with no end date, and I know of no request for it: it was given in Entra, "
                "and not through me."
            )
        case DriftKind.MEMBER:
            return _(
                "{person} is a member of the group {group}, and has no access package that gives it ({package} does)."
            )
        case DriftKind.STUCK:
            return _(
                "Entra has been at work on {package} for {person} since {since}, and has not finished it."
            )
        case DriftKind.STILL_MEMBER:
            return _(
                "{person}'s access to {package} ended {since}, and they are still a member of its group {group}."
            )
        case DriftKind.ENDED_OUTSIDE:
            return _(
                "{person}'s access to {package} was ended in Entra before its time, and not through me. I noticed {since}."
            )
        case DriftKind.NOT_MEMBER:
            return _(
                "Entra shows that {person} has {package}, and they are not a member of its group {group}."
            )
        case DriftKind.NESTED:
            return _(
                "The group {person} is in the group {group}: whoever is in it has what {package} gives, "
                "without that access package."
            )
        case DriftKind.LATER_END if has_end:
            return _("{person} has {package} until {end}. What was approved ends {approved}.")
        case DriftKind.LATER_END:
            return _("{person} has {package} with no end date. What was approved ends {approved}.")


def _settled(mismatch: Mismatch) -> str:
    if mismatch.state is DriftState.PASSED:
        return _("It is not so any more.")
    facts = {
        "admin": doer(mismatch.done_by),
        "at": moment(mismatch.done_at or mismatch.found_at),
        "until": moment(mismatch.until) if mismatch.until else "",
        "reason": as_written(mismatch.why or ""),
    }
    if mismatch.state is DriftState.ADOPTED and mismatch.why:
        return _("{admin} adopted it {at}, so it stays as it is: {reason}").format(**facts)
    if mismatch.state is DriftState.ADOPTED:
        return _("{admin} adopted it {at}, so it stays as it is.").format(**facts)
    if mismatch.why:
        return _("{admin} ignores it until {until}: {reason}").format(**facts)
    return _("{admin} ignores it until {until}.").format(**facts)


def _wanted(mismatch: Mismatch) -> str:
    admin = person(mismatch.wanted_by)
    if mismatch.wanted is Verb.ADOPT:
        return _("{admin} has pressed Adopt. I check whether they may.").format(admin=admin)
    return _("{admin} has pressed Ignore. I check whether they may.").format(admin=admin)


def _buttons(mismatch: Mismatch, row: Assignment | None) -> Block:
    about = about_person(mismatch.person_name, mismatch.package_name)
    adopt = button(
        _("Adopt"),
        "drift_adopt",
        mismatch.id,
        about=about,
        confirm=confirm(
            _("Adopt it?"),
            _(
                "It stays in Entra as it is, and I do not tell of it again while it is so. "
                "Your name is kept in the audit log."
            ),
            yes=_("Adopt"),
        ),
    )
    remove = None
    if mismatch.kind in REMOVABLE and row is not None:
        remove = remove_button(row, label=_("Remove"))
    ignore = button(_("Ignore until …"), "drift_ignore", mismatch.id, about=about)
    return actions(adopt, remove, ignore, block_id=f"drift:{mismatch.id}")


def adopting(shown: ShownMismatch) -> Message:
    """Answer Adopt."""
    return message(
        _(
            "I have saved that you adopt this. I check that you may, and then the card says so.\n> {mismatch}"
        ).format(mismatch=title(shown))
    )


def ignoring(shown: ShownMismatch, until: datetime) -> Message:
    """Answer the form of Ignore."""
    return message(
        _(
            "I have saved that you ignore this until {until}. I check that you may, and then the card says so.\n> {mismatch}"
        ).format(until=moment(until), mismatch=title(shown))
    )


def form(shown: ShownMismatch) -> View:
    """Ask until when a mismatch is ignored."""
    until: Block = {
        "type": "input",
        "block_id": END,
        "label": plain(_("Ignore until")),
        "hint": plain(_("I tell of it again after that, if it is still so. A year at most.")),
        "element": {
            "type": "datetimepicker",
            "action_id": END,
            "initial_date_time": int((clock.now() + SUGGESTED).timestamp()),
        },
    }
    reason = reason_field(_("Reason"), optional=True, hint=_("Kept in the audit log."))
    return {
        "type": "modal",
        "callback_id": UNTIL,
        "private_metadata": shown.mismatch.id,
        "title": plain(_("Ignore until")),
        "submit": plain(_("Ignore")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [section(title(shown)), until, reason],
    }


def end_in(view: Mapping[str, Any]) -> datetime | None:
    """Return the moment that was picked in a submitted form; None if none was that can be used."""
    field = view.get("state", {}).get("values", {}).get(END, {}).get(END, {})
    picked = field.get("selected_date_time")
    if not isinstance(picked, int) or isinstance(picked, bool) or not 0 < picked < LAST_MOMENT:
        return None
    until = datetime.fromtimestamp(picked, UTC)
    now = clock.now()
    return until if now < until <= now + LONGEST else None


def of_check(last: CheckResult | None) -> list[Block]:
    """Say when Entra was last compared, and where that was not possible."""
    if last is None:
        return [context(_("I have not compared anything yet."))]
    said = [_("Last compared {at}.").format(at=moment(last.at))]
    if last.refused:
        said.append(_not_read(len(last.refused)))
    if last.too_large:
        many = len(last.too_large)
        said.append(
            ngettext(
                "{count} group has too many members to look through.",
                "{count} groups have too many members to look through.",
                many,
            ).format(count=number(many))
        )
    if last.too_large_within:
        many = len(last.too_large_within)
        said.append(
            ngettext(
                "{count} group has too many people in the groups within it, so I look at its direct members only.",
                "{count} groups have too many people in the groups within them, so I look at their direct members only.",
                many,
            ).format(count=number(many))
        )
    if last.unread:
        said.append(
            ngettext(
                "{count} group could not be read this time.",
                "{count} groups could not be read this time.",
                last.unread,
            ).format(count=number(last.unread))
        )
    return [context("\n".join(said))]


def _not_read(refused: int) -> str:
    """Say that the members of some groups cannot be read, and what it takes."""
    return ngettext(
        "I may not read who is in {count} group, so I do not look there. That takes GroupMember.Read.All (and "
        "Member.Read.Hidden for groups that hide their members).",
        "I may not read who is in {count} groups, so I do not look there. That takes GroupMember.Read.All (and "
        "Member.Read.Hidden for groups that hide their members).",
        refused,
    ).format(count=number(refused))
