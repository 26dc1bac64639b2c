"""Each alarm fires when what it is about breaks, and none fires while all is well: by promtool, on the series of a real scrape."""

import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.conftest import DEPLOY, ran
from tests.harness import receiver
from tests.harness.world import ANN, eventually, living

MINUTES: Final = 90
# Those that wait for longer before they fire.
LONG: Final = {
    **dict.fromkeys(("LatchkeyRequestsHeld", "LatchkeyTroubles", "LatchkeyDrift"), 26 * 60),
    **dict.fromkeys(("LatchkeyPaused", "LatchkeyDeliveryIsSlow"), 10 * 60),
}
# What one series is in place of the scrape's, as promtool writes values: "start+step x times"; `None`: it is gone.
UP: Final = "up"
BROKEN: Final[dict[str, dict[str, str | None]]] = {
    "LatchkeyDown": {UP: "0x1560"},
    "LatchkeyNowhere": {UP: None},
    "LatchkeyNotReady": {"latchkey_ready": "0x1560"},
    "LatchkeyReplicaNotReady": {"latchkey_ready": "0x1560"},
    "LatchkeyOutage": {"latchkey_outage": "1x1560"},
    "LatchkeyWorkIsLate": {"latchkey_oldest_due_seconds": "0+60x1560"},
    "LatchkeyRequestsStuck": {"latchkey_oldest_retrying_seconds": "0+60x1560"},
    "LatchkeyApprovedButNotGranted": {
        'latchkey_oldest_open_seconds{state="approved"}': "0+60x1560"
    },
    "LatchkeyDeliveryIsSlow": {'latchkey_oldest_open_seconds{state="submitted"}': "0+60x1560"},
    "LatchkeyRequestFailed": {'latchkey_requests{state="failed"}': "0+1x1560"},
    "LatchkeyRequestsHeld": {"latchkey_held": "1x1560"},
    "LatchkeyPaused": {"latchkey_paused": "1x1560"},
    "LatchkeyUnreadableAssignments": {"latchkey_unreadable_assignments": "2x1560"},
    "LatchkeySyncIsOld": {'latchkey_job_age_seconds{name="sync"}': "0+60x1560"},
    "LatchkeyJobFails": {'latchkey_job_failures_total{name="requests"}': "0+2x1560"},
    "LatchkeyMessagesOwed": {'latchkey_messages_owed{what="cards"}': "80x1560"},
    "LatchkeyAdminChannelRefused": {"latchkey_admin_channel_refused": "1x1560"},
    "LatchkeySlackRefuses": {
        'latchkey_slack_calls_total{method="chat.postMessage",outcome="unreachable"}': "0+5x1560"
    },
    "LatchkeyGraphRefuses": {
        'latchkey_graph_calls_total{method="POST",outcome="no_token",route="token"}': "0+5x1560",
        # A token that Graph does not take any more, and none in its place.
        'latchkey_graph_calls_total{method="GET",outcome="unauthorized",route="/users"}': "0+5x1560",
    },
    "LatchkeyThrottled": {'latchkey_throttled_total{service="slack"}': "0+5x1560"},
    "LatchkeySignaturesRejected": {
        'latchkey_rejected_signatures_total{reason="wrong"}': "0+5x1560"
    },
    "LatchkeyAcksAreSlow": {
        'latchkey_ack_seconds_bucket{kind="command",le="3.0",outcome="ok"}': "0+5x1560",
        'latchkey_ack_seconds_bucket{kind="command",le="+Inf",outcome="ok"}': "0+5x1560",
        'latchkey_ack_seconds_count{kind="command",outcome="ok"}': "0+5x1560",
    },
    "LatchkeyClockSkew": {'latchkey_clock_skew_seconds{server="graph"}': "-90x1560"},
    "LatchkeyCredentialEndsSoon": {
        'latchkey_credential_expiry_timestamp_seconds{credential="certificate"}': "400000x1560"
    },
    "LatchkeyTroubles": {'latchkey_troubles{kind="partial"}': "1x1560"},
    "LatchkeyPackageSettingsDiffer": {'latchkey_troubles{kind="settings-renamed"}': "1x1560"},
    "LatchkeyDrift": {'latchkey_drift{kind="member"}': "1x1560"},
    "LatchkeyEmergencyNotReviewed": {'latchkey_emergency_reviews{state="overdue"}': "1x1560"},
    "LatchkeyEndpointDown": {'probe_success{job="latchkey-endpoint"}': "0x1560"},
    "LatchkeyEndpointCertificateEndsSoon": {
        'probe_ssl_earliest_cert_expiry{job="latchkey-endpoint"}': "400000x1560"
    },
    "LatchkeyWebhookBehind": {'latchkey_webhook_lag_seconds{endpoint="siem"}': "4000x1560"},
    "LatchkeyWebhookRefuses": {'latchkey_webhook_dead_events{endpoint="siem"}': "1x1560"},
}
CHANGING_A_SECRET: Final[dict[str, str | None]] = {
    'latchkey_credential_expiry_timestamp_seconds{credential="previous_signing_secret"}': "86400x90"
}
# What a replica shows from its first accepted request on, and not before: labels that nobody has named are no series.
ACKS: Final = "latchkey_ack_seconds"


