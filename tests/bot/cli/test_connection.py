"""A command's connection: what is missing or refused is a sentence, with the right exit code."""

import click
import httpx
import pytest
from click.testing import CliRunner

from bot.cli.connection import Stop, failures_as_sentences, sentences_about, with_graph
from bot.cli.tenant.show import show
from bot.errors import LatchkeyError
from graph.errors import AuthError, GraphUnavailable


def test_missing_settings_are_named_and_end_with_2(monkeypatch, tmp_path):
    """Only what Graph needs is asked for: no Slack token."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(show, ["catalogs"])
    assert result.exit_code == 2
    assert "AZURE_TENANT_ID is not set" in result.stderr
    assert "SLACK" not in result.stderr


def test_a_setting_that_cannot_be_read_ends_with_2(monkeypatch, tmp_path):
    """Its value is not repeated: it may be a secret in the wrong place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPH_API_VERSION", "v3")
    result = CliRunner().invoke(show, ["catalogs"])
    assert (result.exit_code, "GRAPH_API_VERSION" in result.stderr) == (2, True)
    assert "v3" not in result.stderr


def test_a_wrong_secret_is_a_sentence_of_entras(latchkey, monkeypatch):
    """With Entra's own code, and exit code 1."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    result = latchkey(show, ["catalogs"])
    assert result.exit_code == 1
    assert "AADSTS7000215" in result.stderr


def test_a_missing_permission_is_a_sentence_of_graphs_with_its_request_id(latchkey, tenant):
    """What Microsoft's support asks for is there, and where to read on."""
    tenant.permissions.clear()
    result = latchkey(show, ["catalogs"])
    assert result.exit_code == 1
    assert "HTTP 403" in result.stderr
    assert "request id" in result.stderr
    assert "docs/how-to/entra-app.md" in result.stderr


def test_the_api_option_overrules_the_setting(latchkey, tenant):
    """Whatever GRAPH_API_VERSION says."""
    assert latchkey(show, ["catalogs", "--api", "beta"]).exit_code == 0
    assert {call.path.split("/")[1] for call in tenant.calls} == {"beta"}


def test_graph_is_only_asked_for_what_is_shown(latchkey, tenant):
    """A command that reads sends nothing but reads."""
    latchkey(show, ["packages"])
    assert {call.method for call in tenant.calls} == {"GET"}


def test_an_open_question_says_to_look_first():
    """Graph has no idempotency key: trying again might do it twice."""
    error = GraphUnavailable("It broke.", may_have_happened=True)
    assert any("look with `latchkey show`" in each for each in sentences_about(error))


def test_a_mistake_of_ours_is_not_dressed_up():
    """A traceback is what a bug report needs."""
    with pytest.raises(ZeroDivisionError), failures_as_sentences():
        raise ZeroDivisionError


def test_our_own_refusals_end_with_1():
    """A LatchkeyError is a sentence already."""
    with pytest.raises(click.ClickException) as stopped, failures_as_sentences():
        raise LatchkeyError("No.")
    assert (stopped.value.exit_code, str(stopped.value)) == (1, "No.")


def test_a_host_that_does_not_answer_is_a_sentence(latchkey, monkeypatch):
    """A wrong GRAPH_URL, say."""

    async def refuse(self, request):
        raise httpx.ConnectError("refused", request=request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", refuse)
    with pytest.raises(Stop, match="cannot be reached"):
        with_graph(lambda graph: graph.catalogs.create(display_name="x", description="y"))


@pytest.mark.parametrize("kind", [AuthError, GraphUnavailable])
def test_a_certificate_that_is_not_trusted_has_the_way_out(kind):
    """The login's or Graph's, behind a proxy that looks into TLS."""
    told = " ".join(sentences_about(kind("It cannot be reached: CERTIFICATE_VERIFY_FAILED.")))
    assert "set SSL_CERT_FILE and REQUESTS_CA_BUNDLE" in told
    assert "SSL_CERT_FILE" not in " ".join(sentences_about(kind("It cannot be reached.")))
