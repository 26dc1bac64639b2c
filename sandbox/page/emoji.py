"""Emoji shortcodes: the ones bots use are drawn by us, so they look the same on every machine."""

import re

from markupsafe import Markup

# shortcode -> symbol in templates/emoji.svg
_DRAWN = {
    "white_check_mark": "check",
    "heavy_check_mark": "check",
    "ballot_box_with_check": "check",
    "x": "cross",
    "negative_squared_cross_mark": "cross",
    "no_entry": "stop",
    "no_entry_sign": "stop",
    "hourglass": "hourglass",
    "hourglass_flowing_sand": "hourglass",
    "lock": "lock",
    "closed_lock_with_key": "lock",
    "unlock": "unlock",
    "key": "key",
    "old_key": "key",
    "bell": "bell",
    "alarm_clock": "clock",
    "clock1": "clock",
    "stopwatch": "clock",
    "warning": "warning",
    "information_source": "info",
    "wave": "wave",
    "tada": "tada",
    "calendar": "calendar",
    "date": "calendar",
    "spiral_calendar_pad": "calendar",
    "package": "package",
    "mag": "search",
    "eyes": "eyes",
    "memo": "memo",
    "pencil": "memo",
    "clipboard": "memo",
    "bulb": "bulb",
    "rotating_light": "beacon",
    "speech_balloon": "balloon",
    "leftwards_arrow_with_hook": "back",
    "arrows_counterclockwise": "again",
    "repeat": "again",
    "door": "door",
    "bust_in_silhouette": "person",
    "busts_in_silhouette": "people",
    "shield": "shield",
    "large_green_circle": "green",
    "large_yellow_circle": "yellow",
    "large_orange_circle": "yellow",
    "red_circle": "red",
    "large_blue_circle": "blue",
    "white_circle": "gray",
}
# shortcode -> character, drawn by the reader's own font
_TYPED = {
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "smile": "😄",
    "slightly_smiling_face": "🙂",
    "pray": "🙏",
    "clap": "👏",
    "rocket": "🚀",
    "sparkles": "✨",
    "heart": "❤️",
    "fire": "🔥",
    "star": "⭐",
    "robot_face": "🤖",
    "link": "🔗",
    "gear": "⚙️",
    "raised_hands": "🙌",
    "point_right": "👉",
    "arrow_right": "➡️",
    "house": "🏠",
    "file_folder": "📁",
    "zap": "⚡",
}
# characters that people type themselves and that we draw as well
_CHARACTERS = {
    "✅": "white_check_mark",
    "❌": "x",
    "⛔": "no_entry",
    "🚫": "no_entry",
    "⏳": "hourglass",
    "⌛": "hourglass",
    "🔒": "lock",
    "🔐": "lock",
    "🔓": "unlock",
    "🔑": "key",
    "🔔": "bell",
    "⏰": "alarm_clock",
    "⚠": "warning",
    "👋": "wave",
    "🎉": "tada",
    "📅": "calendar",
    "📦": "package",
    "🔍": "mag",
    "👀": "eyes",
    "📝": "memo",
    "💡": "bulb",
    "🚨": "rotating_light",
    "💬": "speech_balloon",
    "🛡": "shield",
    "👤": "bust_in_silhouette",
    "👥": "busts_in_silhouette",
    "🟢": "large_green_circle",
    "🟡": "large_yellow_circle",
    "🔴": "red_circle",
}
_SHORTCODE = re.compile(r":([a-z0-9_+\-]+)(?:::skin-tone-[2-6])?:")
_CHARACTER = re.compile("(" + "|".join(map(re.escape, _CHARACTERS)) + ")\ufe0f?")


def emoji(name: str) -> Markup | None:
    """The emoji called *name* as HTML; None for a name we do not know (Slack shows it as typed)."""
    if name in _DRAWN:
        return Markup(
            '<svg class="emoji" role="img" aria-label="{}"><use href="#emoji-{}"/></svg>'
        ).format(name.replace("_", " "), _DRAWN[name])
    if name in _TYPED:
        return Markup('<span class="emoji-text" title=":{}:">{}</span>').format(name, _TYPED[name])
    return None


def with_emoji(escaped: Markup) -> Markup:
    """*escaped* with its shortcodes and known characters drawn."""
    text = _SHORTCODE.sub(lambda found: str(emoji(found[1]) or found[0]), str(escaped))
    text = _CHARACTER.sub(lambda found: str(emoji(_CHARACTERS[found[1]])), text)
    return Markup(text)  # noqa: S704 - the input is escaped, what is added is ours
