"""mrkdwn becomes HTML that reads well and cannot do harm."""

from dataclasses import replace

import pytest

from sandbox.page.mrkdwn import mrkdwn, plain
from tests.sandbox.page.conftest import reader


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _slanted_ ~gone~", "<strong>bold</strong> <em>slanted</em> <s>gone</s>"),
        ("*bold _and slanted_*", "<strong>bold <em>and slanted</em></strong>"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("`*code*`", "<code>*code*</code>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("one\ntwo", "one<br>two"),
        ("&gt; said\n> more\nthen", "<blockquote>said<br>more</blockquote>then"),
        ("• a\n• b", "<ul><li>a</li><li>b</li></ul>"),
        ("hello <@U0BO>", 'hello <span class="mention">@Bo Berg</span>'),
        ("<@U0ANN>", '<span class="mention me">@Ann Abara</span>'),
        ("<#C0GENERAL>", '<span class="mention">#general</span>'),
        ("<!subteam^S0IAM>", '<span class="mention">@iam</span>'),
        ("<!here>", '<span class="mention">@here</span>'),
        ("a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"),
        (":unknown_shortcode:", ":unknown_shortcode:"),
    ],
)
def test_mrkdwn_is_formatted_as_slack_formats_it(text: str, html: str) -> None:
    """Each construct of mrkdwn has its HTML."""
    assert mrkdwn(text, reader()) == html


@pytest.mark.parametrize(
    "text",
    [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<script>alert(1)</script>",
        "<javascript:alert(1)|click>",
        '<https://example.com/"onmouseover="alert(1)|x>',
        "*<img src=x onerror=alert(1)>*",
        "`<svg onload=alert(1)>`",
        "\ue0000\ue001 <b>",
        "<!date^1^<script>|x>",
    ],
)
def test_nothing_that_people_write_becomes_markup(text: str) -> None:
    """No tag, no script address and no attribute comes out of somebody's words."""
    html = mrkdwn(text, reader())
    assert "<script" not in html
    assert "<img" not in html
    assert "<svg onload" not in html
    assert 'href="javascript' not in html
    assert '"onmouseover' not in html


def test_a_link_opens_elsewhere_and_tells_nobody_where_from() -> None:
    """Links carry their label, a new tab and no referrer."""
    html = mrkdwn("<https://example.com/a?b=1&amp;c=2|ticket>", reader())
    assert 'href="https://example.com/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer">ticket</a>' in html


def test_an_address_ends_where_an_escaped_bracket_begins() -> None:
    """What somebody wrote as <address|name> stays what they wrote."""
    html = mrkdwn("see &lt;https://example.com/a?b=1&amp;c=2|x&gt; now", reader())
    assert "see &lt;<a" in html
    assert ">https://example.com/a?b=1&amp;c=2|x</a>&gt; now" in html


def test_verbatim_text_makes_no_links_of_addresses() -> None:
    """Those that an app marks as links are links."""
    html = mrkdwn("https://a.example <https://b.example|B>", reader(), is_verbatim=True)
    assert 'href="https://a.example' not in html
    assert 'href="https://b.example"' in html


def test_a_link_to_my_access_leads_to_its_stand_in() -> None:
    """The words stay as the app wrote them."""
    eyes = replace(reader(), my_access="http://127.0.0.1:1/myaccess")
    html = mrkdwn("decide at https://myaccess.microsoft.com/@contoso#/approvals.", eyes)
    assert '<a href="http://127.0.0.1:1/myaccess" rel="noreferrer">' in html
    assert ">https://myaccess.microsoft.com/@contoso#/approvals</a>." in html
    assert 'href="https://elsewhere.example/x"' in mrkdwn("https://elsewhere.example/x", eyes)


def test_emphasis_does_not_reach_over_lines() -> None:
    """Slack ends bold and italics with the line."""
    assert mrkdwn("*one\ntwo*", reader()) == "*one<br>two*"


def test_a_date_is_shown_in_the_zone_of_the_reader() -> None:
    """The same token reads differently in Berlin and in Kolkata."""
    text = "<!date^1769860800^{date_num} {time}|2026-01-31 12:00 UTC>"
    assert ">2026-01-31 1:00 PM</time>" in mrkdwn(text, reader())
    assert ">2026-01-31 5:30 PM</time>" in mrkdwn(text, reader(zone="Asia/Kolkata"))


def test_a_date_out_of_range_shows_its_fallback() -> None:
    """A broken timestamp does not break the message."""
    assert mrkdwn("<!date^99999999999999^{date}|some day>", reader()) == "some day"


def test_emoji_that_bots_use_are_drawn() -> None:
    """Shortcodes and the characters themselves give the same drawing, whatever fonts the reader has."""
    assert "#emoji-beacon" in mrkdwn(":rotating_light: 🚨", reader())
    assert "#emoji-balloon" in mrkdwn(":speech_balloon: 💬", reader())
    assert mrkdwn(":white_check_mark:", reader()) == mrkdwn("✅", reader())
    assert "#emoji-check" in mrkdwn(":white_check_mark:", reader())


def test_plain_text_is_not_formatted() -> None:
    """A plain_text object keeps its stars, and its mentions stay text."""
    assert plain("*a* <@U0BO>\nb") == "*a* &lt;@U0BO&gt;<br>b"
