"""
DATABASE_URL: what it names, and why it cannot be used, without a word of what is in it.

A password with an odd character moves the borders between the parts: what looks like a host or a port may be the
end of a password.  So what does not read in one way only is refused, and nothing of it is repeated.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
SCHEME: Final = re.compile(r"(?P<dialect>[a-z]+)(?:\+\w+)?://(?P<rest>.*)", re.DOTALL)
HOST: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[\w.-]*))(?::(?P<port>\d+))?", re.ASCII
)
BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
BLANK_OR_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")
SETTING: Final = re.compile(r"(?:-c\s*|--)(?P<name>[\w.-]+)=(?P<value>(?:\\.|\S)*)\s*", re.DOTALL)

# Parameters of a connection, as libpq 18 has them.
# Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
PARAMETERS: Final = frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service"),
        *("require_auth", "channel_binding", "connect_timeout", "client_encoding", "options"),
        *("application_name", "fallback_application_name", "tcp_user_timeout", "replication"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslkeylogfile"),
        *("sslpassword", "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni"),
        *("requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("min_protocol_version", "max_protocol_version", "gssencmode", "krbsrvname", "gsslib"),
        *("gssdelegation", "target_session_attrs", "load_balance_hosts"),
        *("scram_client_key", "scram_server_key"),
        *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    }
)
SECRET_PARAMETERS: Final = frozenset(
    {"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"}
)
# What the store says itself, in each transaction: see `bot.database.connections.engine`.
LIMITS: Final = frozenset(
    {"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"}
)

ENCODE: Final = (
    "a character such as @ : / ? # [ ] % or a blank in a user name, a password or a database's name must be "
    "percent-encoded (@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25)"
)
NOT_CLEAR: Final = f"DATABASE_URL cannot be read in one way only: {ENCODE}."


@dataclass(frozen=True, kw_only=True)
class _ServerAddress:
    """The parts of a PostgreSQL address, still percent-encoded; *hosts* as (host, port)."""

    user: str
    hosts: Sequence[tuple[str, str]]
    database: str
    query: str


def with_our_driver(url: str) -> str:
    """Return the address as the store takes it: with our driver, and several hosts as SQLAlchemy writes them."""
    dialect, rest = _split(url)
    if dialect not in DRIVERS:
        return url
    if dialect != "sqlite":
        server = _server(rest)
        if isinstance(server, _ServerAddress) and len(server.hosts) > 1:
            named = [("host", f"{host}:{port}" if port else host) for host, port in server.hosts]
            at = f"{server.user}@" if server.user else ""
            query = "&".join(each for each in (urlencode(named), server.query) if each)
            rest = f"{at}/{server.database}?{query}"
    return f"{DRIVERS[dialect]}://{rest}"


def sqlite_file(url: str) -> Path | None:
    """Return the database's file; None if it is a server."""
    dialect, rest = _split(url)
    if dialect != "sqlite" or not rest.startswith("/"):
        return None
    return Path(unquote(rest[1:].partition("?")[0]))


def without_secrets(url: str) -> str:
    """Return a PostgreSQL address for PostgreSQL's own programs, without its passwords."""
    server = _server(_split(url)[1])
    if not isinstance(server, _ServerAddress):
        return "postgresql://…"
    user = server.user.partition(":")[0]
    hosts = ",".join(f"{host}:{port}" if port else host for host, port in server.hosts)
    kept = [
        (name, value)
        for name, value in parse_qsl(server.query, keep_blank_values=True)
        if name not in SECRET_PARAMETERS
    ]
    query = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
    return f"postgresql://{f'{user}@' if user else ''}{hosts}/{server.database}{query}"


def session_settings(url: str) -> Mapping[str, str]:
    """Return what ``?options=-c name=value`` asks of each session."""
    dialect, rest = _split(url)
    server = _server(rest) if dialect in DRIVERS and dialect != "sqlite" else None
    if not isinstance(server, _ServerAddress):
        return {}
    return _options(dict(parse_qsl(server.query)).get("options", "")) or {}


def problems(url: str) -> list[str]:
    """Return why the database cannot even be tried, a sentence each; never a word of the address itself."""
    dialect, rest = _split(url)
    if dialect not in DRIVERS:
        return ["DATABASE_URL must start with sqlite:/// or postgresql://."]
    if dialect == "sqlite":
        return _problems_with_file(rest)
    server = _server(rest)
    return [server] if isinstance(server, str) else _problems_with_query(server)


