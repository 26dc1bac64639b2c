"""An example of a service that tells Latchkey who is on call: docs/how-to/break-glass.md has the shapes.  Put TLS in front of it."""

import json
import os
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class OnCall(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        token = self.headers.get("Authorization", "")
        if not compare_digest(token.encode(), f"Bearer {os.environ['TOKEN']}".encode()):
            self.send_error(401)
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # A file of addresses, one a line: ask PagerDuty, Opsgenie or a calendar here instead.
        on_call = Path(os.environ["PEOPLE"]).read_text().split()
        answer = {"question": asked["question"], "on_call": asked["person"]["mail"] in on_call}
        answer |= {name: {"id": asked[name]["id"]} for name in ("person", "package")}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8321"))), OnCall).serve_forever()
