"""A throw-away certificate, because sign-in libraries refuse a login host without TLS."""

import os
from dataclasses import dataclass
from pathlib import Path

import trustme

# What a client on this machine may call the stand-ins.
LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Certificate:
    """The paths of the files: *ca_file* for clients, the other two for the server."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def make_certificate(folder: Path, *, names: tuple[str, ...] = LOOPBACK_NAMES) -> Certificate:
    """Write a new authority and a server certificate for *names* into *folder*.

    The authority's own key is never written: nobody can issue a second certificate with it.
    Clients trust it through SSL_CERT_FILE or REQUESTS_CA_BUNDLE set to *ca_file*; uvicorn
    takes *cert_file* and *key_file*.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Latchkey sandbox")
    server = authority.issue_cert(*names, organization_name="Latchkey sandbox")
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    authority.cert_pem.write_to_path(str(made.ca_file))
    _write_private(made.key_file, server.private_key_pem.bytes())
    made.cert_file.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    return made


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