def _split(url: str) -> tuple[str, str]:
    found = SCHEME.fullmatch(url)
    return (found["dialect"], found["rest"]) if found else ("", "")


def _problems_with_file(rest: str) -> list[str]:
    path, asks, _ = rest.partition("?")
    if path.lstrip("/") in {"", ":memory:"}:
        return [
            "DATABASE_URL must name a file (sqlite:///latchkey.db): a database in memory forgets everything."
        ]
    if not rest.startswith("/"):
        return [
            "DATABASE_URL has two slashes where SQLite needs three, or four: sqlite:///latchkey.db is a file in the "
            "working directory, sqlite:////var/lib/latchkey/latchkey.db one with its whole path."
        ]
    if asks:
        return [
            "DATABASE_URL has a “?” in it, and Latchkey gives SQLite no parameters: leave it out."
        ]
    return []


def _server(rest: str) -> _ServerAddress | str:
    """Return the parts of what follows ``postgresql://``, or the sentence that says why there are none."""
    if BLANK_OR_CONTROL.search(rest) or "#" in rest or BAD_PERCENT.search(rest):
        return NOT_CLEAR
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    after = rest[len(authority) :]
    if authority.count("@") > 1 or "@" in after:
        return NOT_CLEAR
    user, _, hosts = authority.rpartition("@")
    if not _is_text(user) or not _is_text(after):
        return NOT_CLEAR
    found = [HOST.fullmatch(each) for each in hosts.split(",")]
    if not all(found):
        return (
            "DATABASE_URL names no host, or no port in digits, where they belong "
            f"(postgresql://USER:PASSWORD@HOST:5432/DATABASE); {ENCODE}."  # pragma: allowlist secret
        )
    named = [
        (f"[{each['v6']}]" if each["v6"] else each["name"], each["port"] or "")
        for each in found
        if each
    ]
    if any(port and (len(port) > 5 or not 1 <= int(port) <= 65_535) for _, port in named):
        return "DATABASE_URL has a port that is none: it must be from 1 to 65535."
    if len(named) > 1 and any(not host or host.startswith("[") for host, _ in named):
        return "DATABASE_URL lists several hosts, and one of them has no name: IPv6 addresses cannot be in a list."
    database, _, query = after.removeprefix("/").partition("?")
    return _ServerAddress(user=user, hosts=named, database=database, query=query)


def _problems_with_query(server: _ServerAddress) -> list[str]:
    given = parse_qsl(server.query, keep_blank_values=True)
    found = []
    for name, times in Counter(name for name, _ in given).items():
        if name not in PARAMETERS:
            near = difflib.get_close_matches(name, PARAMETERS, n=1)
            hint = f" did you mean {near[0]}? And" if near else ""
            found.append(
                f"DATABASE_URL has a parameter after its “?” that PostgreSQL does not know:{hint} {ENCODE}."
            )
        elif times > 1:
            found.append(f"DATABASE_URL has the parameter {name} {times} times: give it once.")
    parameters = dict(given)
    if "host" in parameters and any(host for host, _ in server.hosts):
        found.append("DATABASE_URL names a host twice, before its “?” and after: give it once.")
    settings = _options(parameters.get("options", ""))
    if settings is None:
        found.append(
            "DATABASE_URL has options that Latchkey does not understand: it takes -c NAME=VALUE, percent-encoded "
            "(?options=-c%20search_path%3Dlatchkey)."
        )
    found += [
        f"DATABASE_URL asks for {name}, which Latchkey sets in each transaction itself: leave it out."
        for name in sorted(LIMITS & (settings or {}).keys())
    ]
    return found


def _options(text: str) -> dict[str, str] | None:
    """``-c name=value`` as a mapping; None if there is anything else in it."""
    settings, place, text = {}, 0, text.strip()
    while place < len(text):
        found = SETTING.match(text, place)
        if found is None:
            return None
        # libpq lets a backslash keep what follows, a blank most often; a dash in a long name is an underscore.
        name = found["name"].lower().replace("-", "_")
        settings[name] = re.sub(r"\\(.)", r"\1", found["value"])
        place = found.end()
    return settings


def _is_text(encoded: str) -> bool:
    try:
        unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        return False
    return True
