"""`latchkey init`: the questions, the answers, and the files as those read them for whom they are."""

import contextlib
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.cli.init.answers import read_answers
from bot.cli.init.entra_app import PERMISSIONS
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.doctor.entra import FOR_LINKS
from tests.docs.references import ROOT

TENANT = "7e000000-0000-4000-8000-00000000c0a1"
CLIENT = "7e000000-0000-4000-8000-00000000c0a2"
TOKEN = "xoxb-" + "canary"
APP_TOKEN = "xapp-" + "canary"
KNOWN: Final = {
    "LATCHKEY_ADMINS": "U0DANA,S0IAM",
    "LATCHKEY_ADMIN_CHANNEL": "C0APPROVALS",
    "LATCHKEY_EMAIL_DOMAINS": "contoso.com, contoso.de",
    "AZURE_TENANT_ID": TENANT,
    "AZURE_CLIENT_ID": CLIENT,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the files go; the secrets' own files are beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot").write_text(f"{TOKEN}\n")
    (tmp_path / "app").write_text(APP_TOKEN)
    return tmp_path / "made"


def init(*options: str, typed: str | None = None, known: dict[str, str] | None = None) -> Result:
    """Call it; without anything typed nothing is asked."""
    given = [f"--set={name}={value}" for name, value in (known or {}).items()]
    silent = ["--no-input"] if typed is None else []
    result = CliRunner().invoke(
        main, ["init", "--folder=made", *silent, *options, *given], input=typed
    )
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "canary" not in result.output
    return result


def all_known(*options: str) -> Result:
    return init(
        "--secret-file=SLACK_BOT_TOKEN=bot", "--secret-file=SLACK_APP_TOKEN=app", *options, known=KNOWN
    )  # fmt: skip


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def as_the_bot_reads(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what `latchkey run` says in a folder with that file of settings and the certificate."""
    here = folder / "runs"
    here.mkdir()
    (here / ".env").write_text(file.read_text())
    (here / "latchkey.pem").touch()
    monkeypatch.chdir(here)
    return problems_for_running(read_settings())


def test_all_at_once_is_all_that_the_bot_needs(folder, monkeypatch):
    """Nothing is asked, nothing is open, and the settings are for nobody else to read."""
    result = all_known()

    assert result.exit_code == 0, result.output
    assert "Still open" not in result.output
    assert mode(folder / ".env") == 0o600
    assert as_the_bot_reads(folder / ".env", folder, monkeypatch) == []
    settings = read_settings()
    assert settings.email_domains == ("contoso.com", "contoso.de")
    assert len(settings.audit_key_bytes) == 64


def test_what_is_not_known_is_left_open_with_where_it_is_found(folder):
    """On the screen and in the file; it is no mistake."""
    result = init()
    text = (folder / ".env").read_text()

    assert result.exit_code == 0
    for name in ("SLACK_BOT_TOKEN", "AZURE_TENANT_ID", "LATCHKEY_ADMINS"):
        assert f"  {name}: " in result.output
        assert f"#{name}=" in text
    assert "Install App → Install to Workspace" in text


def test_a_second_call_keeps_what_the_first_has_written(folder):
    """And what somebody has added, the key of the audit log above all."""
    init(known={"LATCHKEY_ADMINS": "U0DANA"})
    file = folder / ".env"
    first = read_answers(file)
    file.write_text(file.read_text() + "LATCHKEY_PORT=4000\n")

    assert all_known().exit_code == 0

    second = read_answers(file)
    assert second["LATCHKEY_AUDIT_KEY"] == first["LATCHKEY_AUDIT_KEY"]
    assert second["LATCHKEY_PORT"] == "4000"
    assert second["LATCHKEY_ADMINS"] == KNOWN["LATCHKEY_ADMINS"]
    assert second["SLACK_BOT_TOKEN"] == TOKEN


def test_secrets_come_from_variables_too(folder, monkeypatch):
    """As a pipeline has them."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    init()
    assert read_answers(folder / ".env")["SLACK_BOT_TOKEN"] == TOKEN


def test_a_secret_on_the_command_line_is_refused(folder):
    """Everybody on the machine can see it there."""
    result = init(f"--set=SLACK_BOT_TOKEN={TOKEN}")

    assert result.exit_code == 2
    assert "--secret-file SLACK_BOT_TOKEN=FILE" in result.output
    assert not folder.exists()


WRONG = [
    (["--set=LATCHKEY_ADMINS=dana"], "LATCHKEY_ADMINS has"),
    (["--set=LATCHKEY_ADMIN_CHANNEL=#approvals"], "LATCHKEY_ADMIN_CHANNEL must be a channel id"),
    (["--set=LATCHKEY_ADMIN=U0DANA"], "LATCHKEY_ADMIN is not a setting"),
    (["--set=LATCHKEY_PORT=x"], "LATCHKEY_PORT cannot be used"),
    (["--set=LATCHKEY_OPERATOR=d'ana"], "LATCHKEY_OPERATOR has a quotation mark"),
    (["--set=LATCHKEY_OPERATOR"], "--set takes NAME=VALUE"),
    (["--secret-file=SLACK_BOT_TOKEN=app"], "SLACK_BOT_TOKEN does not look like a bot token"),
    (["--secret-file=SLACK_BOT_TOKEN=none"], "The file with SLACK_BOT_TOKEN cannot be read"),
    (["--secret-file=LATCHKEY_ADMINS=app"], "--secret-file takes NAME=FILE"),  # pragma: allowlist secret
    (["--secret-file=DATABASE_URL=address"], "DATABASE_URL cannot be read in one way only"),
    (["--slack=http"], "--public-url must be https://"),
    (["--slack=http", "--public-url=http://x.example"], "--public-url must be https://"),
    (["--slack=http", "--public-url=https://x.example/slack"], "--public-url must be https://"),
    (["--slack=http", "--public-url=https://[x.example"], "--public-url must be https://"),
    (["--target=systemd", "--slack=http", "--public-url=https://x.example:443"], "must have no port"),
    (["--target=kubernetes", "--slack=http", "--public-url=https://x.example:8443"], "must have no port"),
    (["--slack=socket", "--public-url=https://x.example"], "--public-url is for HTTP"),
    (["--target=compose", "--identity=secret"], "The Compose file is for Socket Mode"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_what_the_bot_would_refuse_is_refused_at_once(folder, options, said):
    """With its own sentence and 2, and nothing is written."""
    (folder.parent / "address").write_text("postgresql://u:can#ary@h/d")  # pragma: allowlist secret
    result = init(*options)

    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "ary" not in result.output.replace("canary", "").replace("necessary", "")
    assert not folder.exists()


def test_everything_may_be_typed(folder, monkeypatch):
    """A wrong answer is asked for again, with the reason; secrets do not appear."""
    lines = [
        "here", "socket", "certificate",
        "xoxp-canary", TOKEN, APP_TOKEN, "dana", "U0DANA", "", "", "", "", "",
    ]  # fmt: skip
    result = init(typed="\n".join(lines) + "\n")

    assert result.exit_code == 0, result.output
    assert "SLACK_BOT_TOKEN does not look like a bot token" in result.output
    assert "LATCHKEY_ADMINS has “dana”" in result.output
    answers = read_answers(folder / ".env")
    assert (answers["SLACK_BOT_TOKEN"], answers["LATCHKEY_ADMINS"]) == (TOKEN, "U0DANA")
    assert answers["DATABASE_URL"] == "sqlite:///latchkey.db"
    assert "LATCHKEY_ADMIN_CHANNEL" not in answers


def test_the_manifest_is_there_before_the_token_is_asked_for(folder):
    """The app is made with it, and only then has a token; whoever leaves at the question has both files."""
    result = init("--target=here", "--slack=socket", "--identity=certificate", typed="")

    assert result.exit_code == 1
    assert (folder / "slack-manifest.yml").exists()
    assert (folder / "entra-app.sh").exists()


def test_a_file_that_somebody_has_changed_is_not_overwritten(folder):
    """Unless they say so."""
    init()
    changed = folder / "entra-app.sh"
    changed.write_text("mine\n")

    refused = all_known()
    assert refused.exit_code == 1
    assert "entra-app.sh in that folder would be written otherwise: --force" in refused.output
    assert "SLACK_BOT_TOKEN" not in read_answers(folder / ".env")
    assert all_known("--force").exit_code == 0
    assert changed.read_text() != "mine\n"


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("slack-manifest*.yml")):
        yield yaml.safe_load(file.read_text())


def test_the_manifest_for_http_names_one_address_everywhere(folder):
    """And is the shipped one besides."""
    init("--slack=http", "--public-url=https://latchkey.contoso.com/")
    http = yaml.safe_load((folder / "slack-manifest-http.yml").read_text())
    plain = yaml.safe_load((folder / "slack-manifest.yml").read_text())
    address = "https://latchkey.contoso.com/slack/events"

    assert plain == yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert {each["url"] for each in http["features"]["slash_commands"]} == {address}
    assert http["settings"]["event_subscriptions"]["request_url"] == address
    assert http["settings"]["interactivity"]["request_url"] == address
    assert http["settings"]["socket_mode_enabled"] is False
    assert http["oauth_config"] == plain["oauth_config"]


def test_the_manifests_are_valid_by_slacks_schema(folder, shared_conformance):
    """Both of them."""
    import json

    import jsonschema

    schema = json.loads((shared_conformance / "slack-manifest.schema.json").read_text())
    init("--slack=http", "--public-url=https://latchkey.contoso.com")
    for manifest in manifests(folder):
        jsonschema.validate(manifest, schema)


# A stand-in for Microsoft's `az`: notes each call, and answers with ids.
AZ: Final = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >>"$CALLS"
case "$1 $2 $3" in
  "ad app create") echo app-id ;;
  "ad app list") cat existing 2>/dev/null || true ;;
  "cloud show --query") echo AzureUSGovernment ;;
  "ad sp show") echo resource-id ;;
  "account show --query") echo tenant-id ;;
  "ad app credential") case "$*" in *--cert*) test -s latchkey.crt ;; *) echo canary-secret ;; esac ;;
  "ad sp create" | "ad app permission" | "ad app federated-credential" | "rest --method post") ;;
  *) echo "az: unknown: $*" >&2; exit 2 ;;
