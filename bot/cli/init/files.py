"""The files that an installation begins with: what is in each, and how they are written so that nobody else reads a secret."""

import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml

from bot.cli.init import entra_app, slack_manifest
from bot.cli.init.plan import CredentialKind, InstallationPlan, SlackMode, Target
from bot.cli.init.questions import SECRET_FILES, SettingQuestion
from bot.errors import ConfigurationError

PRIVATE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
# In a folder that nobody else may enter, so that a container's own user can read it.
FOR_CONTAINERS: Final = 0o444
PUBLIC: Final = 0o644
PROGRAM: Final = 0o755
VALUES: Final = "values.yaml"
PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
COMPOSE_FILE: Final = Path("deploy/compose/compose.yaml")
# Of its own database, by its names for them.
COMPOSE_PASSWORDS: Final = ("postgres-owner-password", "postgres-run-password", "grafana-password")


@dataclass(frozen=True, kw_only=True)
class InstallationFile:
    """
    A file to write.

    Attributes:
        name: Its path within the folder.
        mode: Its permissions.
        is_secret: Nothing of it is shown.
        is_kept: What is there already stays, whatever it is.
    """

    name: str
    text: str
    mode: int = PUBLIC
    is_secret: bool = False
    is_kept: bool = False


def files(
    plan: InstallationPlan,
    answers: Mapping[str, str],
    *,
    questions: Mapping[str, SettingQuestion],
    passwords: Mapping[str, str],
    values: Mapping[str, Any],
) -> Iterator[InstallationFile]:
    """
    Return all files of an installation.

    Args:
        answers: Settings and their values, as far as they are known.
        questions: Those that were asked, by setting: what is not known stands in the file with where to find it.
        passwords: For Compose's own database, by the names of their files.
        values: What the file of values for Helm holds already.
    """
    yield from _manifests(plan)
    yield InstallationFile(name="entra-app.sh", text=entra_app.commands(plan), mode=PROGRAM)
    if plan.target is Target.KUBERNETES:
        yield InstallationFile(name=VALUES, text=_values_file(plan, answers, values))
    else:
        yield _settings_file(plan, answers, questions)
    if plan.has_secret_files:
        yield from _secrets(plan, answers, passwords)
    if plan.target is Target.SYSTEMD:
        unit = slack_manifest.shipped_file("latchkey.service", "deploy/systemd/latchkey.service")
        yield InstallationFile(name="latchkey.service", text=unit)
        if plan.slack is SlackMode.HTTP:
            yield InstallationFile(name="nginx.conf", text=_nginx(plan))


def write(folder: Path, made: InstallationFile) -> None:
    """Write a file whole or not at all; it never has other permissions than its own."""
    path = folder / made.name
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if made.is_kept and path.exists():
        return
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".latchkey-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(made.text)
        Path(draft).chmod(made.mode)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _manifests(plan: InstallationPlan) -> Iterator[InstallationFile]:
    shipped = slack_manifest.shipped_file("manifest.yml", "manifest.yml")
    yield InstallationFile(name="slack-manifest.yml", text=slack_manifest.over_socket_mode(shipped))
    if plan.public_url is not None:
        over_http = slack_manifest.over_http(shipped, plan.public_url)
        yield InstallationFile(name="slack-manifest-http.yml", text=over_http)


def _settings_file(
    plan: InstallationPlan, answers: Mapping[str, str], questions: Mapping[str, SettingQuestion]
) -> InstallationFile:
    left_out = set(SECRET_FILES) if plan.has_secret_files else set()
    if plan.target is Target.COMPOSE:
        # Compose's file sets it.
        left_out.add("AZURE_CLIENT_CERTIFICATE_PATH")
    lines = [
        "# Latchkey's settings, made by `latchkey init`; docs/reference/settings.md has all of them."
    ]
    for name, question in questions.items():
        if name in left_out:
            continue
        if name in answers:
            lines.append(f"{name}={_quoted(answers[name])}")
        else:
            lines += ["", f"# {question.ask}: {question.where}", f"#{name}="]
    lines += [
        f"{name}={_quoted(value)}"
        for name, value in answers.items()
        if name not in questions and name not in left_out
    ]
    return InstallationFile(
        name=plan.settings_file, text="\n".join(lines) + "\n", mode=PRIVATE, is_secret=True
    )


def _quoted(value: str) -> str:
    # In single quotes python-dotenv, systemd and Compose take everything as it stands.
    return value if PLAIN.fullmatch(value) else f"'{value}'"


def _secrets(
    plan: InstallationPlan, answers: Mapping[str, str], passwords: Mapping[str, str]
) -> Iterator[InstallationFile]:
    mode = FOR_CONTAINERS if plan.target is Target.COMPOSE else PRIVATE
    secrets = {file: answers[name] for name, file in SECRET_FILES.items() if name in answers}
    if plan.target is Target.COMPOSE:
        secrets |= passwords
        for role, key in (("owner", "database-url-owner"), ("run", "database-url")):
            password = quote(passwords[f"postgres-{role}-password"], safe="")
            secrets[key] = f"postgresql://latchkey_{role}:{password}@postgres/latchkey"
    for name, value in secrets.items():
        # A password that the database was made with must stay.
        kept = name in COMPOSE_PASSWORDS or name.startswith("database-url")
        yield InstallationFile(
            name=f"secrets/{name}",
            text=value,
            mode=mode,
            is_secret=True,
            is_kept=kept and plan.target is Target.COMPOSE,
        )


