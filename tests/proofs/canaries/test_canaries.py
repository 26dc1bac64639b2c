"""No secret, and nothing about people, in anything that a running bot writes where it does not belong."""

import base64
import json
import os
import secrets
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.proofs.canaries import life
from tests.proofs.canaries.canaries import BELONGS, LINK, NAME, REASON, SECRET, Written, shown_in
from tests.written_logs import written_logs


@pytest.fixture
def url_with_password(database_url):
    """The same database; the server of the tests does not ask for the password, but the bot has one."""
    url = sa.make_url(database_url)
    if url.drivername.startswith("sqlite"):
        return database_url
    secret = url.set(username=url.username or "postgres", password=secrets.token_hex(12))
    return secret.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("database_url", "socket_mode"),
    [("postgresql", False), ("sqlite", True)],
    indirect=["database_url"],
)
async def test_nothing_is_written_where_it_does_not_belong(
    simulated, database_url, url_with_password, socket_mode, capfd
):
    """A whole life with its accidents; everything that was written, and every canary in every form: 0 hits."""
    with written_logs() as logs:
        async with life.watched(url_with_password, socket_mode=socket_mode) as bot:
            await life.gets_access(bot)
            await life.connects_an_account(bot)
            await life.keeps_it_until_it_is_removed(bot)
            await life.meets_refusals_that_repeat_the_token(bot)
            await life.meets_a_bad_day_of_slack(bot)
            await life.is_sent_nonsense(bot)
            await life.breaks_in_a_listener(bot)
            await life.is_looked_at(bot)
            canaries = bot.canaries()
            bot.written.add("slack", *shown_in(bot.world.slack))
        bot.written.add("logs", logs.getvalue())
        bot.written.add("console", *capfd.readouterr())
        assert all(canaries.values())
        assert len(bot.signed_in) >= 8
        assert len(bot.echo.tokens) >= 1

        assert bot.written.hits(canaries) == []
        # The places are not empty, and the search finds what belongs there.
        assert bot.written.places_of("Ann Abara") == BELONGS[NAME]
        assert bot.written.places_of(life.WHY) == BELONGS[REASON]
        for place in ("logs", "http", "audit", "doctor", "slack", "errors", "reprs"):
            assert any(bot.written.texts[place]), place
        assert '"event": "unexpected"' in logs.getvalue()


@pytest.mark.parametrize("socket_mode", [False, True], ids=["HTTP", "Socket Mode"])
async def test_no_library_writes_what_does_not_belong(tmp_path, certificate, socket_mode, capfd):
    """Nothing is found in what speaks over sockets: HTTP clients and servers, TLS, websockets, Microsoft's sign-in."""
    with written_logs() as logs:
        async with life.watched_on_sockets(tmp_path, certificate, socket_mode=socket_mode) as bot:
            await life.gets_access(bot)
            await life.is_refused_by_graph(bot, 401)
            await life.meets_a_bad_day_of_slack(bot)
            await life.is_sent_nonsense(bot)
            await bot.look()
            canaries = bot.canaries()
        bot.written.add("logs", logs.getvalue())
        bot.written.add("console", *capfd.readouterr())
        assert all(values for kind, values in canaries.items() if kind != LINK)

        assert bot.written.hits(canaries) == []
        for place in ("logs", "http", "errors"):
            assert any(bot.written.texts[place]), place


LEAKS = {
    "as it is": lambda value: value,
    "in a log line": lambda value: json.dumps({"event": f"Authorization: Bearer {value}"}),
    "URL-encoded": lambda value: f"https://x.test/?t={quote(value, safe='')}&a=b",
    "in base64": lambda value: base64.b64encode(f"{value}".encode()).decode(),
    "in base64, among others": lambda value: base64.b64encode(f"a:{value}:bc".encode()).decode(),
    "in base64url": lambda value: base64.urlsafe_b64encode(f"user:{value}!".encode()).decode(),
}


@pytest.mark.parametrize("kind", sorted(BELONGS))
@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_leak_is_found(kind, leak):
    """The count can fail: a canary of any kind, in any form, in a place where it does not belong."""
    canary = "xoxb-canary/8f2a?ann@contoso.example ä"
    written = Written()
    written.add("console", "all is well", LEAKS[leak](canary), "still")

    (first, *_) = written.hits({kind: {canary}})

    assert (first.kind, first.place) == (kind, "console")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_leak_of_the_bots_is_found(simulated, database_url, capfd):
    """The same with the real bot: somebody prints the token, and the count is not 0."""
    async with life.watched(database_url, socket_mode=True) as bot:
        os.write(1, str(bot.world.bot.slack.client.token).encode())
        canaries = bot.canaries()
    bot.written.add("console", *capfd.readouterr())

    assert {(hit.kind, hit.place) for hit in bot.written.hits(canaries)} == {(SECRET, "console")}
