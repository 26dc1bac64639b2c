"""Show sentences that are kept or raised: all of them is escaped, and moments in them stand in the reader's zone."""

import re
from datetime import UTC, datetime

from bot.messages.blocks.parts import escape, moment
from bot.words.formats import KEPT_MOMENT, KEPT_MOMENT_FORMAT


def escape_sentence(text: str) -> str:
    """
    Return a sentence that was kept or raised, safe in mrkdwn, with each of its moments in the reader's zone.

    Such a sentence holds no markup, because it is shown in terminals as well: what looks like some is somebody's words.
    """
    return KEPT_MOMENT.sub(_in_readers_zone, escape(text))


def _in_readers_zone(found: re.Match[str]) -> str:
    try:
        at = datetime.strptime(found[0], KEPT_MOMENT_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        # Somebody's words that look like one: there is no such day.
        return found[0]
    return moment(at)
