"""
Write the page of an evidence pack: what happened, who approved it, under which terms; for people, in one file.

Made as a tree and written by the standard library, which escapes every text: what somebody typed or is called never
becomes markup.  The page loads nothing and runs nothing, and says so to the browser.
"""

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

from bot.auditing.charts import Bars, draw
from bot.auditing.model import PackContent, PackDecision, PackRequest, PackScope
from bot.database.audit_log.audit import LATCHKEY
from bot.messages.phrases.alike import told_apart
from bot.packages.names import clean
from bot.reports.model import OUTCOMES
from bot.requests.model import State

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2330;--soft:#5a6475;--line:#d5dae3;--paper:#fff;--band:#f4f6f9;
--c0:#0072b2;--c1:#d55e00;--c2:#e69f00;--c3:#7a8494;--c4:#56b4e9;--c5:#cc79a7;--c6:#009e73;--c7:#5b4a9e}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--soft:#a7b0c0;--line:#3a4354;--paper:#151a23;--band:#1d2430;
--c0:#4aa8e0;--c1:#f08a4b;--c2:#f0bd4f;--c3:#98a2b3;--c4:#8fd0f5;--c5:#e3a2c6;--c6:#3fc79a;--c7:#a99be0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:2rem 1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
p.lead{color:var(--soft);margin:0 0 1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ul.figures{display:flex;flex-wrap:wrap;gap:.8rem;list-style:none;padding:0;margin:1rem 0}
ul.figures li{background:var(--band);border:1px solid var(--line);border-radius:8px;padding:.6rem 1rem;min-width:8rem}
ul.figures b{display:block;font-size:1.5rem}
.pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1.5rem;align-items:start}
@media(max-width:52rem){.pair{grid-template-columns:1fr}}
.chart{width:100%;height:auto;max-width:44rem}.chart text{font-size:12px;fill:var(--ink)}
.part0{fill:var(--c0)}.part1{fill:var(--c1)}.part2{fill:var(--c2)}.part3{fill:var(--c3)}.part4{fill:var(--c4)}.part5{fill:var(--c5)}.part6{fill:var(--c6)}.part7{fill:var(--c7)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{background:var(--band);overflow-wrap:normal}.pair td{overflow-wrap:normal}td.number,th.number{text-align:right}code{font-size:.85em;overflow-wrap:anywhere}
.whole{white-space:nowrap}.some{min-width:6.5rem}.more{min-width:9rem}.wide{min-width:12rem}small{color:var(--soft)}
@media print{body{max-width:none;padding:0;font-size:11pt}.scroll{overflow:visible}tr,.pair{break-inside:avoid}}
"""
REMOVED: Final = "removed"
PARTS: Final = (*OUTCOMES.values(), "open", REMOVED)
# How wide the columns with these heads are at least: a moment and a word of Latchkey's stand on one line.
WIDTHS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Asked", "When", "Did", "From", "To"), "whole"),
    **dict.fromkeys(("For whom", "What", "Who", "About", "Package"), "some"),
    **dict.fromkeys(("Reason", "Decided by", "How it ended"), "more"),
    **dict.fromkeys(("Policy and terms", "Why"), "wide"),
}
KINDS: Final = {"add": "access", "extend": "extension", "remove": "removal"}
MOST_PACKAGES: Final = 12
MOST_MONTHS: Final = 24
WAITS: Final = (
    ("within an hour", timedelta(hours=1)),
    ("1 to 4 hours", timedelta(hours=4)),
    ("4 to 24 hours", timedelta(days=1)),
    ("1 to 3 days", timedelta(days=3)),
    ("longer", timedelta.max),
)


def write(
    content: PackContent, scope: PackScope, *, made_at: datetime, made_by: str, key: str
) -> bytes:
    """
    Return the page, in UTF-8.

    Args:
        key: The public key that the pack is signed with.
    """
    html = ET.Element("html", {"lang": "en"})
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "meta", {"charset": "utf-8"})
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy()})
    ET.SubElement(
        head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    )
    ET.SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    ET.SubElement(head, "title").text = "Latchkey: evidence of access"
    ET.SubElement(head, "style").text = STYLE
    body = ET.SubElement(html, "body")
    main = ET.SubElement(body, "main")
    _text(main, "h1", "Evidence of access")
    _text(main, "p", "Who asked for access, who decided, under which policy and terms.").set(
        "class", "lead"
    )
    _facts(main, content, scope, made_at=made_at, made_by=made_by, key=key)
    _figures(main, content)
    _months(main, content.requests)
    _waits(main, content.requests)
    _packages(main, content.requests)
    _deciders(main, content.requests)
    _requests(main, content)
    _log(main, content)
    _proof(main)
    written: bytes = ET.tostring(html, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + written


def policy() -> str:
    """Return the page's Content-Security-Policy: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _facts(
    main: ET.Element,
    content: PackContent,
    scope: PackScope,
    *,
    made_at: datetime,
    made_by: str,
    key: str,
) -> None:
    since = _moment(scope.since) if scope.since else "its beginning"
    until = _moment(scope.until) if scope.until else "when this was made"
    facts = [
        ("Period", f"from {since} to {until}"),
        ("Person", scope.person or "everybody"),
        ("Access package", scope.package or "all"),
        ("Made", f"{_moment(made_at)}, by {made_by}"),
        ("The log ended with", f"{content.head[0]}:{content.head[1]}"),
        ("Signed with", key),
    ]
    listed = ET.SubElement(main, "dl")
    for name, value in facts:
        _text(listed, "dt", name)
        _text(listed, "dd", value)


