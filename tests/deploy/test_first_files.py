"""Test what `latchkey init` writes, as those read it for whom it is: Helm, Docker Compose and the shell."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot.__main__ import main
from bot.cli.init.answers import read_answers
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from tests.deploy.conftest import DEPLOY, ran
from tests.deploy.test_chart import environment, manifests

# One process of Helm for all of them.

# In halves, as it is a password.
ADDRESS = "postgresql://latchkey_run:" + "p%40ss@db.internal/latchkey"
KNOWN = {
    "LATCHKEY_ADMINS": "U0DANA, S0IAM",
    "LATCHKEY_ADMIN_CHANNEL": "C0APPROVALS",
    "LATCHKEY_CATALOGS": 'Finance EU, "R&D" $HOME #1',
    "LATCHKEY_OPERATOR": "50% ${USER} `id`",
    "AZURE_TENANT_ID": "7e000000-0000-4000-8000-00000000c0a1",
    "AZURE_CLIENT_ID": "7e000000-0000-4000-8000-00000000c0a2",
}


def init(folder: Path, *options: str) -> None:
    """Write the files for what is known."""
    for name, value in (
        ("SLACK_BOT_TOKEN", "xoxb-1"),
        ("SLACK_APP_TOKEN", "xapp-1"),
        (
            "DATABASE_URL",
            ADDRESS,
        ),
    ):
        (folder.parent / name).write_text(value)
        options = (*options, f"--secret-file={name}={folder.parent / name}")
    given = [f"--set={name}={value}" for name, value in KNOWN.items()]
    answer = CliRunner().invoke(
        main, ["init", f"--folder={folder}", "--no-input", *given, *options]
    )
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("identity", ["certificate", "workload-identity", "managed-identity"])
def test_the_values_are_what_the_chart_takes(render, tmp_path, identity):
    """And what comes out are the settings that were given."""
    init(tmp_path / "made", "--target=kubernetes", f"--identity={identity}")
    values = yaml.safe_load((tmp_path / "made/values.yaml").read_text())
    values["image"]["repository"] = "registry.example.com/latchkey"
    answer = render(values)

    assert answer.get("refused") is None
    assert answer["problems"] == []
    pod = manifests(answer)["Deployment"]["spec"]["template"]["spec"]
    kind = {"workload-identity": "workload"}.get(identity, identity)
    settings = read_settings(environment(pod, kind, tmp_path))
    assert problems_for_running(settings) == []
    assert settings.catalogs == ("Finance EU", '"R&D" $HOME #1')
    assert settings.operator == KNOWN["LATCHKEY_OPERATOR"]


def test_the_secrets_are_those_that_the_chart_reads(render, tmp_path):
    """But for the owner's address, which is written by hand, and the certificate."""
    init(tmp_path / "made", "--target=kubernetes")
    values = yaml.safe_load((tmp_path / "made/values.yaml").read_text())
    values["image"]["repository"] = "registry.example.com/latchkey"
    found = manifests(render(values))
    read = {
        item["key"]
        for kind in ("Deployment", "Job")
        for volume in found[kind]["spec"]["template"]["spec"]["volumes"]
        for item in volume.get("secret", {}).get("items", ())
    }
    made = {each.name for each in (tmp_path / "made/secrets").iterdir()}
    assert read - made == {"entra-certificate", "database-url-owner"}
    assert made <= read


def test_compose_reads_the_settings_as_the_bot_does(deploy_tool, tmp_path):
    """Dollars, quotes and signs of comments in a value are only characters."""
    folder = tmp_path / "deploy" / "compose"
    shutil.copytree(DEPLOY / "compose", folder, ignore=shutil.ignore_patterns("secrets", "*.env"))
    init(folder, "--target=compose")
    said = ran(
        deploy_tool("docker-compose"), "-f", folder / "compose.yaml", "config", "--format", "json",
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    read = json.loads(said.stdout)["services"]["latchkey"]["environment"]

    # It prints a dollar twice, so that its output can be read again.
    assert {name: read[name].replace("$$", "$") for name in KNOWN} == KNOWN


def test_the_bot_reads_its_settings_as_they_were_given(tmp_path, monkeypatch):
    """The same file, by python-dotenv."""
    init(tmp_path / "made")
    monkeypatch.chdir(tmp_path / "made")
    settings = read_settings()

    assert settings.operator == KNOWN["LATCHKEY_OPERATOR"]
    assert settings.catalogs == ("Finance EU", '"R&D" $HOME #1')
    assert settings.database_url.get_secret_value().endswith("p%40ss@db.internal/latchkey")


def test_a_shell_reads_them_too(tmp_path):
    """As systemd does, whose quotes are a shell's; nothing in a value is run."""
    init(tmp_path / "made", "--target=systemd")
    file = tmp_path / "made" / "latchkey.env"
    said = ran("bash", "-c", 'set -a; . "$1"; env -0', "bash", file, env={"PATH": "/usr/bin:/bin"})
    read = dict(each.split("=", 1) for each in said.stdout.split("\0") if "=" in each)

    assert said.returncode == 0, said.stderr
    written = read_answers(file)
    assert {name: read[name] for name in written} == written
