"""Draw the admins' console: a modal with a tab for each list, a search field, and pages."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from bot.assignments.model import Assignment, AssignmentState
from bot.console.model import (
    LISTS,
    LONGEST_SOUGHT,
    OF_PEOPLE,
    SEARCHED,
    ConsolePage,
    Tab,
    write_console_page,
)
from bot.drift.model import CheckResult, ShownMismatch
from bot.errors import PackageName
from bot.messages import drift as drift_words
from bot.messages import repairing, troubles
from bot.messages.deciding import many_have, nobody_has
from bot.messages.pages import NOTHING_MORE, VIEW, Fitting, Room, Row, count_of, how_many, plural_of
from bot.messages.parts import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    header,
    moment,
    one_line,
    person,
    plain,
    section,
    shorten,
    until,
)
from bot.messages.pending_rows import pending_review
from bot.paging import ListName, Mark, Page, Place
from bot.requests.model import Hold, Request
from bot.words import N_, _, ngettext

CALLBACK: Final = "latchkey_console"
TITLE: Final = N_("Latchkey admin console")
# For the tabs, the search field, the heading and the buttons below the list.
ROOM: Final = Room(blocks=VIEW.blocks - 14, characters=VIEW.characters - 20_000, is_escaped=True)
# Of people whose names begin alike, and of packages whose names are near.
MOST_CHOICES: Final = 10
FOUND_BY: Final = N_(
    "Search for a person, a package, or both: a name, an e-mail address or an object id."
)
CHOOSE: Final = {
    Tab.PEOPLE: N_("Choose a person to see what they have, and why."),
    Tab.LEAVER: (
        N_(
            "Choose who has left. You see everything that they have, and can remove all of it with "
            "one confirmation."
        )
    ),
}
SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,31}")
# Of a reason, in a row of a list; the card has the whole.
LONGEST_REASON: Final = 200

View = dict[str, Any]


def view(
    page: ConsolePage, content: Sequence[Block], *, note: str | None = None, user: str | None = None
) -> View:
    """
    Draw the console with *content* in the tab that is shown.

    Args:
        note: What has just happened, a sentence fit for Slack.
        user: The Slack user whom the person menu shows.
    """
    written = write_console_page(page) or write_console_page(ConsolePage(tab=page.tab)) or ""
    head: list[Block] = [_tabs(page.tab)]
    if page.tab in OF_PEOPLE:
        head += _person_menu(page.tab, user)
    has_search = page.tab in SEARCHED
    if has_search:
        head.append(_search_field(page))
    if note:
        head.append(section(note))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": written,
        "title": plain(_(TITLE)),
        # Slack wants one where there is something to fill in.
        **({"submit": plain(_("Search"))} if has_search else {}),
        "close": plain(_("Close")),
        "blocks": [*head, divider(), *content],
    }


def loading(page: ConsolePage) -> View:
    """Draw the console while what it shows is looked up, which may take Slack and Entra a while."""
    return view(page, [section(_("I am looking that up …"))])


def refused(why: str) -> View:
    """Draw what somebody sees who may not see the console."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(_(TITLE)),
        "close": plain(_("Close")),
        "blocks": [section(escape(why))],
    }


def _tabs(current: Tab) -> Block:
    made = [
        button(_("Pending"), "console_pending", Tab.PENDING),
        button(_("Assignments"), "console_assignments", Tab.ASSIGNMENTS),
        button(_("Stuck"), "console_stuck", Tab.STUCK),
        button(_("Drift"), "console_drift", Tab.DRIFT),
        button(_("People"), "console_people", Tab.PEOPLE),
        button(_("Leaver"), "console_leaver", Tab.LEAVER),
        button(_("Audit log"), "console_audit", Tab.AUDIT),
    ]
    return actions(*(_marked(each, current) for each in made), block_id="tabs")


def _marked(tab: Block, current: Tab) -> Block:
    """Mark the tab that is shown: by its label, and not by its color alone."""
    if tab["value"] != current:
        return tab
    label = tab["text"]["text"]
    return {
        **tab,
        "text": plain(f"• {label}"),
        "style": "primary",
        "accessibility_label": _("{label}: shown now").format(label=label),
    }