def _figures(main: ET.Element, content: PackContent) -> None:
    ended = Counter(_outcome(each) for each in content.requests)
    decided = sum(len(each.decisions) for each in content.requests)
    figures = [
        (len(content.requests), "requests"),
        (ended["granted"], "granted"),
        (ended["denied"], "denied"),
        (ended[REMOVED], REMOVED),
        (decided, "decisions"),
        (len(content.rows), "rows of the audit log"),
    ]
    listed = ET.SubElement(main, "ul", {"class": "figures"})
    for number, name in figures:
        item = ET.SubElement(listed, "li")
        _text(item, "b", f"{number:,}")
        _text(item, "span", name)


def _months(main: ET.Element, asked: Sequence[PackRequest]) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for each in asked:
        counted[f"{each.asked_at:%Y-%m}"][_outcome(each)] += 1
    rows = [
        (month, [counted[month][part] for part in PARTS])
        for month in sorted(counted)[-MOST_MONTHS:]
    ]
    _charted(
        main, Bars(title="Requests by month, and how they ended", parts=PARTS, rows=rows), "Month"
    )


def _waits(main: ET.Element, asked: Sequence[PackRequest]) -> None:
    counted = Counter(
        _wait(each.decisions[0].at - each.asked_at) for each in asked if each.decisions
    )
    rows = [(name, [counted[name]]) for name, _ in WAITS] if counted else []
    _charted(
        main, Bars(title="Time until the first decision", parts=("requests",), rows=rows), "Time"
    )


def _wait(waited: timedelta) -> str:
    return next(name for name, most in WAITS if waited <= most)


def _packages(main: ET.Element, asked: Sequence[PackRequest]) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for each in asked:
        counted[clean(each.package_name)][_outcome(each)] += 1
    most = sorted(counted, key=lambda name: (-counted[name].total(), name))[:MOST_PACKAGES]
    rows = [(name, [counted[name][part] for part in PARTS]) for name in most]
    title = "Access packages most asked for"
    _charted(main, Bars(title=title, parts=PARTS, rows=rows), "Access package")


def _charted(main: ET.Element, bars: Bars, label: str) -> None:
    """A drawing, and beside it the table that says the same."""
    _text(main, "h2", bars.title)
    if not bars.rows:
        _text(main, "p", "Nothing of this is in the pack.")
        return
    pair = ET.SubElement(main, "div", {"class": "pair"})
    pair.append(draw(bars))
    used = [number for number in range(len(bars.parts)) if any(row[1][number] for row in bars.rows)]
    head = [label, *(bars.parts[number] for number in used)]
    _table(pair, head, [[name, *(numbers[each] for each in used)] for name, numbers in bars.rows])


def _deciders(main: ET.Element, asked: Sequence[PackRequest]) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for decision in (each for request in asked for each in request.decisions):
        counted[decision.slack_user][decision.verb] += 1
        names[decision.slack_user] = clean(decision.name or decision.slack_user)
    names = told_apart(names)
    _text(main, "h2", "Who decided")
    if any((each.terms or {}).get("entra_decides") for each in asked):
        _text(
            main,
            "p",
            "What was decided in Microsoft Entra itself is not counted here: as far as Latchkey knows it, it is in the log, at "
            "“decided_in_entra”; Entra's own log has all of it.",
        )
    rows = sorted([names[who], found["approve"], found["deny"]] for who, found in counted.items())
    _table(main, ["Name", "Approved", "Denied"], rows)


def _requests(main: ET.Element, content: PackContent) -> None:
    _text(main, "h2", "Each request")
    if content.deleted:
        _text(
            main,
            "p",
            f"Requests of which only the log is left, because closed requests are deleted after a time: {content.deleted:,}.",
        )
    head = ["Asked", "For whom", "What", "Reason", "Policy and terms", "Decided by", "How it ended"]
    rows = [
        [
            _moment(each.asked_at),
            _asked_for(each, content.people),
            f"{KINDS.get(each.kind, each.kind)}: {clean(each.package_name)}",
            clean(each.justification or ""),
            _terms(each),
            "\n".join(map(_decision, each.decisions)) or _not_here(each),
            _end(each),
        ]
        for each in content.requests
    ]
    _table(main, head, rows)


def _not_here(request: PackRequest) -> str:
    """Say why no decision is known that was made through Latchkey."""
    if request.kind == "remove":
        return "a removal waits for nobody"
    if (request.terms or {}).get("entra_decides"):
        return "decided in Microsoft Entra, or nobody has"
    return "nobody had to, or nobody has"


