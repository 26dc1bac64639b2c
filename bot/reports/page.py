"""
Write the report as one HTML page: charts with their tables, for the screen and for paper.

Everything is in it: no script, no font and no picture from elsewhere.  The page is built as a tree, so that no name or
reason in it can become markup.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bot.messages.phrases.waits import how_long
from bot.reports import drawing
from bot.reports.model import CurrentAccess, ReportFigures, RequestOutcome

MOST_BARS: Final = 20
MOST_WEEKS: Final = 26
# Of the lists of single accesses.
MOST_ENDS: Final = 1_000
MOST_LONGEST: Final = 50
MOST_UNUSED: Final = 1_000
# Of the reasons, the most frequent first.
MOST_REASONS: Final = 20
UNKNOWN: Final = "not known"
DECIDED: Final = frozenset({RequestOutcome.GRANTED, RequestOutcome.DENIED})
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2330; --soft: #55606f; --line: #d8dee6; --page: #fff; --tile: #f4f6f9;
  --bar: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a4afbd; --line: #354050; --page: #12171f;
  --tile: #1b222d; --bar: #7aa2ff; } }
@media print { :root { --ink: #000; --soft: #333; --line: #999; --page: #fff; --tile: #fff; --bar: #1d4ed8; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } section, figure, tr { break-inside: avoid-page; }
  section.long { break-inside: auto; } svg, .tile { print-color-adjust: exact; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.8rem; margin: 0; } h2 { font-size: 1.2rem; margin: 0 0 12px; }
p { margin: 0 0 8px; color: var(--soft); } section { margin-top: 40px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tile { background: var(--tile); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.tile dt { color: var(--soft); font-size: .85rem; } .tile dd { margin: 0; font-size: 1.3rem; font-weight: 600; }
.beside { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 24px; align-items: start; }
@media (max-width: 760px) { .beside { grid-template-columns: minmax(0, 1fr); } }
figure { margin: 0; } figure svg { width: 100%; max-width: 720px; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } .axis { stroke: var(--line); }
.solid, .stripe { fill: var(--bar); } .striped { fill: url(#stripes); stroke: var(--bar); } .between { fill: var(--page); }
.patterns { position: absolute; }
.key { list-style: none; display: flex; gap: 16px; padding: 0; margin: 0 0 8px; font-size: .9rem; }
.key li { display: flex; gap: 6px; align-items: center; } .key svg { width: 14px; height: 14px; flex: none; }
.scroll { overflow-x: auto; } .scroll + .scroll, .scroll + p { margin-top: 16px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding-bottom: 4px; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
thead th { border-bottom-width: 2px; overflow-wrap: normal; } th.number, td.number { text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 24px; }
tbody th { font-weight: 500; }
"""

Cells = Sequence[str | int]


