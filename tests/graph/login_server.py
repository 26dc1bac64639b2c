"""A login endpoint on localhost that msal really talks to, over TLS."""

import base64
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import trustme

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
PERSON = "33333333-3333-3333-3333-333333333333"

Answer = tuple[int, dict[str, Any]]


class LoginServer:
    """Answers token requests from ``answers`` (a function of the form), and keeps the forms."""

    def __init__(self, ca_file: str, certificate: trustme.LeafCert) -> None:
        self.ca_file = ca_file
        self.forms: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[dict[str, str]], Answer] = self.grant
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.paths.append(self.path)
                known = self.path.startswith(f"/{TENANT}/")
                refusal = {"error": "invalid_tenant", "error_codes": [90002]}
                self._send(*((200, server.configuration()) if known else (400, refusal)))

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                form = parse_qs(self.rfile.read(size).decode())
                server.paths.append(self.path)
                server.forms.append({name: values[0] for name, values in form.items()})
                if self.path.endswith("devicecode"):
                    self._send(200, server.device_code())
                else:
                    self._send(*server.answer(server.forms[-1]))

            def _send(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                if "location" in body:
                    self.send_header("location", body["location"])
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        return f"https://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def configuration(self) -> dict[str, Any]:
        root = f"{self.host}/{TENANT}"
        return {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        }

    def device_code(self) -> dict[str, Any]:
        return {
            "user_code": "ABCD",
            "device_code": "device",
            "verification_uri": f"{self.host}/device",
            "expires_in": 900,
            "interval": 0,
            "message": "To sign in, open the page and enter the code ABCD.",
        }

    def grant(self, form: dict[str, str], *, nonce: str = "") -> Answer:
        """A new token each time, so that tests see which one is used."""
        token: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": f"token-{len(self.forms)}",
        }
        if form["grant_type"] != "client_credentials":
            token |= {
                "refresh_token": "refresh",
                "scope": "EntitlementMgmt-SubjectAccess.ReadWrite openid profile",
                "client_info": _encoded({"uid": PERSON, "utid": TENANT}),
                "id_token": _id_token(f"{self.host}/{TENANT}/v2.0", nonce),
            }
        return 200, token

    def refuse(self, status: int, code: int, description: str) -> None:
        """Every token request from now on is refused, as Entra words it."""
        body = {
            "error": "invalid_client",
            "error_description": f"AADSTS{code}: {description}\r\nTrace ID: t\r\nTimestamp: now",
            "error_codes": [code],
            "correlation_id": "correlation",
        }
        self.answer = lambda form: (status, body)


def _id_token(issuer: str, nonce: str) -> str:
    claims = {
        "iss": issuer,
        "aud": CLIENT,
        "exp": 4102444800,  # 2100
        "iat": 1735689600,
        "sub": "subject",
        "oid": PERSON,
        "tid": TENANT,
        "preferred_username": "ann@contoso.example",
        # msal sends the hash of the nonce it keeps, and compares with what comes back.
        "nonce": nonce,
    }
    return ".".join((_encoded({"alg": "none"}), _encoded(claims), ""))


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
