"""Tell people of access with which something is wrong."""

from collections.abc import Mapping
from typing import Final

from bot.assignments.model import (
    ENDED_BY_US,
    Assignment,
    AssignmentState,
    DeliveryProgress,
    EndReason,
    Trouble,
    TroubleKind,
)
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    actions,
    bold,
    button,
    context,
    escape,
    message,
    moment,
    person,
    section,
    until,
)
from bot.messages.blocks.quotes import one_line, quote, quoted
from bot.words import N_, _, ngettext
from bot.words.formats import number

# After "Your access to X …", or as a line of its own; nothing is said of what is simply there.
PROGRESS: Final[Mapping[DeliveryProgress, str]] = {
    DeliveryProgress.DELIVERING: N_("Entra is setting it up; not all of it may be there yet."),
    DeliveryProgress.PARTIAL: N_("A part of it only: Entra has not delivered the rest."),
    DeliveryProgress.REPROCESSING: N_("Entra is going through it again; it stays yours meanwhile."),
    DeliveryProgress.FAILED: N_(
        "Entra could not finish it: parts of it may be missing, or may have stayed."
    ),
}
# The same about somebody else.
STANDS: Final[Mapping[DeliveryProgress, str]] = {
    **PROGRESS,
    DeliveryProgress.REPROCESSING: N_("Entra is going through it again; they have it meanwhile."),
}
SHORT: Final[Mapping[DeliveryProgress, str]] = {
    DeliveryProgress.DELIVERING: N_(" (being set up)"),
    DeliveryProgress.PARTIAL: N_(" (a part of it)"),
    DeliveryProgress.REPROCESSING: N_(" (being processed again)"),
    DeliveryProgress.FAILED: N_(" (not finished by Entra)"),
}
OF_SETTINGS: Final[Mapping[TroubleKind, str]] = {
    TroubleKind.SETTINGS_RENAMED: N_(
        ":warning: Entra and the package settings do not agree any more on the name of the access package {name} or of its catalog "
        "({entry}), {when}. What stood there goes on holding for it; where something else is said of it now, the stricter of both. "
        "Please correct the file, and restart me; if the file is right, say so with `latchkey check-settings FILE --accept PACKAGE`."
    ),
    TroubleKind.SETTINGS_TAKEN: N_(
        ":warning: The access package {name} has a name that stands in the package settings ({entry}) and was another package's, {when}. "
        "Only what is stricter there holds for it. If all of it should hold, please give the other an entry under its name of now and "
        "restart me, or say so with `latchkey check-settings FILE --accept PACKAGE`."
    ),
    TroubleKind.SETTINGS_NOBODY: N_(
        ":warning: No access package and no catalog in Entra has the name {entry} that stands in the package settings, {when}: what they "
        "say there holds for nothing. Please correct the name or remove it, and restart me."
    ),
}
UNSURE: Final = frozenset({DeliveryProgress.PARTIAL, DeliveryProgress.FAILED})


def notes(row: Assignment, *, own: bool) -> list[Block]:
    """Say what is to be known of an access beside whose it is and until when."""
    said = (PROGRESS if own else STANDS).get(row.progress)
    found = [context(_(said))] if said else []
    if row.unreadable_since is not None:
        found.append(
            context(
                _(
                    "I have not been able to read it in Entra since {when}; what stands here may be out of "
                    "date."
                ).format(when=moment(row.unreadable_since))
            )
        )
    return found


def card(trouble: Trouble, row: Assignment | None, *, package: str, unreadable: int = 0) -> Message:
    """
    Tell the admins what is wrong, with what they can do; redrawn when it has passed.

    Args:
        row: The access, unless it is about a package.
        package: The package's name.
        unreadable: How many assignments of it cannot be read.
    """
    title = _title(trouble, row, package=package, unreadable=unreadable)
    blocks: list[Block] = [section(title)]
    if trouble.wanted_by and trouble.wanted_at:
        wanted = _("{person} has it processed again, {when}.").format(
            person=person(trouble.wanted_by), when=moment(trouble.wanted_at)
        )
        blocks.append(context(f"{wanted} {one_line(trouble.answer or '')}".strip()))
    if trouble.closed_at is not None:
        blocks.append(context(_passed(trouble, row)))
    elif row is not None:
        blocks += _ways_out(trouble, row)
    return message(title, blocks)