def read_values(file: Path) -> dict[str, Any]:
    """
    Return what a file of values for Helm holds; empty if there is none.

    Raises:
        ConfigurationError: It is no mapping in YAML.
    """
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError):
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError([f"The file {file.name} is no mapping in YAML."])
    return found


def answers_in(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that a file of values for Helm holds."""
    entra = values.get("entra") or {}
    found = {
        "LATCHKEY_ADMINS": values.get("admins"),
        "LATCHKEY_ADMIN_CHANNEL": values.get("adminChannel"),
        "AZURE_TENANT_ID": entra.get("tenantId"),
        "AZURE_CLIENT_ID": entra.get("clientId"),
        "LATCHKEY_MANAGED_IDENTITY": entra.get("managedIdentity"),
        **(values.get("settings") or {}),
    }
    return {name: str(value) for name, value in found.items() if value}


def _values_file(
    plan: InstallationPlan, answers: Mapping[str, str], before: Mapping[str, Any]
) -> str:
    head = (
        "# For deploy/helm/latchkey, made by `latchkey init`; its values.yaml explains each.\n"
        "# image.repository: where you have pushed the image.\n"
    )
    values = {**before, **_values(plan, answers, before)}
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _values(
    plan: InstallationPlan, answers: Mapping[str, str], before: Mapping[str, Any]
) -> dict[str, Any]:
    credential = {
        CredentialKind.CERTIFICATE: "certificate",
        CredentialKind.WORKLOAD: "workloadIdentity",
        CredentialKind.MANAGED: "managedIdentity",
        CredentialKind.SECRET: "secret",
    }[plan.identity]
    entra: dict[str, Any] = {
        "tenantId": answers.get("AZURE_TENANT_ID", ""),
        "clientId": answers.get("AZURE_CLIENT_ID", ""),
        "credential": credential,
    }
    if plan.identity is CredentialKind.MANAGED:
        entra["managedIdentity"] = answers.get("LATCHKEY_MANAGED_IDENTITY", "system")
    elsewhere = {
        *SECRET_FILES,
        *("LATCHKEY_ADMINS", "LATCHKEY_ADMIN_CHANNEL", "LATCHKEY_MANAGED_IDENTITY"),
        *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"),
    }
    values: dict[str, Any] = {
        "image": before.get("image") or {"repository": "", "digest": ""},
        "secretName": "latchkey",
        "slack": {"mode": plan.slack.value},
        "entra": entra,
        "admins": answers.get("LATCHKEY_ADMINS", ""),
        "adminChannel": answers.get("LATCHKEY_ADMIN_CHANNEL", ""),
        "settings": {name: value for name, value in answers.items() if name not in elsewhere},
    }
    if plan.public_url is not None:
        host = plan.public_url.removeprefix("https://").rstrip("/")
        values["ingress"] = {"enabled": True, "host": host, "tlsSecretName": "latchkey-tls"}
    return values


def _nginx(plan: InstallationPlan) -> str:
    sample = slack_manifest.shipped_file("nginx.conf", "deploy/nginx/latchkey.conf")
    host = (plan.public_url or "").removeprefix("https://").rstrip("/")
    return sample.replace("latchkey.example.com", host)


def next_steps(plan: InstallationPlan, folder: Path) -> list[str]:
    """Return the commands that come after, one a line, for a shell in *folder*'s parent."""
    place = shlex.quote(str(folder))
    return {
        Target.HERE: [f"cd {place}", "latchkey doctor", "latchkey run"],
        Target.SYSTEMD: [
            "sudo useradd --system --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey",
            "sudo install -d -m 0750 -o root -g latchkey /etc/latchkey",
            f"sudo install -m 0600 -o root -g root {place}/latchkey.env /etc/latchkey/latchkey.env",
            *(
                [
                    f"sudo install -m 0640 -o root -g latchkey {place}/latchkey.pem /etc/latchkey/latchkey.pem"
                ]
                if plan.identity is CredentialKind.CERTIFICATE
                else []
            ),
            f"sudo install -m 0644 {place}/latchkey.service /etc/systemd/system/latchkey.service",
            "sudo systemctl daemon-reload",
            "sudo systemctl enable --now latchkey",
        ],
        Target.COMPOSE: _compose_steps(folder),
        Target.KUBERNETES: [
            f"kubectl create namespace {plan.namespace}",
            f"kubectl --namespace {plan.namespace} create secret generic latchkey --from-file={place}/secrets",
            f"helm --namespace {plan.namespace} install latchkey deploy/helm/latchkey --values {place}/values.yaml",
        ],
    }[plan.target]


def _compose_steps(folder: Path) -> list[str]:
    up = "docker compose {}up --detach --build --wait"
    place = shlex.quote(str(folder))
    if (folder / COMPOSE_FILE.name).is_file():
        return [f"cd {place}", up.format("")]
    # Its paths start from the folder in which it lies, so what was written goes there.
    return [
        f"cp -rp {place}/* {COMPOSE_FILE.parent}/   # from the folder of Latchkey's source",
        up.format(f"--file {COMPOSE_FILE} "),
    ]
