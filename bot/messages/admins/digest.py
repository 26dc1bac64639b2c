"""Write the weekly digest for the owner of access packages: who has what, what ends, who granted what, and how fast."""

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Final

from bot.messages.blocks.data_blocks import (
    LONGEST_CELL,
    MOST_CATEGORIES,
    MOST_CELL_CHARACTERS,
    MOST_TABLE_ROWS,
    Cell,
    bar_chart,
    data_table,
    text_cell,
)
from bot.messages.blocks.pages import MESSAGE, Room
from bot.messages.blocks.parts import (
    Block,
    Message,
    context,
    day_only,
    divider,
    escape,
    header,
    length,
    message,
    section,
    shorten,
)
from bot.messages.phrases.waits import how_long
from bot.reports.model import CurrentAccess, FinishedRequest, PackageFigures, ReportFigures
from bot.words import N_, _, ngettext
from bot.words.formats import each_of, number
from graph.values import in_zone

TITLE: Final = N_("Access digest")
# Beside the picture of the charts, in the digest's thread.
PICTURE: Final = N_("The same as a picture.")
# Of the lists, so that all of them and the charts stay within what a message takes.
MOST_LINES: Final = 10
LIST_CHARACTERS: Final = 2_000
# In the lists; the report has names and reasons whole.
LONGEST_NAME: Final = 60
MOST_BARS: Final = 8
LONGEST_BAR: Final = 20
FULL: Final = "\N{BLACK PARALLELOGRAM}"
# What stands around the table.
BESIDE_TABLE: Final = Room(blocks=2, characters=600)
HINT: Final = N_("An admin sees all of it by `/access-admin assignments`.")


def digest(found: ReportFigures, *, newer: bool, zone: tzinfo = UTC) -> Message:
    """
    Write the digest.

    Args:
        newer: With Slack's blocks for charts and tables; the same is said in plain blocks where Slack refuses these.
        zone: Of its reader, by whose days the table says since when and until when, as the sentences do.
    """
    text = f"{TITLE}: {_who_has(found)}"
    return message(text, _newer(found, zone) if newer else _plain(found))


def _plain(found: ReportFigures) -> list[Block]:
    return [
        *_head(found),
        *_bars(found.packages),
        *_lists(found),
        *_listed(_("*Who has what*"), map(_access_line, found.current), len(found.current)),
        context(_(HINT)),
    ]


def _newer(found: ReportFigures, zone: tzinfo) -> list[Block]:
    blocks = [*_head(found), *_charts(found), *_lists(found)]
    room = MESSAGE.less(blocks).less([context(_(HINT))])
    table = _table(found.current, room, zone)
    return [*blocks, *table, context(_(HINT))]


def _head(found: ReportFigures) -> list[Block]:
    return [
        header(_(TITLE)),
        section(f"{_who_has(found)} {_what_ends(found)}"),
        section(f"{_what_was_decided(found)} {_how_fast(found)}".strip()),
    ]


def _who_has(found: ReportFigures) -> str:
    count = len(found.packages)
    if not found.current:
        sentence = ngettext(
            "Nobody has access to the {count} package of yours.",
            "Nobody has access to the {count} packages of yours.",
            count,
        )
    elif found.people == 1:
        sentence = ngettext(
            "1 person has access to the {count} package of yours.",
            "1 person has access to the {count} packages of yours.",
            count,
        )
    else:
        sentence = ngettext(
            "{people} people have access to the {count} package of yours.",
            "{people} people have access to the {count} packages of yours.",
            count,
        )
    return sentence.format(people=number(found.people), count=number(count))


def _what_ends(found: ReportFigures) -> str:
    days, count = _days((found.ends_before - found.at).days), len(found.ending)
    if not count:
        return _("Nothing ends within {days}.").format(days=days)
    return ngettext(
        "{count} assignment ends within {days}.", "{count} assignments end within {days}.", count
    ).format(count=number(count), days=days)


