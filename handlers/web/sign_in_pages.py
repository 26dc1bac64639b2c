"""The pages that a browser shows before and after a sign-in to Microsoft: no script, nothing from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

# What a page may do: show itself and send its one form.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {actions}"
THIS_MACHINE: Final = "http://127.0.0.1:* http://localhost:*"
HEADERS: Final = {
    "cache-control": "no-store",
    # Nobody else learns the link; with "no-referrer" a browser would keep the origin of our own form from ourselves.
    "referrer-policy": "same-origin",
    # For browsers that do not know "frame-ancestors".
    "x-frame-options": "DENY",
    # Whoever has opened the page in a window has no hold on it.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1d1c1d}"
    "h1{font-size:1.4rem}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#0b5cad;"
    "color:#fff;cursor:pointer}small{color:#5f5e60}"
    "@media (prefers-color-scheme:dark){body{background:#1a1d21;color:#e8e8e8}small{color:#a5a5a7}}"
)


def begin(
    title: str,
    lines: Sequence[str],
    *,
    label: str,
    fields: Mapping[str, str],
    is_secure: bool,
    status: int = 200,
    language: str,
) -> HTMLResponse:
    """
    Show what a sign-in is for, with the button that begins it.

    The form goes to us, and from there to Microsoft's login, which may send the browser on at once: to ADFS, Okta or
    another identity provider of the tenant.  Browsers hold each of these steps to ``form-action``.  Nothing on the page has an id or
    the focus: an address that ends in one would let a key that is held down press the button before the page is read.

    Args:
        fields: What the form sends besides, which nobody sees.
        is_secure: We are reached by https; otherwise it is tried on one machine, where the login may be at any port.

    Source: https://www.w3.org/TR/CSP3/#directive-form-action
    """
    actions = "'self' https:" if is_secure else f"'self' https: {THIS_MACHINE}"
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    form = f'<form method="post">{hidden}<button>{escape(label)}</button></form>'
    return _page(title, lines, form, actions=actions, status=status, language=language)


def ended(title: str, lines: Sequence[str], *, status: int = 200, language: str) -> HTMLResponse:
    """Show how a sign-in ended."""
    return _page(title, lines, "", actions="'none'", status=status, language=language)


def _page(
    title: str,
    lines: Sequence[str],
    form: str,
    *,
    actions: str,
    language: str,
    status: int = 200,
) -> HTMLResponse:
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · Latchkey</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{said}{form}</main></body></html>"
    )
    policy = POLICY.format(actions=actions)
    return HTMLResponse(
        html, status_code=status, headers={**HEADERS, "content-security-policy": policy}
    )
