"""
A whole installation on this machine: PostgreSQL, PgBouncer, two replicas, nginx and Prometheus, between the stand-ins.

The replicas are `latchkey run`, PgBouncer is in transaction mode, nginx and Prometheus have the files of deploy/ with the addresses of
this machine.
"""

import contextlib
import json
import os
import pwd
import re
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.certificate import Certificate, make_certificate
from sandbox.clock import SandboxClock
from sandbox.run import StandIns, tutorial_world, wired
from sandbox.serving import serving
from tests.proofs.rehearsal.programs import FAKETIME, Missing, Program, free_port, program, ran
from tests.proofs.rehearsal.rules import hurried

ROOT: Final = Path(__file__).resolve().parents[3]
NGINX: Final = ROOT / "deploy" / "nginx" / "latchkey.conf"
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
REPLICAS: Final = ("A", "B")
# Room for a database of this size, its log, and what fills it.
VOLUME_MEGABYTES: Final = 400
PGBOUNCER: Final = """[databases]
latchkey = host=127.0.0.1 port={server} dbname=latchkey user=latchkey_run
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
ignore_startup_parameters = extra_float_digits
"""
# What the docs say to set; the clocks of a rehearsal are short.
SETTINGS: Final = {
    "LATCHKEY_POLL_SECONDS": "1",
    "LATCHKEY_SYNC_SECONDS": "20",
    "LATCHKEY_ALARM_AFTER_SECONDS": "60",
}


class Served:
    """One of the stand-ins on a port of its own, which can go away and come back."""

    def __init__(self, app: Any, certificate: Certificate | None = None) -> None:
        self._app, self._certificate = app, certificate
        self._port = 0
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> str:
        """Serve it, on the same port as ever; returns its address."""
        address = await self._stack.enter_async_context(
            serving(self._app, port=self._port, certificate=self._certificate)
        )
        self._port = int(address.rpartition(":")[2])
        return address

    async def stop(self) -> None:
        """Refuse connections."""
        await self._stack.aclose()


@dataclass
class Alarms:
    """Whoever the webhook of an outage tells."""

    came: list[dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        """Return the receiver."""

        async def take(request: Request) -> Response:
            self.came.append(await request.json())
            return Response(status_code=204)

        return Starlette(routes=[Route("/alarms", take, methods=["POST"])])

    def of(self, kind: str, since: int) -> list[dict[str, Any]]:
        """Return those of a kind, *since* so many had come."""
        return [each for each in self.came[since:] if each["type"] == f"latchkey.outage.{kind}"]


@dataclass
class Installation:
    """
    All of it.

    Attributes:
        probe: Asks nginx from outside, as Slack would; None if it is not installed.
        volume: Where PostgreSQL keeps everything; a file system of its own if this machine lets us mount one.
        clock: The file that says how far the clock of a program with `clocked` settings is off.
    """

    folder: Path
    outside: StandIns
    slack: Served
    microsoft: Served
    alarms: Alarms
    postgresql: Program
    pgbouncer: Program
    nginx: Program
    prometheus: Program
    probe: Program | None
    replicas: dict[str, Program]
    volume: Path
    is_volume: bool
    clock: Path
    certificate: Certificate
    untrusted: Certificate
    http: httpx.AsyncClient

    async def ready(self, replica: str) -> tuple[bool, list[str]] | None:
        """Return whether a replica is ready and what it lacks; None if it does not answer."""
        port = self.replicas[replica].port
        try:
            answer = (await self.http.get(f"http://127.0.0.1:{port}/readyz")).json()
        except (httpx.HTTPError, ValueError):
            return None
        return bool(answer["ready"]), list(answer["problems"])

    async def firing(self) -> set[str]:
        """Return the alerts that fire now, by name."""
        answer = await self._prometheus("alerts")
        return {
            each["labels"]["alertname"] for each in answer["alerts"] if each["state"] == "firing"
        }

    async def holds(self, expression: str) -> bool:
        """Tell whether a PromQL comparison has any result."""
        return bool((await self._prometheus("query", query=expression))["result"])

    async def doctor(self, replica: str) -> list[dict[str, str]]:
        """Return the findings of `latchkey doctor` on a replica's machine, with its settings and its clock."""
        _, output, errors = await ran(
            *(sys.executable, "-m", "bot", "doctor", "--json"),
            environment=self.replicas[replica].environment,
            folder=self.folder,
        )
        try:
            found: list[dict[str, str]] = json.loads(output)
        except ValueError:
            raise RuntimeError(f"latchkey doctor said {output!r} {errors!r}") from None
        return found

    async def serve_with(self, certificate: Certificate) -> None:
        """Let nginx show a certificate from now on."""
        await self.nginx.stop()
        _write_nginx(self.folder, certificate, self.nginx.port, self.replicas)
        await self.nginx.start()

    def clocked(self, replica: str) -> dict[str, str]:
        """Return a replica's settings with a clock that can be set."""
        self.clock.write_text("+0")
        return {
            **self.replicas[replica].environment,
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def fill(self) -> None:
        """Leave no room on the volume, also where some has come back since."""
        with (self.volume / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024 * 1024))
        with (self.volume / "crumbs").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024))

    def empty(self) -> None:
        """Make room again."""
        for name in ("filler", "crumbs"):
            (self.volume / name).unlink(missing_ok=True)

    async def _prometheus(self, what: str, **parameters: str) -> dict[str, Any]:
        answer = await self.http.get(
            f"http://127.0.0.1:{self.prometheus.port}/api/v1/{what}", params=parameters
        )
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data