def _what_was_decided(found: ReportFigures) -> str:
    granted, denied = len(found.granted), sum(each.denied for each in found.packages)
    return ngettext(
        "In the last {days}, {count} request was granted and {denied} denied.",
        "In the last {days}, {count} requests were granted and {denied} denied.",
        granted,
    ).format(days=_days(found.period.days), count=number(granted), denied=number(denied))


def _how_fast(found: ReportFigures) -> str:
    if found.decided_in is None or found.most_decided_in is None:
        return ""
    half, most = how_long(found.decided_in), how_long(found.most_decided_in)
    return _("Half of the decisions took {half} or less, and nine of ten {most} or less.").format(
        half=half, most=most
    )


def _charts(found: ReportFigures) -> list[Block]:
    """Draw who has what by package, and what was decided week by week; no more than Slack takes in a message: two."""
    made = []
    held = _most_held(found.packages, MOST_CATEGORIES)
    if held:
        made.append(
            bar_chart(
                _("Assignments by package"),
                {_("Assignments"): [each.holders for each in held]},
                [each.name for each in held],
                x_label=_("Package"),
                y_label=_("Assignments"),
            )
        )
    weeks = found.weeks[-MOST_CATEGORIES:]
    if any(each.granted or each.denied for each in weeks):
        made.append(
            bar_chart(
                _("Requests granted and denied, by week"),
                {
                    _("Granted"): [each.granted for each in weeks],
                    _("Denied"): [each.denied for each in weeks],
                },
                [f"{each.week.since:%d %b}" for each in weeks],
                x_label=_("Week from"),
                y_label=_("Requests"),
            )
        )
    return made


def _most_held(packages: Iterable[PackageFigures], most: int) -> list[PackageFigures]:
    held = [each for each in packages if each.holders]
    return sorted(held, key=lambda each: (-each.holders, each.name))[:most]


def _bars(packages: Sequence[PackageFigures]) -> list[Block]:
    """Draw the assignments of each package as a line of signs, with their number."""
    held = _most_held(packages, MOST_BARS)
    if not held:
        return []
    longest = held[0].holders
    lines = [
        f"{FULL * max(1, round(each.holders / longest * LONGEST_BAR))} {each.holders:,} {_name(each.name)}"
        for each in held
    ]
    left = sum(each.holders > 0 for each in packages) - len(held)
    if left:
        lines.append(
            ngettext(
                "… and {count} more package with fewer.",
                "… and {count} more packages with fewer.",
                left,
            ).format(count=number(left))
        )
    return [section("\n".join([_("*Assignments by package*"), *lines]))]


def _lists(found: ReportFigures) -> list[Block]:
    days, past = _days((found.ends_before - found.at).days), _days(found.period.days)
    ending, granted = found.ending, found.granted
    return [
        divider(),
        *_listed(
            _("*What ends within {days}*").format(days=days), map(_end_line, ending), len(ending)
        ),
        *_listed(
            _("*What was granted in the last {past}*").format(past=past),
            map(_grant_line, granted),
            len(granted),
        ),
    ]


def _listed(title: str, lines: Iterable[str], count: int) -> list[Block]:
    """List the first lines under a title, as many as there is room for, and say how many more there are."""
    if not count:
        return []
    taken, characters = [title], 0
    for line in lines:
        characters += length(line) + 1
        if len(taken) > MOST_LINES or characters > LIST_CHARACTERS:
            break
        taken.append(f"• {line}")
    left = count - len(taken) + 1
    if left:
        taken.append(_("… and {left} more.").format(left=number(left)))
    return [section("\n".join(taken))]


def _end_line(access: CurrentAccess) -> str:
    if access.ends_at is None:
        return _("{person} has *{package}* with no end.").format(**_whose(access))
    return _("{person} has *{package}* until {end}.").format(
        end=day_only(access.ends_at), **_whose(access)
    )


