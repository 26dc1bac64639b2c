"""Fixtures for the tests of the Graph adapter."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.graph.login_server import LoginServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority made for this run, and its certificate as a file."""
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return ca, path


@pytest.fixture
def login(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LoginServer]:
    """Microsoft's login, as far as msal can tell."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    ca, path = authority
    server = LoginServer(str(path), ca.issue_cert("127.0.0.1"))
    yield server
    server.stop()
