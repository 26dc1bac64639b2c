"""The Dockerfile, Compose, the systemd unit, nginx, Prometheus and Grafana, each as its own program reads it."""

import asyncio
import contextlib
import json
import re
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.accounts.browser import CALLBACK, LINK
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.monitoring.definitions import METRICS, MetricKind
from sandbox.serving import serving
from tests.deploy.conftest import DEPLOY, ROOT, ran
from tests.deploy.test_chart import SECRETS

SETTINGS = """AZURE_TENANT_ID=7e000000-0000-4000-8000-00000000c0a1
AZURE_CLIENT_ID=7e000000-0000-4000-8000-00000000c0a2
LATCHKEY_ADMINS=U0DANA
LATCHKEY_ADMIN_CHANNEL=C0APPROVALS
"""


def test_the_dockerfile_has_nothing_to_remark(deploy_tool):
    """By hadolint."""
    said = ran(deploy_tool("hadolint"), ROOT / "Dockerfile")
    assert (said.stdout, said.returncode) == ("", 0)


def test_the_image_is_given_what_the_dockerfile_copies_and_nothing_else():
    """`.dockerignore` leaves out all, but for that."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {each.removeprefix("!") for each in lines if each.startswith("!")}
    copied = {
        word
        for line in re.findall(
            r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M
        )
        for word in line.split()
    }
    assert "*" in lines
    assert let_in == copied
    assert all((ROOT / each).exists() for each in copied)


@pytest.fixture
def composed(deploy_tool: Any, tmp_path: Path) -> dict[str, Any]:
    """The services as Docker Compose reads them."""
    folder = tmp_path / "deploy" / "compose"
    shutil.copytree(DEPLOY / "compose", folder, ignore=shutil.ignore_patterns("secrets", "*.env"))
    (folder / "latchkey.env").write_text(SETTINGS)
    said = ran(
        deploy_tool("docker-compose"), "-f", folder / "compose.yaml", "config", "--format", "json",
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    read: dict[str, Any] = json.loads(said.stdout)
    return read


def test_compose_gives_the_bot_settings_that_it_takes(composed, tmp_path):
    """With each secret in its file."""
    bot = composed["services"]["latchkey"]
    given = {name: value for name, value in bot["environment"].items() if value is not None}
    for secret in bot["secrets"]:
        (tmp_path / secret["source"]).write_text(SECRETS[secret["source"]])
    given = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in given.items()}

    assert problems_for_running(read_settings(given)) == []


def test_compose_starts_the_bot_after_the_migration(composed):
    """And that after the database; two replicas, none of them writable or reachable from outside."""
    services = composed["services"]
    bot, migration = services["latchkey"], services["migrate"]

    assert bot["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert migration["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert bot["deploy"]["replicas"] == 2
    for each in (bot, migration):
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
    published = [port for each in services.values() for port in each.get("ports", ())]
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_compose_shows_the_owners_password_to_no_bot(composed):
    """Each service has the secrets that it needs."""
    secrets = {
        name: {each["source"] for each in service.get("secrets", ())}
        for name, service in composed["services"].items()
    }
    assert secrets["migrate"] == {"database-url-owner"}
    assert not {"database-url-owner", "postgres-owner-password"} & secrets["latchkey"]


def test_every_file_that_compose_mounts_is_there(composed):
    """A missing one becomes a folder."""
    mounts = [
        Path(volume["source"])
        for service in composed["services"].values()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind"
    ]
    below = [Path(*each.parts[each.parts.index("deploy") :]) for each in mounts]
    assert len(below) >= 5
    assert [each for each in below if not (ROOT / each).exists()] == []


def test_the_role_is_made_with_whatever_password(tmp_path, emptied_postgresql, debian_tool):
    """By the script of the database's container, on a PostgreSQL server; quotes and dollars in it are only characters."""
    password = 'it\'s $HOME \\ "x"'
    script = tmp_path / "role.sh"
    (tmp_path / "password").write_text(password)
    script.write_text(
        (DEPLOY / "compose" / "role.sh")
        .read_text()
        .replace("/run/secrets/postgres-run-password", str(tmp_path / "password"))
        .replace("latchkey_run", "latchkey_made_by_script")
    )
    url = emptied_postgresql
    place = {"PGHOST": str(url.query.get("host") or url.host), "PGPORT": str(url.port or 5432)}
    said = ran(
        "bash", script,
        env={**place, "PATH": f"{Path(debian_tool('psql')).parent}:/usr/bin:/bin", "POSTGRES_USER": url.username,
             "POSTGRES_DB": url.database, "PGPASSWORD": url.password or ""},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert password not in said.stdout + said.stderr
    engine = sa.create_engine(url)
    try:
        with engine.begin() as db:
            # It is the whole server's, and the next test's, too.
            db.execute(sa.text("DROP ROLE latchkey_made_by_script"))
    finally:
        engine.dispose()


def test_systemd_takes_the_unit(debian_tool, tmp_path):
    """Every directive is one that it knows; the program is where the page says."""
    text = (DEPLOY / "systemd" / "latchkey.service").read_text()
    program = re.search(r"^ExecStart=(\S+) run$", text, re.M)
    assert program is not None
    # As there is no installation here.
    (tmp_path / "latchkey.service").write_text(text.replace(program[1], "/usr/bin/env"))
    said = ran(debian_tool("systemd-analyze"), "verify", "--man=no", tmp_path / "latchkey.service")
    ours = [line for line in said.stderr.splitlines() if "latchkey.service" in line]
    assert ours == []


def test_the_unit_is_exposed_little(debian_tool):
    """By systemd's own measure: 3.0 at most, of 10."""
    said = ran(
        debian_tool("systemd-analyze"), "security", "--offline=true", "--threshold=30",
        "--no-pager", DEPLOY / "systemd" / "latchkey.service",
    )  # fmt: skip
    assert said.returncode == 0, said.stdout[-500:]


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def nginx_configuration(tmp_path: Path, certificate: Any) -> tuple[Path, int]:
    """The sample with this machine's certificate, its port and an upstream; and the port."""
    port = free_port()
    text = (DEPLOY / "nginx" / "latchkey.conf").read_text()
    text = text.replace("/etc/ssl/latchkey/fullchain.pem", str(certificate.cert_file))
    text = text.replace("/etc/ssl/latchkey/key.pem", str(certificate.key_file))
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.M)
    (tmp_path / "latchkey.conf").write_text(text)
    temporary = "".join(
        f"{each}_temp_path {tmp_path}/{each};"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} "
        f"http {{ access_log off; {temporary} include {tmp_path}/latchkey.conf; }}\n"
    )
    return tmp_path / "nginx.conf", port


