"""Draw the lists of requests and of drift in the console."""

from bot.console.model import ConsolePage
from bot.drift.model import CheckResult, ShownMismatch
from bot.messages.admins import drift as drift_words
from bot.messages.admins import repairing
from bot.messages.admins.console.part import part, said_of_nothing
from bot.messages.approvals.pending_rows import left_out, pending_review
from bot.messages.blocks.pages import how_many, plural_of
from bot.messages.blocks.parts import Block, header, section
from bot.paging import ListName, Page
from bot.requests.model import Hold, Request
from bot.words import _, ngettext


def pending(
    page: ConsolePage, found: Page[Request], *, reader: str, is_whole: bool = True
) -> list[Block]:
    """
    List what waits for a decision, the oldest first, each with a button that shows its card.

    Args:
        is_whole: Nothing waits in Entra that cannot be listed.
    """
    if not found.rows:
        nothing = section(said_of_nothing(found, _("Nothing waits for a decision.")))
        return [nothing, *left_out(is_whole=is_whole)]
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
        *part(
            page,
            found,
            (pending_review(each, reader=reader) for each in found.rows),
            ListName.PENDING,
        ),
        *left_out(is_whole=is_whole),
    ]


def stuck(page: ConsolePage, found: Page[tuple[Hold, Request]]) -> list[Block]:
    """List the requests that keep failing, each with Retry and Give up."""
    if not found.rows:
        return [section(said_of_nothing(found, _("No request is stuck.")))]
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
        *part(page, found, rows, ListName.STUCK),
    ]


def drift(page: ConsolePage, found: Page[ShownMismatch], last: CheckResult | None) -> list[Block]:
    """List where Entra and what was approved do not agree, each with its buttons; and what the last check says of itself."""
    if not found.rows:
        nothing = _("Nothing is open: whatever was found has passed, was adopted, or is ignored.")
        return [section(said_of_nothing(found, nothing)), *drift_words.of_check(last)]
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
        *part(page, found, rows, ListName.DRIFT),
    ]
