"""A browser at the tenant's sign-in pages."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.harness.browser import Browser

WEB = "https://latchkey.example/sign-in/callback"
NATIVE = "http://localhost:8400/"
SCOPE = "openid profile offline_access EntitlementMgmt-SubjectAccess.ReadWrite"
VERIFIER = "a" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


class AtTenant:
    """The tenant, a browser at its pages, and an application at its endpoints."""

    def __init__(self, tenant, http):
        self.tenant, self.http = tenant, http
        self.browser = Browser(self._send)

    async def _send(self, method, url, headers, body):
        answer = await self.http.request(
            method, url, headers=headers, content=body, follow_redirects=False
        )
        return answer.status_code, list(answer.headers.multi_items()), answer.content

    async def open(self, **changes):
        """Open the sign-in page as an application asks for it; None leaves a parameter out."""
        asked = {
            "client_id": self.tenant.client_id,
            "response_type": "code",
            "redirect_uri": NATIVE,
            "scope": SCOPE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s",
            "nonce": "n",
            **changes,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        self.browser.stops_at = asked["redirect_uri"] or "never"
        self.browser.stopped = None
        url = f"https://graph.test/{self.tenant.tenant_id}/oauth2/v2.0/authorize?{query}"
        return await self.browser.get(url)

    async def sign_in(self, email="ann@contoso.example", **changes):
        """Sign somebody in; the value is what their browser brings back."""
        await self.open(**changes)
        if self.browser.stopped is None:
            await self.browser.sign_in(email)
        return self.brought()

    def brought(self):
        """Return the parameters that the browser was to bring to the redirect address."""
        assert self.browser.stopped is not None, self.browser.page and self.browser.page.shown
        _, url, body = self.browser.stopped
        return {
            name: values[0]
            for name, values in parse_qs(body.decode() or urlsplit(url).query).items()
        }

    async def post(self, path, **form):
        url = f"/{self.tenant.tenant_id}/oauth2/v2.0/{path}"
        form = {"client_id": self.tenant.client_id} | form
        return (await self.http.post(url, data=form)).json()

    async def redeem(self, code, **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": NATIVE,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.post("token", **form)

    async def tokens(self, email="ann@contoso.example", **changes):
        """The tokens of somebody who signs in."""
        brought = await self.sign_in(email, **changes)
        secret = {}
        if changes.get("redirect_uri") in self.tenant.login.app.web_addresses:
            secret = {"client_secret": self.tenant.client_secret}
        where = changes.get("redirect_uri", NATIVE)
        return await self.redeem(brought["code"], redirect_uri=where, **secret)

    async def renew(self, refresh_token, **changes):
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        return await self.post("token", **form)
