"""The table of what breaks: how, how it is repaired, and what each thing that watches must say meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from tests.proofs.rehearsal.installation import Installation
from tests.proofs.rehearsal.programs import FAKETIME, program, ran

Act = Callable[[Installation], Awaitable[None]]
# Of 16 MB each: many times what there is room for.
MOST_FILES: Final = 500
# What people read when they ask.
SAVED: Final = r"Asked for|whether you may have"


@dataclass(frozen=True, kw_only=True)
class Break:
    """
    One thing that breaks.

    Attributes:
        does: Breaks it.
        mends: Repairs it as an operator would.
        doctor: What `latchkey doctor` finds, and on which replica's machine it runs; each other ✗ must match `follows`.
        ready: What /readyz of each replica says: the words of a problem, "ready", or "silent".
        follows: What may be said beside it, because it follows from it.
        metrics: PromQL comparisons that hold.
        fires: Alerts that fire.
        may_fire: Alerts that may.
        alarm: A reason in the alarm of the outage; None if there is none, because something works on.
        answer: What somebody reads who asks for access; None if nothing can come.
        tries: How often they may have to ask before they read it.
        lacks: Why it cannot be tried here; None if it can.
    """

    name: str
    does: Act
    mends: Act
    doctor: str | None
    doctor_at: Literal["A", "B"] = "A"
    ready: dict[str, str]
    follows: str = r"$^"
    metrics: tuple[str, ...] = ()
    fires: frozenset[str]
    may_fire: frozenset[str] = frozenset()
    alarm: str | None = None
    answer: str | None = SAVED
    tries: int = 1
    lacks: Callable[[Installation], str | None] = lambda installation: None


def both(words: str) -> dict[str, str]:
    """Both replicas say it."""
    return {"A": words, "B": words}


NOT_READY: Final = frozenset({"LatchkeyNotReady", "LatchkeyReplicaNotReady", "LatchkeyOutage"})
# What follows if it lasts.
LATE: Final = frozenset(
    {
        *(
            "LatchkeyJobFails",
            "LatchkeyMessagesOwed",
            "LatchkeyWorkIsLate",
            "LatchkeyRequestsStuck",
        ),
        *("LatchkeySyncIsOld", "LatchkeyApprovedButNotGranted"),
    }
)


NOBODY: Final = both("silent")
SOMEBODY: Final = {"A": "ready", "B": "silent"}
ERROR_OF_SLACK: Final = r"failed with the error"
TAKES_LONGER: Final = r"I need longer than usual"
NOT_SAVED: Final = r"can't save your request right now. Nothing has changed"


async def _stop_slack(here: Installation) -> None:
    await here.slack.stop()


async def _start_slack(here: Installation) -> None:
    await here.slack.start()


async def _revoke_slack(here: Installation) -> None:
    here.outside.workspace.is_token_revoked = True


async def _restore_slack(here: Installation) -> None:
    here.outside.workspace.is_token_revoked = False


async def _other_secret(here: Installation) -> None:
    here.outside.workspace.signing_secret = here.outside.workspace.signing_secret[::-1]


async def _stop_graph(here: Installation) -> None:
    await here.microsoft.stop()


async def _start_graph(here: Installation) -> None:
    await here.microsoft.start()


async def _forbid(here: Installation) -> None:
    here.outside.tenant.faults.set("forbidden")


async def _allow(here: Installation) -> None:
    here.outside.tenant.faults.clear()


async def _end_client_secret(here: Installation) -> None:
    login = here.outside.tenant.login
    login.client_secret = login.client_secret[::-1]
    # The token that is held ends, too.
    here.outside.tenant.faults.set("unauthorized")


async def _renew_client_secret(here: Installation) -> None:
    await _allow(here)
    login = here.outside.tenant.login
    login.client_secret = login.client_secret[::-1]


async def _stop_database(here: Installation) -> None:
    await here.postgresql.stop()


async def _start_database(here: Installation) -> None:
    await here.postgresql.start()


async def _kill_pooler(here: Installation) -> None:
    await here.pgbouncer.kill()


async def _start_pooler(here: Installation) -> None:
    await here.pgbouncer.start()


async def _freeze_pooler(here: Installation) -> None:
    here.pgbouncer.freeze()


async def _thaw_pooler(here: Installation) -> None:
    here.pgbouncer.thaw()


async def _fill_disk(here: Installation) -> None:
    """
    Fill the volume, and let the log of the database need its next file until it cannot have it.

    A checkpoint gives old files of the log back to it, so that a database with no room works on for a while.
    """
    owner = f"postgresql://latchkey_owner@127.0.0.1:{here.postgresql.port}/latchkey"
    next_file = "SELECT pg_logical_emit_message(false, 'rehearsal', ''), pg_switch_wal()"
    for _ in range(MOST_FILES):
        here.fill()
        switch = (program("psql", "postgresql-client"), owner, "-qc", next_file)
        code, _, _ = await ran(*switch, environment={}, folder=here.folder)
        if code:
            return
    raise RuntimeError("the database goes on although its volume is full")


async def _empty_disk(here: Installation) -> None:
    here.empty()
    await here.postgresql.start()


async def _move_clock(here: Installation) -> None:
    """Start the replica anew with a clock that can be set, and set it once it works."""
    replica = here.replicas["B"]
    await replica.stop()
    replica.environment = here.clocked("B")
    await replica.start()
    while True:
        state = await here.ready("B")
        if state is not None and state[0]:
            break
        await asyncio.sleep(1)
    here.clock.write_text("+600")


async def _set_clock(here: Installation) -> None:
    replica = here.replicas["B"]
    here.clock.write_text("+0")
    await replica.stop()
    replica.environment = {
        name: each
        for name, each in replica.environment.items()
        if not name.startswith(("LD_PRELOAD", "FAKETIME"))
    }
    await replica.start()


async def _kill_one(here: Installation) -> None:
    await here.replicas["B"].kill()


async def _kill_both(here: Installation) -> None:
    for each in here.replicas.values():
        await each.kill()


async def _start_replicas(here: Installation) -> None:
    for each in here.replicas.values():
        await each.start()


async def _freeze_one(here: Installation) -> None:
    here.replicas["B"].freeze()


async def _thaw_one(here: Installation) -> None:
    here.replicas["B"].thaw()


async def _stop_nginx(here: Installation) -> None:
    await here.nginx.stop()


async def _start_nginx(here: Installation) -> None:
    await here.nginx.start()


async def _wrong_certificate(here: Installation) -> None:
    await here.serve_with(here.untrusted)


async def _right_certificate(here: Installation) -> None:
    await here.serve_with(here.certificate)


def _without_volume(here: Installation) -> str | None:
    return None if here.is_volume else "a file system of its own cannot be mounted here"


def _without_faketime(here: Installation) -> str | None:
    return None if FAKETIME.exists() else "libfaketime is not here (Debian: libfaketime)"


def _without_probe(here: Installation) -> str | None:
    return (
        None
        if here.probe is not None
        else "the prober is not here (Debian: prometheus-blackbox-exporter)"
    )


ALL_NOT_READY: Final = ("max(latchkey_ready) == 0",)
ONE_NOT_READY: Final = ("max(latchkey_ready) == 1", 'latchkey_ready{replica="B"} == 0')
ONE_GONE: Final = ('up{replica="B"} == 0', 'up{replica="A"} == 1')
# Without a database its figures are not there, and those of the probe come from elsewhere.
NO_DATABASE: Final = (*ALL_NOT_READY, "absent(latchkey_outage)")
WITHOUT_DATABASE: Final = frozenset({"LatchkeyNotReady", "LatchkeyReplicaNotReady"})
# After four intervals the age of the last sync is said, with the same reason.
SYNC: Final = r"^job sync: last succeeded .*(Graph|login)"
SLOW: Final = LATE | {
    "LatchkeyAcksAreSlow",
    "LatchkeyEndpointDown",
    "LatchkeyDown",
    "LatchkeyOutage",
}

BREAKS: Final = (
    Break(
        name="Slack's Web API is down",
        does=_stop_slack,
        mends=_start_slack,
        doctor=r"Slack cannot be reached",
        ready=both(r"^slack: "),
        follows=r"^job roster",
        metrics=ALL_NOT_READY,
        fires=NOT_READY | {"LatchkeySlackRefuses"},
        may_fire=LATE,
        alarm=r"slack: ",
    ),
    Break(
        name="Slack refuses the token (token_revoked)",
        does=_revoke_slack,
        mends=_restore_slack,
        doctor=r"token_revoked",
        ready=both(r"^slack: .*token_revoked"),
        follows=r"^job roster",
        metrics=ALL_NOT_READY,
        fires=NOT_READY,
        may_fire=LATE,
        alarm=r"slack: .*token_revoked",
    ),
    Break(
        name="Slack signs with another secret",
        does=_other_secret,
        mends=_other_secret,
        doctor=r"refused for their signature",
        ready=both(r"^slack: requests that name this Slack app are refused"),
        metrics=(
            *ALL_NOT_READY,
            'sum(increase(latchkey_rejected_signatures_total{reason="wrong"}[1m])) > 3',
        ),
        fires=NOT_READY | {"LatchkeySignaturesRejected"},
        alarm=r"slack: requests that name this Slack app",
        answer=ERROR_OF_SLACK,
    ),
    Break(
        name="Graph and Microsoft's login are down",
        does=_stop_graph,
        mends=_start_graph,
        doctor=r"Entra gives no token.*cannot be reached",
        ready=both(r"^graph: "),
        follows=SYNC,
        metrics=ALL_NOT_READY,
        fires=NOT_READY | {"LatchkeyGraphRefuses"},
        may_fire=LATE,
        alarm=r"graph: ",
    ),
    Break(
        name="Graph answers 403 to everything",
        does=_forbid,
        mends=_allow,
        doctor=r"403|denied|[Pp]ermission|privileges",
        ready=both(r"^graph: "),
        follows=SYNC,
        metrics=ALL_NOT_READY,
        fires=NOT_READY,
        may_fire=LATE,
        # After four intervals it is the age of the sync, with what Graph says.
        alarm=r"graph: |Microsoft Graph says",
    ),
    Break(
        name="Microsoft's login refuses the client secret",
        does=_end_client_secret,
        mends=_renew_client_secret,
        doctor=r"AADSTS7000215",
        ready=both(r"^graph: .*AADSTS7000215"),
        follows=SYNC,
        metrics=ALL_NOT_READY,
        fires=NOT_READY | {"LatchkeyGraphRefuses"},
        may_fire=LATE,
        alarm=r"graph: .*AADSTS7000215",
    ),
    Break(
        name="PostgreSQL is down",
        does=_stop_database,
        mends=_start_database,
        doctor=r"database",
        ready=both(r"^database: does not answer"),
        follows=r"^job ",
        metrics=NO_DATABASE,
        fires=WITHOUT_DATABASE,
        may_fire=SLOW,
        alarm=r"database: ",
        # Whoever comes while it is not yet known waits for longer than Slack does.
        answer=rf"{NOT_SAVED}|{TAKES_LONGER}",
    ),
    Break(
        name="PgBouncer is down",
        does=_kill_pooler,
        mends=_start_pooler,
        doctor=r"database",
        ready=both(r"^database: does not answer"),
        follows=r"^job ",
        metrics=NO_DATABASE,
        fires=WITHOUT_DATABASE,
        may_fire=SLOW,
        alarm=r"database: ",
        # Whoever comes while it is not yet known waits for longer than Slack does.
        answer=rf"{NOT_SAVED}|{TAKES_LONGER}",
    ),
    Break(
        name="PgBouncer stands still",
        does=_freeze_pooler,
        mends=_thaw_pooler,
        doctor=r"database",
        ready=both(r"^database: does not answer"),
        follows=r"^job ",
        metrics=ALL_NOT_READY,
        fires=WITHOUT_DATABASE,
        may_fire=SLOW,
        alarm=r"database: ",
        # While every statement hangs, that is said first.
        answer=rf"{NOT_SAVED}|{TAKES_LONGER}",
    ),
    Break(
        name="The database's disk is full",
        does=_fill_disk,
        mends=_empty_disk,
        doctor=r"database",
        ready=both(r"^database: "),
        follows=r"^job ",
        metrics=ALL_NOT_READY,
        fires=WITHOUT_DATABASE,
        may_fire=SLOW,
        alarm=r"database: ",
        # Whoever comes while it is not yet known waits for longer than Slack does.
        answer=rf"{NOT_SAVED}|{TAKES_LONGER}",
        lacks=_without_volume,
    ),
    Break(
        name="The clock of one replica is ten minutes ahead",
        does=_move_clock,
        mends=_set_clock,
        doctor=r"clock is \d+ s ahead",
        doctor_at="B",
        ready={"A": "ready", "B": r"^clock: "},
        # What was done by the old time is ten minutes ago by the new one.
        follows=r"refused as too old or too new|^job [\w ]+: last succeeded",
        metrics=ONE_NOT_READY,
        fires=frozenset({"LatchkeyClockSkew", "LatchkeyReplicaNotReady"}),
        may_fire=frozenset({"LatchkeyJobFails"}),
        tries=20,
        lacks=_without_faketime,
    ),
    Break(
        name="One replica is killed",
        does=_kill_one,
        mends=_start_replicas,
        doctor=r"No Latchkey runs",
        doctor_at="B",
        ready=SOMEBODY,
        metrics=ONE_GONE,
        fires=frozenset({"LatchkeyDown"}),
    ),
    Break(
        name="One replica stands still",
        does=_freeze_one,
        mends=_thaw_one,
        doctor=r"does not answer",
        doctor_at="B",
        ready=SOMEBODY,
        metrics=ONE_GONE,
        fires=frozenset({"LatchkeyDown"}),
        may_fire=frozenset({"LatchkeyEndpointDown"}),
        tries=20,
    ),
    Break(
        name="Both replicas are killed",
        does=_kill_both,
        mends=_start_replicas,
        doctor=r"No Latchkey runs",
        ready=NOBODY,
        metrics=('absent(up{job="latchkey"} == 1)',),
        fires=frozenset({"LatchkeyDown", "LatchkeyNowhere"}),
        may_fire=frozenset({"LatchkeyEndpointDown"}),
        answer=ERROR_OF_SLACK,
    ),
    Break(
        name="nginx is down",
        does=_stop_nginx,
        mends=_start_nginx,
        doctor=None,
        ready=both("ready"),
        metrics=('probe_success{job="latchkey-endpoint"} == 0',),
        fires=frozenset({"LatchkeyEndpointDown"}),
        answer=ERROR_OF_SLACK,
        lacks=_without_probe,
    ),
    Break(
        name="nginx shows a certificate that nobody trusts",
        does=_wrong_certificate,
        mends=_right_certificate,
        doctor=None,
        ready=both("ready"),
        metrics=('probe_success{job="latchkey-endpoint"} == 0',),
        fires=frozenset({"LatchkeyEndpointDown"}),
        answer=ERROR_OF_SLACK,
        lacks=_without_probe,
    ),
)
