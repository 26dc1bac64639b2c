"""Talk to Microsoft's login: certificates, time-outs and refusals, the same for every sign-in."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, Protocol

import requests
from msal.authority import WELL_KNOWN_AUTHORITY_HOSTS
from msal.exceptions import MsalError, MsalServiceError

from graph.errors import AuthError, LoginUnreachable

TIMEOUT: Final = timedelta(seconds=20)


class HttpAnswer(Protocol):
    """An answer of the login, as far as somebody reads one."""

    @property
    def status_code(self) -> int: ...

    @property
    def text(self) -> str: ...


class HttpClient(Protocol):
    """An HTTP client as msal takes it, which also posts: `requests.Session`, or what stands for one."""

    def get(self, url: str, /) -> HttpAnswer: ...


def accepted(answer: Any) -> dict[str, Any]:
    """
    Return msal's answer, if it is a token.

    Raises:
        AuthError: It is an error, which msal returns instead of raising.
    """
    if isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
        return answer
    said = answer if isinstance(answer, dict) else {}
    codes = [f"AADSTS{code}" for code in said.get("error_codes") or []]
    # The description repeats trace ids and times, on lines of their own or after the sentence.
    text = str(said.get("error_description") or said.get("error") or "no reason given")
    reason = text.splitlines()[0].split(" Trace ID:")[0].rstrip(". ")
    missing = [code for code in codes if code not in reason]
    raise AuthError(
        f"Microsoft's login refuses: {reason}{f' ({missing[0]})' if missing else ''}.",
        code=codes[0] if codes else said.get("error"),
        request_id=said.get("correlation_id"),
    )


# How urllib3 begins what it says of a connection.
CONNECTION: Final = re.compile(r"^<?[\w.]*Connection\w*\b[^:]*?(\(.*?\))?( object at 0x\w+>)?: ")


@contextmanager
def errors_as_sentences(host: str) -> Iterator[None]:
    """
    Turns what msal and requests raise into ours.

    Raises:
        LoginUnreachable: No answer, or one that says that the login is out of order.
        AuthError: Anything else; both with a sentence fit to print.
    """
    try:
        yield
    except AuthError:
        raise
    except requests.RequestException as exc:
        raise LoginUnreachable(
            f"Microsoft's login at {host} cannot be reached: {_reason(exc)}."
        ) from exc
    except ValueError as exc:
        # msal's advice on how authorities are written helps nobody who only has a tenant id.
        if "authority configuration" in str(exc):
            raise AuthError(
                f"Microsoft's login at {host} does not know this tenant; is its id right?"
            ) from exc
        raise AuthError(f"Microsoft's login at {host} gave no token: {_reason(exc)}.") from exc
    except MsalServiceError as exc:
        # What msal raises for a 5xx alone: it returns whatever the login says no by.
        raise LoginUnreachable(
            f"Microsoft's login at {host} gave no token: {_reason(exc)}."
        ) from exc
    except (KeyError, OSError, RuntimeError, MsalError) as exc:
        raise AuthError(f"Microsoft's login at {host} gave no token: {_reason(exc)}.") from exc


def discovery(host: str) -> dict[str, Any]:
    """Instance discovery stays on for Microsoft's own hosts, which alone are known to it."""
    return {} if host in WELL_KNOWN_AUTHORITY_HOSTS else {"instance_discovery": False}


def client(ca_file: str | None = None) -> requests.Session:
    """
    The HTTP client for msal: with a time-out, and the certificates of the environment.

    ``REQUESTS_CA_BUNDLE`` is honored by requests itself, ``SSL_CERT_FILE`` is not.

    Args:
        ca_file: Trust these certificates only, whatever the environment says.
    """
    session = _ImpatientSession()
    if ca_file is not None:
        session.trust_env = False  # or REQUESTS_CA_BUNDLE would silently win
        session.verify = ca_file
    elif os.environ.get("SSL_CERT_FILE"):
        session.verify = os.environ["SSL_CERT_FILE"]
    return session


def client_on_this_machine() -> requests.Session:
    """
    The HTTP client for an identity that the machine itself has: no proxy is asked for what is beside us.

    Source: Microsoft, "How to use managed identities … to acquire an access token": the proxy must be passed by for
    169.254.169.254.
    """
    session = client()
    session.trust_env = False
    return session


class _ImpatientSession(requests.Session):
    """
    A session that never waits for ever, and never goes elsewhere: msal itself sets no time-out.

    After a redirect (307, 308) requests would send the app's credential to whatever host it names.
    """

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = TIMEOUT.total_seconds()
        kwargs["allow_redirects"] = False
        return super().send(request, **kwargs)


def _reason(exc: Exception) -> str:
    """Return why, in one line: of what requests and urllib3 have wrapped, the innermost says it, without the address of the tenant."""
    deeper = getattr(exc, "reason", None) or (exc.args[0] if exc.args else None)
    if isinstance(deeper, Exception):
        return _reason(deeper)
    if isinstance(deeper, str) and len(exc.args) == 2 and isinstance(exc.args[1], Exception):
        return f"{deeper}: {_reason(exc.args[1])}"
    said = CONNECTION.sub("", str(exc))
    return said.splitlines()[0].rstrip(". ") if said else type(exc).__name__