def _asked_for(request: PackRequest, people: Mapping[str, str]) -> str:
    whose = clean(request.holder_name or request.holder or request.entra_id or "not known")
    if request.asked_by == request.holder:
        return whose
    if request.asked_by == LATCHKEY and request.holder is None and request.kind != "remove":
        # Latchkey asks for no access by itself: whoever is not in Slack has asked at My Access.
        return f"{whose}\nasked in Microsoft Entra"
    return f"{whose}\nasked by {clean(people.get(request.asked_by, request.asked_by))}"


def _terms(request: PackRequest) -> str:
    if request.kind == "remove":
        return "none: a removal needs none"
    if not request.terms:
        return "none: it did not come so far"
    stages = len(request.terms["stages"])
    decide = f"{stages} stage{'' if stages == 1 else 's'} of approval" if stages else "no approval"
    lines = [
        clean(str(request.terms["policy_name"])),
        decide,
        f"for {clean(str(request.terms['lasts']))}",
    ]
    gives = [clean(str(each)) for each in request.terms["contents"]]
    return "\n".join([*lines, *gives, f"terms {(request.terms_hash or '')[:12]}"])


def _decision(decision: PackDecision) -> str:
    verb = {"approve": "approved", "deny": "denied"}.get(decision.verb, decision.verb)
    name = clean(decision.name or decision.slack_user)
    role = f" for {clean(decision.acting_for)}" if decision.acting_for else ""
    role += " as an admin" if decision.as_admin else ""
    until = f", until {_moment(decision.until)}" if decision.until else ""
    reason = f": {clean(decision.reason)}" if decision.reason else ""
    return f"{name}{role} {verb} stage {decision.stage}, {_moment(decision.at)}{until}{reason}"


def _end(request: PackRequest) -> str:
    outcome = _outcome(request)
    if outcome == "open":
        outcome = f"open: {request.shown_state}"
    lines = [f"{outcome}, {_moment(request.ended_at)}" if request.ended_at else outcome]
    if request.ends_at:
        lines.append(f"access until {_moment(request.ends_at)}")
    return "\n".join([*lines, clean(request.why or "")]).strip()


def _log(main: ET.Element, content: PackContent) -> None:
    _text(main, "h2", "The audit log")
    head = ["Row", "When", "Who", "Did", "About", "Package", "From", "To", "Why"]
    rows = [
        [
            each.row["position"],
            _moment(each.row["at"]),
            _named(each.row["actor"], content.people),
            each.row["verb"],
            _named(each.row["subject_entra_id"], content.people),
            _named(each.row["package_id"], content.packages),
            each.row["before"] or "",
            each.row["after"] or "",
            clean(each.row["why"] or ""),
        ]
        for each in content.rows
    ]
    _table(main, head, rows)


def _named(given: str | None, names: Mapping[str, str]) -> str:
    return clean(names.get(given, given)) if given else ""


def _proof(main: ET.Element) -> None:
    _text(main, "h2", "How to check this pack")
    _text(main, "p", "With no database and no secret:")
    _text(
        main,
        "p",
        "latchkey audit verify FILE --signed-by PUBLIC_KEY --anchor POSITION:HASH",
        inside="code",
    )
    _text(
        main,
        "p",
        "That shows that nothing in the pack was changed since the owner of the key signed it, and, with an anchor that was "
        "noted elsewhere, that the log is still the one of that day. Take the public key and the anchor from somebody else "
        "than whoever hands you the pack. It does not show that everything that happened is in the log, nor that the pack "
        "has every row that you would have asked for: the rows that were left out are counted and not shown.",
    )


def _outcome(request: PackRequest) -> str:
    if request.kind == "remove" and request.state == State.DELIVERED:
        return REMOVED
    return OUTCOMES.get(State(request.state)) or "open"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _text(parent: ET.Element, tag: str, words: str, *, inside: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, tag)
    (ET.SubElement(element, inside) if inside else element).text = words
    return element


def _table(parent: ET.Element, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = ET.SubElement(ET.SubElement(parent, "div", {"class": "scroll"}), "table")
    top = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    found = list(rows)
    numeric = {
        n for n in range(len(head)) if found and all(isinstance(row[n], int) for row in found)
    }
    shown = ["number" if n in numeric else WIDTHS.get(name) for n, name in enumerate(head)]
    for name, how in zip(head, shown, strict=True):
        cell = ET.SubElement(top, "th", {"scope": "col"})
        cell.text = name
        if how is not None:
            cell.set("class", how)
    body = ET.SubElement(table, "tbody")
    for row in found:
        line = ET.SubElement(body, "tr")
        for value, how in zip(row, shown, strict=True):
            _cell(line, value, how)


def _cell(line: ET.Element, value: Any, how: str | None) -> None:
    cell = ET.SubElement(line, "td", {"class": how} if how is not None else {})
    first, *others = (f"{value:,}" if how == "number" else str(value)).split("\n")
    cell.text = first
    for each in others:
        ET.SubElement(cell, "br").tail = each