def _search_field(page: ConsolePage) -> Block:
    field: Block = {
        "type": "plain_text_input",
        "action_id": "latchkey_console_search",
        "max_length": LONGEST_SOUGHT,
        "placeholder": plain(_("Person, package, or both")),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if page.sought and not page.sought.startswith("<@"):
        field["initial_value"] = page.sought
    return {
        "type": "input",
        # Another one for other words: Slack keeps what was typed under the same one.
        "block_id": f"search:{page.tab}",
        "dispatch_action": True,
        "optional": True,
        "label": plain(_("Search")),
        "element": field,
    }


def sought_in(view: Mapping[str, Any]) -> str:
    """Return what is typed into the search field of a console; empty if nothing is."""
    values = view.get("state", {}).get("values", {})
    for block_id, fields in values.items():
        if str(block_id).startswith("search:"):
            typed = fields.get("latchkey_console_search", {}).get("value")
            return str(typed or "").strip()[:LONGEST_SOUGHT]
    return ""


def _person_menu(tab: Tab, user: str | None) -> list[Block]:
    menu: Block = {
        "type": "users_select",
        "action_id": "latchkey_console_person",
        "placeholder": plain(_("Choose a person")),
    }
    if user:
        menu["initial_user"] = user
    return [section(_(CHOOSE[tab])), actions(menu, block_id=f"person:{tab}")]


def pending(page: ConsolePage, found: Page[Request], *, reader: str) -> list[Block]:
    """List what waits for a decision, the oldest first, each with a button that shows its card."""
    if not found.rows:
        return [section(_nothing(found, _("Nothing waits for a decision.")))]
    return [
        header(
            how_many(
                found,
                ngettext(
                    "{count} request waits{here} for a decision",
                    "{count} requests wait{here} for a decision",
                    plural_of(found),
                ),
            )
        ),
        *_part(
            page,
            found,
            (pending_review(each, reader=reader) for each in found.rows),
            ListName.PENDING,
        ),
    ]


def stuck(page: ConsolePage, found: Page[tuple[Hold, Request]]) -> list[Block]:
    """List the requests that keep failing, each with Retry and Give up."""
    if not found.rows:
        return [section(_nothing(found, _("No request is stuck.")))]
    rows = (repairing.blocks(hold, request) for hold, request in found.rows)
    return [
        header(
            how_many(
                found,
                ngettext(
                    "{count} request is stuck{here}",
                    "{count} requests are stuck{here}",
                    plural_of(found),
                ),
            )
        ),
        *_part(page, found, rows, ListName.HELD),
    ]


def drift(page: ConsolePage, found: Page[ShownMismatch], last: CheckResult | None) -> list[Block]:
    """List where Entra and what was approved do not agree, each with its buttons; and what the last check says of itself."""
    if not found.rows:
        nothing = _("Nothing is open: whatever was found has passed, was adopted, or is ignored.")
        return [section(_nothing(found, nothing)), *drift_words.of_check(last)]
    rows = (drift_words.blocks(each) for each in found.rows)
    return [
        header(
            how_many(
                found,
                ngettext(
                    "{count} mismatch with Entra{here}",
                    "{count} mismatches with Entra{here}",
                    plural_of(found),
                ),
            )
        ),
        *drift_words.of_check(last),
        *_part(page, found, rows, ListName.DRIFT),
    ]


def assignments(
    page: ConsolePage,
    found: Page[Assignment],
    *,
    place: Place,
    package: str | None,
    whom: str | None,
    notes: Sequence[str],
    removing: Collection[str],
    why: Mapping[str, str],
    waiting: Sequence[Request] = (),
) -> list[Block]:
    """
    List who has what, what ends first at the top, each with a button to remove it.

    Args:
        place: Which list, without where it begins.
        package: The name of the package that it is narrowed to.
        whom: Whom it is narrowed to, fit for Slack.
        notes: What is to be said besides, a sentence each.
        removing: Ids of those whose removal is asked for.
        why: Where each access comes from, in sentences, by its id; of those of which that is to be said.
        waiting: What the person waits for besides.
    """
    said = [section(" ".join(notes))] if notes else []
    if not found.rows:
        nobody = nobody_has(package=package, whom=whom)
        alone = _bulk(page.at(place), removable=1) if waiting and page.tab is Tab.LEAVER else []
        return [section(_nothing(found, nobody)), *said, *alone, *_waiting(page, waiting)]
    many = many_have(found, package=package, whom=whom)
    gone = {*removing, *(row.id for row in found.rows if row.state is AssignmentState.REMOVING)}
    rows = (
        [*_assignment_row(row, is_removing=row.id in gone), *_context(why.get(row.id))]
        for row in found.rows
    )
    bulk = _bulk(page.at(place), removable=sum(row.id not in gone for row in found.rows))
    return [section(many), *said, *_part(page, found, rows, place), *bulk, *_waiting(page, waiting)]


def _context(text: str | None) -> list[Block]:
    return [context(text)] if text else []


def _waiting(page: ConsolePage, waiting: Sequence[Request]) -> list[Block]:
    """Say what somebody has asked for and does not have yet; removing all of a leaver cancels that, too."""
    if not waiting:
        return []
    rows = [block for each in waiting for block in pending_review(each, reader="")]
    made = [divider(), section(_("*They also wait for these requests:*")), *rows]
    if page.tab is Tab.LEAVER:
        made.append(context(_("*Remove all* cancels these requests, too.")))
    return made


def _bulk(page: ConsolePage, *, removable: int) -> list[Block]:
    """Make the buttons that remove many at once: some of what is shown, or all of a person or a package."""
    value = write_console_page(page)
    is_narrowed = page.place is not None and bool(page.place.package_id or page.place.entra_ids)
    if value is None or not removable:
        return []
    several = button(_("Remove several …"), "remove_several", value) if removable > 1 else None
    everything = button(_("Remove all …"), "remove_all", value, style="danger")
    if not is_narrowed:
        return [actions(several, block_id="bulk")] if several else []
    return [actions(several, everything, block_id="bulk")]


def _assignment_row(row: Assignment, *, is_removing: bool) -> list[Block]:
    who = person(row.holder, row.holder_name)
    line = _("{who} has *{package}* {until}").format(
        who=who, package=escape(row.package_name), until=until(row.ends_at)
    )
    more = troubles.notes(row, own=False)
    if is_removing:
        return [section(f"{line}\n{_('Being removed.')}"), *more]
    remove = troubles.remove_button(row, label=_("Remove"))
    if row.progress not in troubles.UNSURE:
        return [section(line, accessory=remove, block_id=f"remove:{row.id}"), *more]
    buttons = actions(troubles.reprocess(row), remove, block_id=f"remove:{row.id}")
    return [section(line), *more, buttons]


def audit(
    page: ConsolePage,
    rows: Sequence[Mapping[str, Any]],
    *,
    place: Place,
    names: Mapping[str, str],
    packages: Mapping[str, str],
    narrowed: str | None,
    has_more: bool,
) -> list[Block]:
    """
    List rows of the audit log, the newest first, with the buttons that export it.

    Args:
        place: Which of its rows, without where the page begins.
        names: Whom they are about, fit for Slack, by Entra id.
        packages: The packages' names by id.
        narrowed: What it is narrowed to, fit for Slack.
        has_more: There are older rows.
    """
    title = (
        _("*The audit log of {narrowed}, the newest first.*").format(narrowed=narrowed)
        if narrowed
        else _("*The audit log, the newest first.*")
    )
    head = section(title)
    value = write_console_page(page.at(place)) or "-"
    exports = actions(
        button(_("Export as CSV"), "export_csv", value),
        button(_("Export as JSON Lines"), "export_jsonl", value),
        block_id="export",
    )
    note = context(_("A file of what is listed here comes as a direct message, to you alone."))
    if not rows:
        return [head, section(_("Nothing is written down about that."))]
    shown = [context(_audit_line(row, names=names, packages=packages)) for row in rows]
    first, more = None, None
    if page.place is not None and page.place.after is not None:
        first = _first(page, place)
    if has_more:
        more = _next(page, place, Mark(None, str(rows[-1]["position"])))
    pages = [actions(first, more, block_id="pages")] if first or more else []
    return [head, *shown, *pages, exports, note]


def _audit_line(
    row: Mapping[str, Any], *, names: Mapping[str, str], packages: Mapping[str, str]
) -> str:
    actor = str(row["actor"])
    who = f"<@{actor}>" if SLACK_ID.fullmatch(actor) else escape(actor)
    parts = [f"#{row['position']}", moment(row["at"]), who, f"*{escape(str(row['verb']))}*"]
    if row["before"] or row["after"]:
        parts.append(escape(" → ".join(each for each in (row["before"], row["after"]) if each)))
    if row["package_id"]:
        parts.append(escape(packages.get(row["package_id"], row["package_id"])))
    if row["subject_entra_id"]:
        parts.append(names.get(row["subject_entra_id"], escape(row["subject_entra_id"])))
    line = " · ".join(parts)
    if row["why"]:
        line += f"\n“{one_line(shorten(row['why'], LONGEST_REASON))}”"
    return line


def nobody_chosen() -> list[Block]:
    """Say what the tab of one person is for, before one is chosen."""
    return [section(_(FOUND_BY))]


def which_person(
    page: ConsolePage, name: str, people: Mapping[str, str], *, package_id: str | None
) -> list[Block]:
    """
    List people whose names begin as was typed, to choose one.

    Args:
        people: Their names by Entra id.
        package_id: The package that was asked about besides.
    """
    said = _("Nobody is called “{name}”; these names begin so. Whom do you mean?").format(
        name=escape(name)
    )
    blocks = [section(said)]
    for entra_id, shown in islice(people.items(), MOST_CHOICES):
        place = Place(list=LISTS[page.tab], package_id=package_id, entra_ids=(entra_id,))
        chosen = ConsolePage(tab=page.tab, place=place, sought=shown[:LONGEST_SOUGHT])
        show = button(_("Show"), "console_more", write_console_page(chosen) or "-", about=shown)
        blocks.append(section(escape(shown), accessory=show, block_id=f"choice:{entra_id}"))
    if len(people) > MOST_CHOICES:
        blocks.append(context(_("There are more: write more of the name to find them.")))
    return blocks


def which_package(page: ConsolePage, sentence: str, packages: Sequence[PackageName]) -> list[Block]:
    """
    List packages that may have been meant, to choose one.

    Args:
        sentence: Why it is not known which, as plain text.
    """
    blocks = [section(escape(sentence))]
    if packages:
        blocks.append(section(_("Did you mean one of these?")))
    for each in packages[:MOST_CHOICES]:
        tab = page.tab if page.tab is Tab.AUDIT else Tab.ASSIGNMENTS
        place = Place(list=LISTS[tab], package_id=each.id)
        chosen = ConsolePage(tab=tab, place=place, sought=each.name[:LONGEST_SOUGHT])
        show = button(_("Show"), "console_more", write_console_page(chosen) or "-", about=each.name)
        blocks.append(section(escape(str(each)), accessory=show, block_id=f"choice:{each.id}"))
    return blocks


def _nothing(found: Page[Any], nothing: str) -> str:
    return _(NOTHING_MORE) if found.skipped is None else nothing


def _part(
    page: ConsolePage, found: Page[Any], rows: Iterable[Row], of: ListName | Place
) -> list[Block]:
    """Show the rows of a page that fit, whole, and the buttons to its beginning and to what comes after them."""
    shown = Fitting(ROOM)
    for row in rows:
        if not shown.takes(row, ROOM.size_of(row)):
            break
    blocks = list(shown.blocks)
    left = found.count.less(shown.taken)
    next_page = None
    if not left.is_nothing:
        blocks.append(context(_("{count} more come after these.").format(count=count_of(left))))
        next_page = _next(page, of, found.marks[shown.taken - 1])
        if next_page is None:
            blocks.append(
                context(_("Please search for a package or one person to see the others."))
            )
    is_first = page.place is None or page.place.after is None
    first = None if is_first else _first(page, of)
    if first or next_page:
        blocks.append(actions(first, next_page, block_id="pages"))
    return blocks


def _next(page: ConsolePage, of: ListName | Place, after: Mark) -> Block | None:
    base = of if isinstance(of, Place) else Place(list=of)
    place = Place(list=base.list, after=after, package_id=base.package_id, entra_ids=base.entra_ids)
    value = write_console_page(page.at(place))
    return button(_("Next page"), "console_more", value) if value else None


def _first(page: ConsolePage, of: ListName | Place) -> Block | None:
    base = of if isinstance(of, Place) else Place(list=of)
    place = Place(list=base.list, package_id=base.package_id, entra_ids=base.entra_ids)
    value = write_console_page(page.at(place))
    return button(_("First page"), "console_first", value) if value else None
