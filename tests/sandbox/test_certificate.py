"""The throw-away certificate."""

import ssl
import stat

from sandbox.certificate import make_certificate


def test_the_files_serve_and_are_trusted(tmp_path):
    """The server's files load together, the authority's file is a trust store."""
    made = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.cert_file, made.key_file)
    assert len(ssl.create_default_context(cafile=made.ca_file).get_ca_certs()) == 1


def test_the_key_is_private(tmp_path):
    """Nobody else on the machine can read the key."""
    made = make_certificate(tmp_path)
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
