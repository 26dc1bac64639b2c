"""The Helm chart: what Helm makes of it, what Kubernetes takes, and that it says nothing secret."""

import json
import re
import tomllib
from typing import Any, Final

import pytest
import yaml

from bot.accounts.browser import CALLBACK, LINK
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import known_names, read_settings, secret_names
from bot.monitoring.definitions import METRICS
from tests.docs.references import ROOT

# One process of Helm for all of them.

LEAST: Final[dict[str, Any]] = {
    "image": {"repository": "registry.example.com/latchkey"},
    "secretName": "latchkey",
    "admins": "U0DANA,S0IAM",
    "adminChannel": "C0APPROVALS",
    "entra": {
        "tenantId": "7e000000-0000-4000-8000-00000000c0a1",
        "clientId": "7e000000-0000-4000-8000-00000000c0a2",
    },
}
SECRETS: Final = {
    "database-url": "postgresql://u@h/d",
    "slack-bot-token": "xoxb-1",
    "slack-app-token": "xapp-1",
    "slack-signing-secret": "1",
    "entra-certificate": "pem",
    "entra-secret": "1",
    "audit-key": "1",
    "token-key": "A" * 43 + "=",
    "webhooks": "siem=https://siem.example.com/",
    "webhook-secrets": "siem=whsec_" + "A" * 32,
}


PACKAGES: Final = """# the campaign
packages:
  marketing-campaign:
    message: "It's “there”: {{ .Values.x }}"
"""


def entra(**changes: str) -> dict[str, Any]:
    return {**LEAST, "entra": {**LEAST["entra"], **changes}}


VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "least": LEAST,
    "digest": {**LEAST, "image": {**LEAST["image"], "digest": f"sha256:{'0' * 64}"}},
    "http": {
        **LEAST,
        "slack": {"mode": "http"},
        "ingress": {"enabled": True, "host": "latchkey.example.com", "tlsSecretName": "tls"},
    },
    "sign-ins": {
        **LEAST,
        "settings": {"LATCHKEY_PUBLIC_URL": "https://latchkey.example.com"},
        "moreSecrets": {"token-key": "LATCHKEY_TOKEN_KEY"},
        "ingress": {"enabled": True, "host": "latchkey.example.com", "tlsSecretName": "tls"},
    },
    "both": {
        **LEAST,
        "slack": {"mode": "http"},
        "settings": {"LATCHKEY_PUBLIC_URL": "https://latchkey.example.com"},
        "ingress": {"enabled": True, "host": "latchkey.example.com", "tlsSecretName": "tls"},
    },
    "workload": entra(credential="workloadIdentity"),
    "managed": {
        **LEAST,
        "entra": {"tenantId": LEAST["entra"]["tenantId"], "credential": "managedIdentity"},
    },
    "secret": entra(credential="secret"),
    "all": {
        **LEAST,
        "replicas": 3,
        "settings": {
            "LATCHKEY_EMAIL_DOMAINS": "contoso.com",
            "LATCHKEY_SYNC_SECONDS": 600,
            "AZURE_CLIENT_SECRET_UNTIL": "2027-05-31",
        },
        "packageSettings": PACKAGES,
        "moreSecrets": {
            "webhooks": "LATCHKEY_WEBHOOKS",
            "webhook-secrets": "LATCHKEY_WEBHOOK_SECRETS",
        },
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "networkPolicy": {
            "enabled": True,
            "from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        },
        "trustedCertificates": {"configMapName": "ca"},
        "imagePullSecrets": [{"name": "pull"}],
        "podLabels": {"team": "identity"},
        "podAnnotations": {"note": "x"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "x", "operator": "Exists"}],
        "serviceAccount": {"annotations": {"note": "x"}},
    },
    "closed": {**LEAST, "networkPolicy": {"enabled": True}},
    "alone": {**LEAST, "replicas": 1, "migrate": {"enabled": False}},
}