def series_of(text: str) -> dict[str, str]:
    """The series of a scrape, named with their labels in order, each with its value."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{sample.labels[name]}"' for name in sorted(sample.labels))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = f"{sample.value:g}"
    return found


def as_scraped(series: str) -> str:
    """The same with the labels that Prometheus adds."""
    name, _, labels = series.rstrip("}").partition("{")
    more = 'instance="one"' if "job=" in labels else 'job="latchkey",instance="one"'
    return f"{name}{{{labels + ',' if labels else ''}{more}}}"


def case_of(name: str, healthy: dict[str, str], changed: dict[str, str | None]) -> dict[str, Any]:
    minutes = LONG.get(name, MINUTES)
    values: dict[str, str | None] = {}
    values.update({each: f"{value}x{minutes}" for each, value in healthy.items()})
    values.update(changed)
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": as_scraped(each), "values": value}
            for each, value in values.items()
            if value is not None
        ],
        "promql_expr_test": [
            {
                "expr": f'sgn(count(ALERTS{{alertname=~"{name}",alertstate="firing"}}))',
                "eval_time": f"{minutes - 10}m",
                "exp_samples": [] if name == ".*" else [{"labels": "{}", "value": 1}],
            }
        ],
    }


def read_by(rules: str, scrape: dict[str, str]) -> dict[str, str]:
    """The series of a scrape whose metrics these rules name."""
    read = set(re.findall(r"\b(?:latchkey_[a-z_]+|up)\b", rules))
    return {each: value for each, value in scrape.items() if each.partition("{")[0] in read}


@pytest.fixture
async def scrape(tmp_path: Path, sqlite_template: Path) -> dict[str, str]:
    """Return what a healthy bot answers, after somebody has got access."""
    import shutil

    database = shutil.copy(sqlite_template, tmp_path / "latchkey.db")
    async with living(database, **receiver.SETTINGS) as world:
        await world.type(ANN, "/request-access marketing-campaign")
        await world.told(ANN, "You now have access")
        transport = httpx.ASGITransport(app=world.bot.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:

            async def is_ready() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await eventually(is_ready)
            found = series_of((await http.get("/metrics")).text)
    return {each: value for each, value in found.items() if each.startswith("latchkey_")} | {
        UP: "1"
    }


async def test_every_alarm_fires_when_its_thing_breaks(simulated, scrape, debian_tool, tmp_path):
    """And while nothing is broken, none does."""
    rules = (DEPLOY / "prometheus" / "rules.yml").read_text()
    of_each = {
        rule["alert"]: rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]
    }
    assert set(BROKEN) == set(of_each)

    def write_test(rules: str, name: str, changed: dict[str, str | None]) -> Path:
        number = len(list(tmp_path.glob("tests-*.yml")))
        (tmp_path / f"rules-{number}.yml").write_text(rules)
        test = {
            "rule_files": [f"rules-{number}.yml"],
            "evaluation_interval": "1m",
            # What a rule does not read takes time only, and so do the other rules.
            "tests": [case_of(name, read_by(rules, scrape), changed)],
        }
        written: Path = tmp_path / f"tests-{number}.yml"
        written.write_text(yaml.safe_dump(test))
        return written

    # While a signing secret is being changed, all is well, too.
    tests = [write_test(rules, ".*", CHANGING_A_SECRET)]
    for alarm, rule in of_each.items():
        alone = yaml.safe_dump({"groups": [{"name": "alone", "rules": [rule]}]})
        tests.append(write_test(alone, alarm, BROKEN[alarm]))
        if alarm == "LatchkeySignaturesRejected":
            # With the wrong secret from its first start on, it has never accepted anything.
            none_accepted = dict.fromkeys((each for each in scrape if each.startswith(ACKS)), None)
            tests.append(write_test(alone, alarm, {**none_accepted, **BROKEN[alarm]}))

    said = ran(debian_tool("promtool"), "test", "rules", *tests)

    assert said.returncode == 0, said.stdout + said.stderr


async def test_what_is_changed_is_a_series_that_there_is(simulated, scrape):
    """By its metric: a slip in a name would fire nothing, or by accident."""
    names = {each.partition("{")[0] for each in scrape}
    # A credential's end is there only where one is known.
    names |= {"latchkey_credential_expiry_timestamp_seconds", "latchkey_clock_skew_seconds"}
    # What asks from outside is the blackbox exporter.
    names |= {"probe_success", "probe_ssl_earliest_cert_expiry"}
    changed = {each.partition("{")[0] for series in BROKEN.values() for each in series}
    assert changed <= names