esac
"""


def run_commands(folder: Path, *arguments: str) -> tuple[str, list[str]]:
    """Run the commands for Entra with the stand-in; what they print, and the calls."""
    programs = folder / "programs"
    programs.mkdir()
    for name, text in (("az", AZ), ("sleep", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    calls = folder / "calls"
    ran = subprocess.run(  # noqa: S603
        ["/usr/bin/env", "bash", "./entra-app.sh", *arguments],
        cwd=folder, capture_output=True, text=True,
        env={"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls)},
    )  # fmt: skip
    assert ran.returncode == (1 if (folder / "existing").exists() else 0), ran.stderr
    return ran.stdout, calls.read_text().splitlines()


def test_the_commands_for_entra_ask_for_the_three_permissions_and_no_more(folder):
    """With a certificate whose key stays here."""
    init()
    said, calls = run_commands(folder)
    (asked,) = [each for each in calls if each.startswith("ad app permission add")]

    assert sorted(asked.split("--api-permissions ")[1].split()) == sorted(
        f"{each}=Role" for each in PERMISSIONS.values()
    )
    assert said.splitlines()[-2:] == ["AZURE_TENANT_ID=tenant-id", "AZURE_CLIENT_ID=app-id"]
    assert mode(folder / "latchkey.pem") == 0o600
    assert not (folder / "latchkey.key").exists()
    pem = (folder / "latchkey.pem").read_text()
    assert "PRIVATE KEY" in pem
    assert "BEGIN CERTIFICATE" in pem


def test_the_permissions_are_those_of_the_page():
    """docs/how-to/entra-app.md says what each is for; those that links alone take stand apart, and nobody is asked for them."""
    page = (ROOT / "docs" / "how-to" / "entra-app.md").read_text()
    table = page.partition("## The permissions, and why")[2].partition("\n### ")[0]
    needed, _, for_links = table.partition("Two more are for links alone")
    assert permissions_in(needed) == PERMISSIONS
    assert permissions_in(for_links).keys() == set(FOR_LINKS)


def permissions_in(table: str) -> dict[str, str]:
    """Return the ids of the permissions in a table of the page, by their names."""
    rows = [line.split("`") for line in table.splitlines() if line.startswith("| `")]
    return {row[1]: row[3] for row in rows}


def test_a_second_app_is_not_registered(folder):
    """Somebody has run the commands before."""
    init()
    (folder / "existing").write_text("app-id")
    _, calls = run_commands(folder)
    assert [each for each in calls if not each.startswith("ad app list")] == []


def test_a_client_secret_goes_into_its_file_and_nowhere_else(folder):
    """Nobody reads it off the screen."""
    init("--identity=secret")
    said, _ = run_commands(folder)

    assert "canary" not in said
    assert (folder / "entra-secret").read_text().strip() == "canary-secret"
    assert mode(folder / "entra-secret") == 0o600


def test_workload_identity_trusts_one_service_account(folder):
    """The one that the chart makes."""
    init(
        "--target=kubernetes", "--identity=workload-identity", "--namespace=access",
        "--issuer=https://oidc.example/",
    )  # fmt: skip
    _, calls = run_commands(folder)
    (made,) = [each for each in calls if "federated-credential" in each]

    assert '"subject": "system:serviceaccount:access:latchkey"' in made
    assert '"issuer": "https://oidc.example/"' in made


def test_a_managed_identity_is_given_the_roles_themselves(folder):
    """There is no app registration to consent to."""
    init("--identity=managed-identity", "--cloud=us-l4")
    said, calls = run_commands(folder, "identity-id")
    assigned = [each for each in calls if each.startswith("rest")]

    assert len(assigned) == 3
    for permission in PERMISSIONS.values():
        assert any(f'"appRoleId": "{permission}"' in each for each in assigned)
    assert all("https://graph.microsoft.us/v1.0/servicePrincipals/identity-id/" in each for each in assigned)  # fmt: skip
    assert said == "AZURE_TENANT_ID=tenant-id\n"
    assert read_answers(folder / ".env")["GRAPH_URL"] == "https://graph.microsoft.us"


def test_systemd_gets_the_unit_and_the_steps_around_it(folder, monkeypatch):
    """The unit is the one of deploy/; the certificate is where the settings say."""
    result = all_known("--target=systemd")

    assert (folder / "latchkey.service").read_text() == (
        ROOT / "deploy/systemd/latchkey.service"
    ).read_text()
    answers = read_answers(folder / "latchkey.env")
    assert answers["DATABASE_URL"] == "sqlite:////var/lib/latchkey/latchkey.db"
    assert f" {answers['AZURE_CLIENT_CERTIFICATE_PATH']}" in result.output
    assert mode(folder / "latchkey.env") == 0o600


def test_a_proxy_in_front_gets_its_configuration(folder):
    """With the host that Slack is told."""
    init("--target=systemd", "--slack=http", "--public-url=https://latchkey.contoso.com")
    assert "server_name latchkey.contoso.com;" in (folder / "nginx.conf").read_text()


def test_compose_has_every_secret_that_its_file_names(folder):
    """In a folder for nobody else, and the addresses have the passwords that the database is made with."""
    assert all_known("--target=compose").exit_code == 0
    wanted = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())["secrets"]
    made = {each.name for each in (folder / "secrets").iterdir()}

    # The certificate is made by the commands for Entra.
    assert made | {"entra-certificate"} == set(wanted)
    assert mode(folder / "secrets") == 0o700
    assert {mode(each) for each in (folder / "secrets").iterdir()} == {0o444}
    for role in ("owner", "run"):
        password = (folder / f"secrets/postgres-{role}-password").read_text()
        address = "database-url-owner" if role == "owner" else "database-url"
        assert f":{password}@postgres/" in (folder / "secrets" / address).read_text()
    settings = read_answers(folder / "latchkey.env")
    assert not {"SLACK_BOT_TOKEN", "DATABASE_URL", "LATCHKEY_AUDIT_KEY"} & set(settings)


def test_compose_is_started_where_its_file_lies(folder):
    """In the folder that was written to, or in Latchkey's own after the files are copied there."""
    elsewhere = all_known("--target=compose").output
    (folder / "compose.yaml").touch()
    beside = all_known("--target=compose").output

    assert "  cp -rp made/* deploy/compose/ " in elsewhere
    assert (
        "  docker compose --file deploy/compose/compose.yaml up --detach --build --wait\n"
        in elsewhere
    )
    assert "  cd made\n  docker compose up --detach --build --wait\n" in beside
    assert (ROOT / "deploy/compose/compose.yaml").is_file()