@contextlib.asynccontextmanager
async def installed(folder: Path, *, faster: int) -> AsyncIterator[Installation]:
    """
    Install and start everything.

    Args:
        folder: For all files.
        faster: The rules of Prometheus wait so many times less.

    Raises:
        Missing: A program is not installed here.
    """
    certificate = make_certificate(folder / "certificate")
    untrusted = make_certificate(folder / "untrusted")
    os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = str(certificate.ca_file)
    async with contextlib.AsyncExitStack() as stack:
        outside, slack, microsoft = await _stand_ins(stack, folder, certificate)
        alarms = Alarms()
        webhook = await stack.enter_async_context(serving(alarms.app))
        volume, is_volume = await _volume(stack, folder)
        postgresql = await _postgresql(folder, volume)
        stack.push_async_callback(postgresql.stop)
        await postgresql.start()
        pgbouncer = _pgbouncer(folder, postgresql.port)
        stack.push_async_callback(pgbouncer.kill)
        await pgbouncer.start()
        environment = {
            **{name: os.environ[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")},
            "PYTHONPATH": str(ROOT),
            **outside.environment,
            **SETTINGS,
            "LATCHKEY_ALARM_WEBHOOK": f"{webhook}/alarms",
            "DATABASE_URL": f"postgresql://latchkey_run@127.0.0.1:{pgbouncer.port}/latchkey",
        }
        await _migrate(folder, environment, postgresql.port)
        replicas = {each: _replica(folder, each, environment) for each in REPLICAS}
        nginx = _nginx(folder, certificate, replicas)
        outside.workspace.request_url = f"https://127.0.0.1:{nginx.port}/slack/events"
        outside.workspace.transport = httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context(cafile=str(certificate.ca_file))
        )
        probe = _probe(folder)
        prometheus = _prometheus(folder, replicas, nginx, probe, faster)
        for each in (*replicas.values(), nginx, *((probe,) if probe else ()), prometheus):
            stack.push_async_callback(each.kill)
            await each.start()
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=20))
        yield Installation(
            folder=folder,
            outside=outside,
            slack=slack,
            microsoft=microsoft,
            alarms=alarms,
            postgresql=postgresql,
            pgbouncer=pgbouncer,
            nginx=nginx,
            prometheus=prometheus,
            probe=probe,
            replicas=replicas,
            volume=volume,
            is_volume=is_volume,
            clock=folder / "clock",
            certificate=certificate,
            untrusted=untrusted,
            http=http,
        )


async def _stand_ins(
    stack: contextlib.AsyncExitStack, folder: Path, certificate: Certificate
) -> tuple[StandIns, Served, Served]:
    workspace, tenant = tutorial_world(SandboxClock())
    stack.push_async_callback(workspace.aclose)
    slack, microsoft = Served(workspace.app), Served(tenant.app, certificate)
    stack.push_async_callback(slack.stop)
    stack.push_async_callback(microsoft.stop)
    workspace.base_url = await slack.start()
    outside = wired(
        workspace,
        tenant,
        microsoft=await microsoft.start(),
        database=folder / "unused",
        socket_mode=False,
    )
    return outside, slack, microsoft


async def _volume(stack: contextlib.AsyncExitStack, folder: Path) -> tuple[Path, bool]:
    volume = folder / "postgresql"
    volume.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={VOLUME_MEGABYTES}m", "latchkey", str(volume))
    code, _, _ = await ran(*mount, environment={}, folder=folder)
    if code == 0:
        stack.push_async_callback(ran, "umount", "-l", str(volume), environment={}, folder=folder)
    if os.getuid() == 0:
        _give_away(volume)
    return volume, code == 0


def _servers_user() -> str | None:
    """Return whom PostgreSQL and PgBouncer run as: not root."""
    return "postgres" if os.getuid() == 0 else None


def _give_away(path: Path) -> None:
    user = pwd.getpwnam("postgres")
    os.chown(path, user.pw_uid, user.pw_gid)