def manifests(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what was rendered, by its kind."""
    documents = [
        document
        for name, text in answer["files"].items()
        if not name.endswith(".txt")
        for document in yaml.safe_load_all(text)
        if document
    ]
    by_kind = {each["kind"]: each for each in documents}
    assert len(by_kind) == len(documents)
    return by_kind


@pytest.fixture(params=VARIANTS)
def variant(request: Any, render: Any) -> tuple[str, dict[str, Any]]:
    """One of the ways to set it up, rendered."""
    answer = render(VARIANTS[request.param])
    assert "refused" not in answer
    return request.param, answer


def test_helm_and_kubernetes_take_it_and_the_bot_its_settings(variant, tmp_path):
    """Helm's strict lint, Kubernetes' strict schemas, and what `latchkey run` says to the variables."""
    name, answer = variant
    assert answer["problems"] == []
    found = manifests(answer)
    expected = {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "Job"}
    expected -= {"PodDisruptionBudget", "Job"} if name == "alone" else set()
    expected |= {"Ingress"} if name in ("http", "sign-ins", "both") else set()
    expected |= {"ServiceMonitor", "ConfigMap"} if name == "all" else set()
    expected |= {"NetworkPolicy"} if name in ("all", "closed") else set()
    assert set(found) == expected

    pod = found["Deployment"]["spec"]["template"]
    assert problems_for_running(read_settings(environment(pod["spec"], name, tmp_path))) == []


def environment(pod: dict[str, Any], name: str, folder: Any) -> dict[str, str]:
    """The variables of the bot's container, with the Secret's keys as files."""
    (container,) = pod["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    (keys,) = [each["secret"]["items"] for each in pod["volumes"] if "secret" in each]
    for key in keys:
        (folder / key["path"]).write_text(SECRETS[key["key"]])
    paths = {
        variable: value.replace("/etc/latchkey/secrets", str(folder))
        for variable, value in given.items()
        if variable not in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    }
    if name == "workload":
        # What the webhook of workload identity adds.
        (folder / "token").touch()
        paths["AZURE_FEDERATED_TOKEN_FILE"] = str(folder / "token")
        paths["AZURE_AUTHORITY_HOST"] = "https://login.microsoftonline.com/"
    return paths


def test_every_pod_runs_with_the_least(variant):
    """Not as root, nothing writable but its folders, no token of the cluster."""
    found = manifests(variant[1])
    for pod in [
        found[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "Job") if kind in found
    ]:
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_each_secret_is_a_file_of_the_secret_that_is_named(variant):
    """No variable holds one, and no object of the chart is a Secret."""
    found = manifests(variant[1])
    for kind in ("Deployment", "Job"):
        pod = found[kind]["spec"]["template"]["spec"] if kind in found else {"containers": []}
        for container in pod["containers"]:
            for each in container["env"]:
                assert each["name"] not in secret_names(), each


def test_the_owner_of_the_tables_is_for_the_migration_alone(render):
    """The bot's pods never see that password; and the migration no other secret."""
    found = manifests(render(LEAST))
    keys = {
        kind: [
            item["key"]
            for volume in found[kind]["spec"]["template"]["spec"]["volumes"]
            for item in volume.get("secret", {}).get("items", ())
        ]
        for kind in ("Deployment", "Job")
    }
    assert "database-url-owner" not in keys["Deployment"]
    assert keys["Job"] == ["database-url-owner"]
    assert found["Job"]["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_workload_identity_is_asked_for_on_pod_and_account(render):
    """Both are needed: the label for the webhook, the annotation for Entra."""
    found = manifests(render(VARIANTS["workload"]))
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    notes = found["ServiceAccount"]["metadata"]["annotations"]

    assert labels["azure.workload.identity/use"] == "true"
    assert notes["azure.workload.identity/client-id"] == LEAST["entra"]["clientId"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({key: value for key, value in LEAST.items() if key != "secretName"}, "secretName"),
        ({**LEAST, "image": {}}, "repository"),
        ({**LEAST, "slackBotToken": "xoxb-canary"}, "slackBotToken"),
        ({**LEAST, "settings": {"SLACK_BOT_TOKEN": "xoxb-canary"}}, "SLACK_BOT_TOKEN"),
        ({**LEAST, "settings": {"DATABASE_URL": "postgresql://canary@h/d"}}, "DATABASE_URL"),
        ({**LEAST, "settings": {"LATCHKEY_EMAIL_DOMAIN": "contoso.com"}}, "LATCHKEY_EMAIL_DOMAIN"),
        ({**LEAST, "settings": {"LATCHKEY_PORT": 8000}}, "LATCHKEY_PORT"),
        ({**LEAST, "moreSecrets": {"x": "LATCHKEY_SYNC_SECONDS"}}, "moreSecrets"),
        ({**LEAST, "extraEnv": [{"name": "LATCHKEY_PORT", "value": "8000"}]}, "extraEnv"),
        ({**LEAST, "replicas": 10}, "replicas"),
        ({**LEAST, "entra": {"tenantId": "t"}}, "clientId"),
        ({**LEAST, "ingress": {"enabled": True}}, "ingress.enabled"),
        (
            {**LEAST, "slack": {"mode": "http"}, "ingress": {"enabled": True, "host": "h"}},
            "tlsSecretName",
        ),
    ],
)
def test_what_would_not_work_is_refused_before_anything_starts(render, values, named):
    """By Helm, with the name of what is wrong; secrets have no place in the values."""
    said = render(values)["refused"]
    assert named in said
    assert "canary" not in said


# What has its own place in the values, or is the container's.
ELSEWHERE: Final = frozenset(
    {
        *(
            "LATCHKEY_ADMINS",
            "LATCHKEY_ADMIN_CHANNEL",
            "LATCHKEY_MANAGED_IDENTITY",
            "LATCHKEY_PORT",
        ),
        *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"),
        *("AZURE_FEDERATED_TOKEN_FILE", "LATCHKEY_PACKAGE_SETTINGS"),
    }
)
OF_THE_CHART: Final = frozenset(
    {
        *("DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
        *("AZURE_CLIENT_SECRET", "LATCHKEY_AUDIT_KEY"),
    }
)


def test_the_values_take_each_setting_where_it_belongs():
    """The table of settings says what is a secret; a new one has its place here, too."""
    schema = json.loads((ROOT / "deploy/helm/latchkey/values.schema.json").read_text())
    of = schema["properties"]

    taken = set(of["settings"]["propertyNames"]["enum"])
    assert taken == known_names() - secret_names() - ELSEWHERE
    more = set(of["moreSecrets"]["additionalProperties"]["enum"])
    assert more == secret_names() - OF_THE_CHART
    in_environment = of["extraEnv"]["items"]["if"]["properties"]["name"]["enum"]
    assert set(in_environment) == secret_names()


@pytest.mark.parametrize("name", sorted(secret_names()))
def test_no_value_holds_a_secret(render, name):
    """It would stand in the Deployment, for all who may read that."""
    for values in (
        {"settings": {name: "canary"}},
        {"extraEnv": [{"name": name, "value": "canary"}]},
    ):
        said = render({**LEAST, **values})["refused"]
        assert name in said or "extraEnv" in said
        assert "canary" not in said


def test_a_secret_may_come_from_another_secret(render):
    """By reference, as Kubernetes has it."""
    reference = {"secretKeyRef": {"name": "mine", "key": "token"}}
    given = {"name": "LATCHKEY_ON_CALL_TOKEN", "valueFrom": reference}
    answer = render({**LEAST, "extraEnv": [given]})

    assert answer.get("problems") == []
    (container,) = manifests(answer)["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert given in container["env"]


def test_package_settings_come_as_they_were_written_and_a_change_takes_new_pods(render):
    """The bot reads them at its start."""
    found = manifests(render(VARIANTS["all"]))
    assert found["ConfigMap"]["data"] == {"latchkey.yml": PACKAGES}
    (volume,) = [
        each
        for each in found["Deployment"]["spec"]["template"]["spec"]["volumes"]
        if "configMap" in each and each["name"] == "packages"
    ]
    assert volume["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    notes = [
        manifests(render({**LEAST, "packageSettings": text}))["Deployment"]["spec"]["template"][
            "metadata"
        ]["annotations"]
        for text in ("packages: {}", "packages: {} #")
    ]
    assert notes[0] != notes[1]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("http", {"/slack/events": "Exact"}),
        ("sign-ins", {"/sign-in": "Prefix"}),
        ("both", {"/slack/events": "Exact", "/sign-in": "Prefix"}),
    ],
)
def test_the_ingress_lets_through_what_comes_from_outside_and_nothing_else(render, name, paths):
    """Slack's requests over HTTP, and browsers where people sign in to Microsoft; CALLBACK and LINK are below that."""
    (rule,) = manifests(render(VARIANTS[name]))["Ingress"]["spec"]["rules"]
    assert {each["path"]: each["pathType"] for each in rule["http"]["paths"]} == paths
    assert all(each.startswith("/sign-in/") for each in (CALLBACK, LINK))


# What Prometheus' operator sets on each target of a ServiceMonitor.
# Source: prometheus-operator, "promcfg.go", generateServiceMonitorConfig.
OF_TARGETS: Final = frozenset(
    {"job", "instance", "namespace", "service", "pod", "container", "endpoint"}
)


def test_no_label_of_a_metric_is_hidden_by_one_of_its_target(render):
    """It would be renamed to "exported_…", and rules and dashboard would take the target's for it; these have `job` and `instance` alone."""
    monitor = manifests(render(VARIANTS["all"]))["ServiceMonitor"]
    (endpoint,) = monitor["spec"]["endpoints"]
    dropped = [each["regex"] for each in endpoint["relabelings"] if each["action"] == "labeldrop"]
    left = {label for label in OF_TARGETS if not any(re.fullmatch(each, label) for each in dropped)}
    ours = {label for metric in METRICS for label in metric.labels}

    assert endpoint["honorLabels"] is True
    assert ours & left == set()
    # By these the rules know the replicas.
    assert {"job", "instance"} <= left
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    for each in scraped["scrape_configs"]:
        assert "relabel_configs" not in each
        assert "labels" not in str(each)


def test_the_chart_and_the_program_have_one_version():
    """They are released together."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((ROOT / "deploy/helm/latchkey/Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)