def test_a_second_call_for_compose_keeps_the_databases_passwords(folder):
    """The database was made with them."""
    init("--target=compose")
    before = {each.name: each.read_text() for each in (folder / "secrets").iterdir()}
    assert all_known("--target=compose").exit_code == 0
    after = {each.name: each.read_text() for each in (folder / "secrets").iterdir()}

    assert {name: after[name] for name in before} == before
    assert after["slack-bot-token"] == TOKEN


def test_the_values_for_kubernetes_hold_no_secret_and_keep_what_was_added(folder):
    """The secrets are files from which one Secret is made."""
    all_known("--target=kubernetes")
    file = folder / "values.yaml"
    values = yaml.safe_load(file.read_text())
    values["image"]["repository"] = "registry.example.com/latchkey"
    values["replicas"] = 3
    file.write_text(yaml.safe_dump(values))

    assert init("--target=kubernetes", "--set=LATCHKEY_SYNC_SECONDS=600").exit_code == 0

    values = yaml.safe_load(file.read_text())
    assert "canary" not in file.read_text()
    assert values["image"]["repository"] == "registry.example.com/latchkey"
    assert values["replicas"] == 3
    assert values["admins"] == KNOWN["LATCHKEY_ADMINS"]
    assert values["settings"] == {
        "LATCHKEY_EMAIL_DOMAINS": KNOWN["LATCHKEY_EMAIL_DOMAINS"],
        "LATCHKEY_SYNC_SECONDS": "600",
    }
    assert (folder / "secrets/slack-bot-token").read_text() == TOKEN
    assert {mode(each) for each in (folder / "secrets").iterdir()} == {0o600}


def test_nothing_half_is_left_where_it_cannot_be_written(folder):
    """A sentence and 1."""
    folder.mkdir()
    (folder / "secrets").write_text("a file, not a folder")
    result = all_known("--target=compose")

    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    with contextlib.suppress(FileNotFoundError):
        assert [each.name for each in folder.iterdir() if each.name.startswith(".latchkey-")] == []


def test_a_file_from_windows_is_read_from_its_first_line(tmp_path):
    """Its editors begin a file with a mark, which is no part of the first name."""
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfLATCHKEY_CATALOGS=General\r\n")

    assert read_answers(file) == {"LATCHKEY_CATALOGS": "General"}