async def _postgresql(folder: Path, volume: Path) -> Program:
    data, user = volume / "data", _servers_user()
    made = await ran(
        program("initdb", "postgresql"),
        *("-D", str(data), "-U", "latchkey_owner", "-A", "trust", "--no-sync", "-E", "UTF8"),
        environment={"LC_ALL": "C.UTF-8"},
        folder=volume,
        user=user,
    )
    if made[0]:
        raise RuntimeError(f"initdb: {made[2]}")
    port = free_port()
    said = {
        "listen_addresses": "'127.0.0.1'",
        "port": port,
        "unix_socket_directories": "''",
        "max_wal_size": "64MB",
        "min_wal_size": "32MB",
        "shared_buffers": "32MB",
    }
    with (data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = {value}\n" for name, value in said.items())
    return Program(
        "PostgreSQL",
        [program("postgres", "postgresql"), "-D", str(data)],
        folder / "database.log",
        port,
        user=user,
        # A fast shutdown, which waits for nobody.
        stop_by=signal.SIGINT,
    )


def _pgbouncer(folder: Path, server: int) -> Program:
    own, file = free_port(), folder / "pgbouncer.ini"
    file.write_text(PGBOUNCER.format(server=server, own=own))
    command = [program("pgbouncer", "pgbouncer"), "-q", str(file)]
    return Program("PgBouncer", command, folder / "pgbouncer.log", own, user=_servers_user())


async def _migrate(folder: Path, environment: Mapping[str, str], port: int) -> None:
    """Make the database and its two roles, as docs/how-to/operations.md says."""
    server = f"postgresql://latchkey_owner@127.0.0.1:{port}"
    for statement in (
        "CREATE ROLE latchkey_run LOGIN",
        "CREATE DATABASE latchkey OWNER latchkey_owner",
    ):
        psql = (program("psql", "postgresql-client"), f"{server}/postgres", "-qc", statement)
        code, _, errors = await ran(*psql, environment={}, folder=folder)
        if code:
            raise RuntimeError(errors)
    code, output, errors = await ran(
        *(sys.executable, "-m", "bot", "migrate", "--grant-to", "latchkey_run"),
        environment={**environment, "DATABASE_URL": f"{server}/latchkey"},
        folder=folder,
    )
    if code:
        raise RuntimeError(f"latchkey migrate: {output} {errors}")


def _replica(folder: Path, name: str, environment: Mapping[str, str]) -> Program:
    port = free_port()
    return Program(
        f"Replica {name}",
        [sys.executable, "-m", "bot", "run"],
        folder / f"replica-{name}.log",
        port,
        {**environment, "LATCHKEY_PORT": str(port)},
    )


def _write_nginx(
    folder: Path, certificate: Certificate, port: int, replicas: Mapping[str, Program]
) -> None:
    text = NGINX.read_text()
    text = text.replace("/etc/ssl/latchkey/fullchain.pem", str(certificate.cert_file))
    text = text.replace("/etc/ssl/latchkey/key.pem", str(certificate.key_file))
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.MULTILINE)
    upstream = re.search(r"server 127\.0\.0\.1:3000 (.*);", text)
    assert upstream is not None
    servers = " ".join(f"server 127.0.0.1:{each.port} {upstream[1]};" for each in replicas.values())
    (folder / "latchkey.conf").write_text(text.replace(upstream[0], servers))


def _nginx(folder: Path, certificate: Certificate, replicas: Mapping[str, Program]) -> Program:
    port = free_port()
    _write_nginx(folder, certificate, port, replicas)
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{each}_temp_path {folder}/nginx-{each};" for each in places)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}} "
        f"http {{ access_log off; {temporary} include {folder}/latchkey.conf; }}\n"
    )
    command = [program("nginx", "nginx"), "-e", str(folder / "nginx.log"), "-c", str(file)]
    return Program("nginx", command, folder / "nginx.out", port)


def _probe(folder: Path) -> Program | None:
    try:
        command = program("prometheus-blackbox-exporter", "prometheus-blackbox-exporter")
    except Missing:
        return None
    port = free_port()
    return Program(
        "The prober",
        [
            command,
            f"--config.file={PROMETHEUS / 'blackbox.yml'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder / "probe.log",
        port,
        {"SSL_CERT_FILE": os.environ["SSL_CERT_FILE"]},
    )


def _prometheus(
    folder: Path,
    replicas: Mapping[str, Program],
    nginx: Program,
    probe: Program | None,
    faster: int,
) -> Program:
    port, file = free_port(), folder / "prometheus.yml"
    (folder / "rules.yml").write_text(hurried((PROMETHEUS / "rules.yml").read_text(), faster))
    # Without a database an answer takes seconds, here as there.
    every = f"{max(15 // faster, 10)}s"
    configured = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    endpoint = yaml.safe_load((PROMETHEUS / "endpoint.yml").read_text())
    own = {
        "job_name": "latchkey",
        "static_configs": [
            {"targets": [f"127.0.0.1:{each.port}"], "labels": {"replica": name}}
            for name, each in replicas.items()
        ],
    }
    jobs = [own]
    if probe is not None:
        address = f"https://127.0.0.1:{nginx.port}/slack/events"
        text = yaml.safe_dump(endpoint[0])
        text = text.replace("https://latchkey.example.com/slack/events", address)
        jobs.append(yaml.safe_load(text.replace("blackbox:9115", f"127.0.0.1:{probe.port}")))
    configured["global"] = {
        "scrape_interval": every,
        "scrape_timeout": every,
        "evaluation_interval": "5s",
    }
    file.write_text(
        yaml.safe_dump({**configured, "rule_files": ["rules.yml"], "scrape_configs": jobs})
    )
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Program("Prometheus", command, folder / "prometheus.log", port)