def _title(trouble: Trouble, row: Assignment | None, *, package: str, unreadable: int) -> str:
    name = bold(package)
    if trouble.kind in OF_SETTINGS:
        said = _(OF_SETTINGS[trouble.kind])
        entry = one_line(trouble.why or "")
        return said.format(name=name, entry=entry, when=moment(trouble.at))
    if trouble.kind is TroubleKind.PACKAGE:
        return _(
            ":warning: I cannot read the access package {name} in Entra, {when}: something of it, "
            "or of its policies or resources, is not as Microsoft describes it. It stays in my "
            "list as it was, and is not offered if it was not before. Please look at it in Entra."
        ).format(name=name, when=moment(trouble.at))
    if row is None:
        said = ngettext(
            ":warning: I cannot read {count} assignment of {name} in Entra, {when}. It stays listed as it was, nobody "
            "is reminded of it, and I do not notice if it ends. Please look at Latchkey's rights in that catalog.",
            ":warning: I cannot read {count} assignments of {name} in Entra, {when}. They stay listed as they were, "
            "nobody is reminded of them, and I do not notice if they end. Please look at Latchkey's rights in that "
            "catalog.",
            unreadable,
        )
        if not unreadable:
            said = _(
                ":warning: I cannot read some assignments of {name} in Entra, {when}. They stay listed as they were, "
                "nobody is reminded of them, and I do not notice if they end. Please look at Latchkey's rights in that "
                "catalog."
            )
        return said.format(count=number(unreadable), name=name, when=moment(trouble.at))
    who = person(row.holder, row.holder_name)
    if trouble.kind is TroubleKind.PARTIAL:
        return _(
            ":warning: {who} has a part only of {name}, {until}: Entra has not delivered the rest."
        ).format(who=who, name=name, until=until(row.ends_at))
    if trouble.kind is TroubleKind.FAILED:
        return _(
            ":warning: Entra could not finish {who}'s access to {name}: parts of it may be "
            "missing, or may have stayed."
        ).format(who=who, name=name)
    if trouble.kind is TroubleKind.REGIVEN:
        by = (
            _("an automatic assignment policy gives it to them")
            if trouble.why == "automatic"
            else _("somebody has given it in Entra, not through me")
        )
        return _(
            ":warning: {who} has {name} again, {until}: an admin had removed it, and {by}."
        ).format(who=who, name=name, until=until(row.ends_at), by=by)
    if trouble.why in ENDED_BY_US:
        return _(
            ":warning: {who}'s access to {name} had been removed, and Entra shows it again. I "
            "remove it once more."
        ).format(who=who, name=name)
    return _(
        ":warning: I had said that {who}'s access to {name} has ended; Entra shows it again, "
        "{until}."
    ).format(who=who, name=name, until=until(row.ends_at))


def _passed(trouble: Trouble, row: Assignment | None) -> str:
    if trouble.kind in OF_SETTINGS:
        return _("The package settings and Entra agree again.")
    if trouble.kind is TroubleKind.PACKAGE:
        return _("I can read it again, or it is gone.")
    if row is None:
        return _("I can read all of them again.")
    if row.state is not AssignmentState.ENDED:
        return _("All of it is there now.")
    return _("That access is over now.")


def _ways_out(trouble: Trouble, row: Assignment) -> list[Block]:
    if row.state is AssignmentState.REMOVING:
        return [context(_("It is being removed."))]
    if trouble.kind is TroubleKind.REVIVED and trouble.why in ENDED_BY_US:
        return []
    again = reprocess(row) if trouble.kind in {TroubleKind.PARTIAL, TroubleKind.FAILED} else None
    return [actions(again, remove_button(row, label=_("Remove")), block_id=f"trouble:{trouble.id}")]


def reprocess(row: Assignment) -> Block:
    """Make a button that has Entra process an access again."""
    return button(
        _("Reprocess"), "reprocess", row.id, about=about_person(row.holder_name, row.package_name)
    )


def remove_button(row: Assignment, *, label: str) -> Block:
    """Make a button that opens the form which removes an access."""
    return button(
        label,
        "remove",
        row.id,
        style="danger",
        about=about_person(row.holder_name, row.package_name),
    )


def told_holder(trouble: Trouble, row: Assignment) -> Message | None:
    """Tell the holder; None if it is nothing to them."""
    name = bold(row.package_name)
    if trouble.kind is TroubleKind.PARTIAL:
        return message(
            _(
                "You have a part only of {name}, {until}: Entra has not delivered the rest of it. The "
                "admins have been told; you need not ask again."
            ).format(name=name, until=until(row.ends_at))
        )
    if trouble.kind is TroubleKind.FAILED:
        return message(
            _(
                "Entra could not finish your access to {name}: parts of it may be missing. The admins "
                "have been told; you need not ask again."
            ).format(name=name)
        )
    if trouble.kind is TroubleKind.REVIVED and trouble.why in {
        EndReason.RAN_OUT,
        EndReason.OUTSIDE,
    }:
        return message(
            _(
                "I told you that your access to {name} has ended. Entra shows it again, {until}."
            ).format(name=name, until=until(row.ends_at))
        )
    return None


def reprocessing(row: Assignment) -> Message:
    """Answer Reprocess."""
    who = person(row.holder, row.holder_name)
    return message(
        _(
            "I ask Entra to process {who}'s access to *{package}* again; what comes of it shows on "
            "its card in the admins' channel."
        ).format(who=who, package=escape(row.package_name))
    )


def removed_before(package: str, *, by: str, at: str, why: str | None) -> Message:
    """
    Tell whoever asks for access that an admin has taken from them.

    Args:
        by: A mention of the admin, to begin a sentence.
    """
    line = _(
        "{person} removed your access to *{package}* {at}. So an admin has to approve that you get it again; I have "
        "asked them."
    ).format(person=by, package=escape(package), at=at)
    if not why:
        return message(line)
    line = f"{line} {_('The reason of the removal:')}"
    return message(f"{line}{quote(why)}", [section(line), quoted(why)])