def test_nginx_takes_the_sample(debian_tool, nginx_configuration):
    """Without a warning."""
    file, _ = nginx_configuration
    said = ran(debian_tool("nginx"), "-t", "-q", "-e", file.parent / "error.log", "-c", file)
    assert (said.returncode, said.stderr) == (0, "")


@contextlib.contextmanager
def trusting(certificate: Any) -> Iterator[urllib.request.OpenerDirector]:

    context = ssl.create_default_context(cafile=certificate.ca_file)
    yield urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


async def test_nginx_lets_slack_through_and_nothing_else(
    debian_tool, nginx_configuration, certificate
):
    """The body comes as it was sent, byte for byte, and so do sign-ins; health and metrics are not for the outside."""
    came: list[bytes] = []

    async def events(request):
        came.append(await request.body())
        return PlainTextResponse("taken")

    async def sign_in(request):
        return PlainTextResponse(f"{request.method} {request.url.path}")

    async def inside(request):
        return PlainTextResponse("not for you")

    app = Starlette(
        routes=[
            Route("/slack/events", events, methods=["POST", "GET"]),
            # As people press Connect, go on, and come back from Microsoft.
            *(Route(each, sign_in, methods=["GET", "POST"]) for each in (CALLBACK, LINK)),
            Route("/{rest:path}", inside, methods=["POST", "GET"]),
        ]
    )
    file, port = nginx_configuration
    async with serving(app) as address:
        config = file.parent / "latchkey.conf"
        config.write_text(
            config.read_text().replace(
                "server 127.0.0.1:3000", f"server {address.partition('//')[2]}"
            )
        )
        program = await asyncio.create_subprocess_exec(
            debian_tool("nginx"), "-e", str(file.parent / "error.log"), "-c", str(file)
        )
        try:
            await _until_open(port)
            body = b"payload=%7B%22a%22%3A+1%7D&x=%C3%A9\r\n"
            with trusting(certificate) as opener:

                def ask(path: str, data: bytes | None = None) -> int:
                    try:
                        with opener.open(f"https://localhost:{port}{path}", data) as answer:
                            return int(answer.status)
                    except urllib.error.HTTPError as error:
                        return error.code

                assert await asyncio.to_thread(ask, "/slack/events", body) == 200
                assert came == [body]
                assert await asyncio.to_thread(ask, "/slack/events") == 403
                inner = ("/", "/healthz", "/readyz", "/metrics")
                near = ("/slack/events/x", "/sign-in", "/sign-in/", "/sign-in/x/../../metrics")
                for path in (*inner, *near):
                    assert await asyncio.to_thread(ask, path, body) == 404
                for path in ("/sign-in/a-ticket", CALLBACK):
                    assert await asyncio.to_thread(ask, path, b"code=1&state=2") == 200
                    assert await asyncio.to_thread(ask, path) == 200
                assert await asyncio.to_thread(ask, "/sign-in/x", b"x" * 200_000) == 413
                assert await asyncio.to_thread(ask, "/slack/events", b"x" * 2_000_000) == 413
                assert came == [body]
        finally:
            program.terminate()
            await program.wait()