def page(found: ReportFigures, *, about: str) -> str:
    """
    Write the page.

    Args:
        about: Whose figures these are, for people: "All packages".
    """
    html = Element("html", {"lang": "en"})
    head = SubElement(html, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": POLICY})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "title").text = f"Access report: {about}"
    SubElement(head, "style").text = STYLE
    main = SubElement(SubElement(html, "body"), "main")
    main.append(drawing.patterns())
    _head(main, found, about)
    _decisions(main, found)
    _packages(main, found)
    _outcomes(main, found)
    _approvers(main, found)
    _reasons(main, found)
    _ends(main, found)
    _longest(main, found)
    _unused(main, found)
    indent(html)
    return f"<!doctype html>\n{tostring(html, encoding='unicode', method='html')}\n"


def _head(main: Element, found: ReportFigures, about: str) -> None:
    SubElement(main, "h1").text = f"Access report: {about}"
    since, until = _day(found.period.since), _day(found.period.until)
    _say(
        main,
        f"Requests that ended from {since} to {until}; access as of {_moment(found.at)}.",
    )
    if found.kept_since is not None and found.period.since < found.kept_since:
        _say(
            main,
            f"Requests that ended before {_day(found.kept_since)} are deleted after a time: they may be missing here.",
        )
    tiles = SubElement(main, "dl", {"class": "tiles"})
    _tile(tiles, "People with access", f"{found.people:,}")
    _tile(tiles, "Assignments", f"{len(found.current):,}")
    _tile(tiles, f"End before {_moment(found.ends_before)}", f"{len(found.ending):,}")
    _tile(tiles, "Granted", f"{len(found.granted):,}")
    _tile(tiles, "Denied", f"{sum(each.denied for each in found.packages):,}")
    _tile(tiles, "Half of the decisions within", _wait(found.decided_in))
    _tile(tiles, "Nine of ten within", _wait(found.most_decided_in))


def _tile(tiles: Element, what: str, number: str) -> None:
    tile = SubElement(tiles, "div", {"class": "tile"})
    SubElement(tile, "dt").text = what
    SubElement(tile, "dd").text = number


def _decisions(main: Element, found: ReportFigures) -> None:
    part = _section(main, "Granted and denied, by week")
    weeks = found.weeks[-MOST_WEEKS:]
    if len(weeks) < len(found.weeks):
        _say(part, f"The last {len(weeks)} of {len(found.weeks)} weeks.")
    beside = SubElement(part, "div", {"class": "beside"})
    figure = SubElement(beside, "figure")
    figure.append(drawing.key_to(["Granted", "Denied"]))
    series = {
        "Granted": [each.granted for each in weeks],
        "Denied": [each.denied for each in weeks],
    }
    starts = [f"{each.week.since:%d %b}" for each in weeks]
    figure.append(drawing.columns("Requests granted and denied, by week", starts, series))
    rows = [(_day(each.week.since), each.granted, each.denied) for each in weeks]
    _table(beside, "Requests that ended, by week", ("Week from", "Granted", "Denied"), rows)


def _packages(main: Element, found: ReportFigures) -> None:
    part = _section(main, "Assignments by package", is_long=len(found.packages) > MOST_BARS)
    held = sorted(
        (each for each in found.packages if each.holders),
        key=lambda each: (-each.holders, each.name),
    )
    if held:
        shown = [(each.name, each.holders) for each in held[:MOST_BARS]]
        if len(held) > MOST_BARS:
            _say(
                part,
                f"The chart shows the {MOST_BARS} with the most of {len(held):,}; the table has all.",
            )
        SubElement(part, "figure").append(drawing.bars("Assignments by package", shown))
    rows = [
        (
            each.name,
            each.catalog,
            each.holders,
            each.ending,
            each.granted,
            each.denied,
            _wait(each.decided_in),
        )
        for each in found.packages
    ]
    names = (
        "Package",
        "Catalog",
        "Assignments",
        "End soon",
        "Granted",
        "Denied",
        "Half decided within",
    )
    _table(part, "Every package", names, rows)


def _outcomes(main: Element, found: ReportFigures) -> None:
    part = _section(main, "How requests ended")
    if not found.outcomes:
        _say(part, "No request ended in this time.")
        return
    counted = sorted(found.outcomes.items(), key=lambda each: (-each[1], each[0]))
    rows = [(str(outcome).capitalize(), count) for outcome, count in counted]
    beside = SubElement(part, "div", {"class": "beside"})
    SubElement(beside, "figure").append(drawing.bars("How requests ended", rows))
    _table(beside, "Requests by how they ended", ("Outcome", "Requests"), rows)


def _approvers(main: Element, found: ReportFigures) -> None:
    part = _section(main, "Who decided", is_long=len(found.approvers) > MOST_BARS)
    unknown = sum(
        each.entra_decides and not each.decisions and each.outcome in DECIDED
        for each in found.finished
    )
    if unknown:
        _say(
            part,
            "Requests that are not counted here, because they were decided in Microsoft Entra and it is not known by whom, or "
            f"nobody had to: {unknown:,}.",
        )
    if not found.approvers:
        if not unknown:
            _say(part, "Nobody decided a request that ended in this time.")
        return
    shown = [(each.name, each.approved + each.denied) for each in found.approvers[:MOST_BARS]]
    beside = SubElement(part, "div", {"class": "beside"})
    SubElement(beside, "figure").append(drawing.bars("Decisions by person", shown))
    rows = [
        (each.name, each.approved, each.denied, how_long(each.decided_in))
        for each in found.approvers
    ]
    _table(beside, "Decisions by person", ("Person", "Approved", "Denied", "Half within"), rows)


def _reasons(main: Element, found: ReportFigures) -> None:
    part = _section(main, "Reasons")
    if found.why_not:
        _note_rest(part, len(found.why_not), MOST_REASONS)
        rows = [
            (str(each.outcome or "").capitalize(), each.reason or "no reason given", each.count)
            for each in found.why_not[:MOST_REASONS]
        ]
        _table(part, "Why requests were not granted", ("Outcome", "Reason", "Requests"), rows)
    if found.reasons:
        _note_rest(part, len(found.reasons), MOST_REASONS)
        asked = [(each.reason, each.count) for each in found.reasons[:MOST_REASONS]]
        _table(part, "Reasons that were given more than once", ("Reason", "Requests"), asked)
    _say(part, _without_reason(found.reasonless, len(found.finished)))


def _without_reason(count: int, among: int) -> str:
    """Say of how many requests it is not known why they were made."""
    if not count:
        return "Each request has a reason." if among else "There were no requests."
    verb = "has" if count == 1 else "have"
    return f"{count:,} of {among:,} request{'' if among == 1 else 's'} {verb} no reason."


def _ends(main: Element, found: ReportFigures) -> None:
    ending = found.ending
    part = _section(main, f"What ends before {_moment(found.ends_before)}", is_long=True)
    if not ending:
        _say(part, "Nothing.")
        return
    _note_rest(part, len(ending), MOST_ENDS)
    rows = [
        (_holder(each), each.package_name, _since(each), _end(each)) for each in ending[:MOST_ENDS]
    ]
    _table(part, "The next end first", ("Person", "Package", "Since", "Until"), rows)


def _longest(main: Element, found: ReportFigures) -> None:
    held = found.longest_held
    part = _section(main, "Who has had access longest", is_long=True)
    if not held:
        _say(part, "Nobody has access of which it is known since when.")
        return
    _note_rest(part, len(held), MOST_LONGEST)
    rows = [
        (
            _holder(each),
            each.package_name,
            _since(each),
            _days(each, found.at),
            _end(each),
        )
        for each in held[:MOST_LONGEST]
    ]
    _table(part, "The oldest first", ("Person", "Package", "Since", "Days", "Until"), rows)


def _unused(main: Element, found: ReportFigures) -> None:
    part = _section(main, "Policies that nobody has used", is_long=True)
    if not found.unused:
        _say(part, "Every policy for asking has given somebody access.")
        return
    reads = "Latchkey reads the tenant"
    since = f"{_day(found.kept_since)}, or since {reads}" if found.kept_since else reads
    _say(part, f"Under these, nobody has access, or has had any since {since}.")
    _note_rest(part, len(found.unused), MOST_UNUSED)
    rows = [(each.package_name, each.policy_name) for each in found.unused[:MOST_UNUSED]]
    _table(part, "Policies for asking", ("Package", "Policy"), rows)


def _section(main: Element, title: str, *, is_long: bool = False) -> Element:
    part = SubElement(main, "section", {"class": "long"} if is_long else {})
    SubElement(part, "h2").text = title
    return part


def _say(part: Element, sentence: str) -> None:
    SubElement(part, "p").text = sentence


def _note_rest(part: Element, count: int, most: int) -> None:
    if count > most:
        _say(part, f"The first {most:,} of {count:,}.")


def _table(part: Element, caption: str, names: Sequence[str], rows: Iterable[Cells]) -> None:
    """Add a table; a column is one of numbers if its first cell is."""
    given = list(rows)
    table = SubElement(SubElement(part, "div", {"class": "scroll"}), "table")
    SubElement(table, "caption").text = caption
    first = given[0] if given else ()
    kinds = [
        {"class": "number"} if index < len(first) and isinstance(first[index], int) else {}
        for index in range(len(names))
    ]
    head = SubElement(SubElement(table, "thead"), "tr")
    for name, kind in zip(names, kinds, strict=True):
        SubElement(head, "th", {"scope": "col", **kind}).text = name
    body = SubElement(table, "tbody")
    for row in given:
        line = SubElement(body, "tr")
        for index, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            made = SubElement(line, *(("td", kind) if index else ("th", {"scope": "row"})))
            made.text = f"{cell:,}" if isinstance(cell, int) else cell


def _holder(access: CurrentAccess) -> str:
    return access.holder_name or f"({UNKNOWN}: {access.entra_id})"


def _days(access: CurrentAccess, at: datetime) -> int:
    return (at - access.starts_at).days if access.starts_at else 0


def _since(access: CurrentAccess) -> str:
    return _day(access.starts_at) if access.starts_at else UNKNOWN


def _end(access: CurrentAccess) -> str:
    return _day(access.ends_at) if access.ends_at else "no end"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _wait(wait: timedelta | None) -> str:
    return how_long(wait) if wait is not None else "–"