def _access_line(access: CurrentAccess) -> str:
    if access.starts_at is None:
        return _end_line(access)
    since = day_only(access.starts_at)
    if access.ends_at is None:
        return _("{person} has *{package}* since {since} with no end.").format(
            since=since, **_whose(access)
        )
    return _("{person} has *{package}* since {since} until {end}.").format(
        since=since, end=day_only(access.ends_at), **_whose(access)
    )


def _grant_line(request: FinishedRequest) -> str:
    decided = {(each.by_id, each.for_name): each for each in request.decisions}
    approvers = [_approver(each.by, each.for_name) for each in decided.values()]
    if request.entra_decides and not approvers:
        sentence = (
            _("{person} extended *{package}* on {when}, as Microsoft Entra decided.")
            if request.is_extension
            else _("{person} got *{package}* on {when}, as Microsoft Entra decided.")
        )
    elif request.is_extension:
        sentence = (
            _("{person} extended *{package}* on {when}, approved by {approvers}.")
            if approvers
            else _("{person} extended *{package}* on {when}; nobody had to approve.")
        )
    else:
        sentence = (
            _("{person} got *{package}* on {when}, approved by {approvers}.")
            if approvers
            else _("{person} got *{package}* on {when}; nobody had to approve.")
        )
    named = each_of(approvers)
    return sentence.format(when=day_only(request.ended_at), approvers=named, **_whose(request))


def _whose(of: CurrentAccess | FinishedRequest) -> dict[str, str]:
    return {"person": _holder(of), "package": _name(of.package_name)}


def _approver(by: str, for_name: str | None) -> str:
    return (
        _("{person} for {approver}").format(person=_name(by), approver=_name(for_name))
        if for_name
        else _name(by)
    )


def _holder(of: CurrentAccess | FinishedRequest) -> str:
    # By name: a mention would tell each of them of a list that is not theirs.
    return _name(of.holder_name) if of.holder_name else _("somebody whose name is not known")


def _name(name: str) -> str:
    return escape(shorten(name, LONGEST_NAME))


def _table(current: Sequence[CurrentAccess], room: Room, zone: tzinfo) -> list[Block]:
    """List who has what in a table, as many rows as there is room for."""
    if not current:
        return []
    names = (_("Person"), _("Package"), _("Since"), _("Until"))
    room = Room(
        blocks=room.blocks - BESIDE_TABLE.blocks,
        characters=room.characters - BESIDE_TABLE.characters,
    )
    rows: list[Sequence[Cell]] = []
    size, read = 0, sum(map(len, names))
    for access in current[:MOST_TABLE_ROWS]:
        row = _row(access, zone)
        size += room.size_of(row) + 1
        read += sum(length(each["text"]) for each in row)
        if rows and (size > room.characters or read > MOST_CELL_CHARACTERS):
            break
        rows.append(row)
    left = len(current) - len(rows)
    shown = (
        _("{shown} of {count}").format(shown=number(len(rows)), count=number(len(current)))
        if left
        else number(len(rows))
    )
    caption = _("Who has what, the next to end first: {shown}").format(shown=shown)
    table = data_table(caption, names, rows, block_id="digest_access")
    more = (
        [context(_("The table leaves out {left} more, which end later.").format(left=number(left)))]
        if left
        else []
    )
    return [table, *more]


def _row(access: CurrentAccess, zone: tzinfo) -> list[Cell]:
    return [
        text_cell(shorten(access.holder_name or _("(name not known)"), LONGEST_CELL)),
        text_cell(access.package_name),
        # Not as a token of Slack's, which a cell would not show; by these, rows are sorted.
        text_cell(f"{in_zone(access.starts_at, zone):%Y-%m-%d}" if access.starts_at else ""),
        text_cell(f"{in_zone(access.ends_at, zone):%Y-%m-%d}" if access.ends_at else _("no end")),
    ]


def _days(count: int) -> str:
    return ngettext("{count} day", "{count} days", count).format(count=number(count))