async def _until_open(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def test_prometheus_takes_the_rules_and_the_configuration(debian_tool, tmp_path):
    """By promtool."""
    folder = DEPLOY / "prometheus"
    text = (folder / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(
        text.replace("/etc/prometheus/rules.yml", str(folder / "rules.yml"))
    )
    for command in (["rules", folder / "rules.yml"], ["config", tmp_path / "prometheus.yml"]):
        said = ran(debian_tool("promtool"), "check", *command)
        assert said.returncode == 0, said.stdout + said.stderr


def metrics_in(text: str) -> set[str]:
    return set(re.findall(r"\blatchkey_[a-z_]+\b", text))


def test_rules_and_dashboard_ask_for_metrics_that_there_are():
    """Histograms by their series."""
    there = {metric.name for metric in METRICS} | {
        f"{metric.name}_{part}"
        for metric in METRICS
        if metric.kind is MetricKind.HISTOGRAM
        for part in ("bucket", "sum", "count")
    }
    asked = {
        file.name: metrics_in(file.read_text())
        for file in (DEPLOY / "prometheus/rules.yml", DEPLOY / "grafana/dashboards/latchkey.json")
    }
    assert {name: found - there - {"latchkey_prometheus"} for name, found in asked.items()} == {
        name: set() for name in asked
    }
    assert all(asked.values())


def test_each_panel_of_the_dashboard_says_what_it_shows():
    """In words of its own, once."""
    dashboard = json.loads((DEPLOY / "grafana/dashboards/latchkey.json").read_text())
    for name in ("title", "description"):
        said = [each[name] for each in dashboard["panels"]]
        assert sorted(said) == sorted(set(said))
    asked = [target["expr"] for each in dashboard["panels"] for target in each["targets"]]
    assert sorted(asked) == sorted(set(asked))


def test_the_dashboard_is_of_the_data_source_that_is_provisioned():
    """Every panel, and the dashboards are where Grafana is told to look."""
    sources = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )
    dashboard = json.loads((DEPLOY / "grafana/dashboards/latchkey.json").read_text())
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/latchkey.yml").read_text())
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    place = provider["providers"][0]["options"]["path"]

    assert {each["datasource"]["uid"] for each in dashboard["panels"]} == {
        sources["datasources"][0]["uid"]
    }
    assert len({each["id"] for each in dashboard["panels"]}) == len(dashboard["panels"])
    assert f"../grafana/dashboards:{place}:ro" in compose["services"]["grafana"]["volumes"]
