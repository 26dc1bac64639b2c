"""Somebody who is forgotten is in no table any more, and the audit log still holds."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.approvals.model import Outcome
from bot.assignments.model import AssignmentState
from bot.auditing import check, pack, personal
from bot.auditing.model import PackScope
from bot.auditing.signing import Signer
from bot.auditing.store import forgetting, pack_rows
from bot.database import homes
from bot.database.audit_log import audit, audit_guard
from bot.database.connections import engine
from bot.database.tables import audit as audit_table
from bot.database.tables import metadata
from bot.database.tables import notices as notice_table
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.notifications.store import notices
from bot.packages.model import Removal
from bot.people.model import Verb
from bot.people.store import delegations
from bot.requests.model import DecidedThere, Evidence, State
from bot.requests.store import forms, requests
from tests.bot.auditing.stories import KEY, granted, latchkey
from tests.bot.samples import ANN, BO, LEASE, delegation, held, notice, terms, wish

NAME = "Ann Abåra"
CY = "c7000000-0000-4000-8000-000000000003"
TRACES = ("U0ANN", "D0ANN", ANN, NAME, NAME.lower(), "Launch in May", "Ab\\u00e5ra")


def everything(log):
    """All rows of all tables, as text."""
    with log.engine.connect() as db:
        return "\n".join(
            f"{table.name}: {json.dumps(dict(row), default=str, ensure_ascii=False)}"
            for table in metadata.sorted_tables
            for row in db.execute(sa.select(table)).mappings()
        )


def busy(db):
    """Ann has left something nearly everywhere."""
    granted(db, name=NAME)
    homes.mark_opened(db, "U0ANN")
    forms.keep(db, "U0ANN", "campaign", "Launch in May")
    over = held(state=AssignmentState.ENDED, holder_name=NAME, ended_why=f"{NAME} has left")
    progress = {"progress": "expired", "seen_at": clock.real(), "misses": 0}
    db.execute(metadata.tables["assignment"].insert().values(**vars(over) | progress))
    to_ann = [
        notice(key=key, to="U0ANN") for key in ("reminder:assignment:U0ANN", "of another time")
    ]
    assert len(notices.claim(db, to_ann, lease=LEASE)) == 2
    notices.sent(db, [to_ann[0].key], channel="D0ANN", ts="1.2")
    contact = {"entra_id": ANN, "slack_user": "U0ANN", "looked_up_at": clock.real()}
    db.execute(metadata.tables["contact"].insert().values(**contact))
    # Of Bo's request: whose manager Ann is, that she is asked, and that she removed it before.
    about = wish(
        package_id="bo",
        holder="U0BO",
        asked_by="U0BO",
        entra_id=BO,
        state=State.DENIED,
        deciders=("U0ANN",),
        evidence=Evidence(manager=NAME),
        decided_there=(DecidedThere(stage=0, verb=Verb.DENY, entra_id=ANN, name=NAME),),
        terms=terms(removal=Removal(by="U0ANN", at="2026-01-01", why=None)),
    )
    requests.add(db, about)
    audit.record(
        db, at=clock.now(), actor="U0BO", verb="list", details={"of": "held", "about": "U0ANN"}
    )
    audit.record(db, at=clock.now(), actor="U0BO", verb="refused", why=f"{NAME} is a guest.")


def requests_of(db):
    return list(db.execute(sa.text("SELECT id FROM request")).scalars())


def forget(person="U0ANN"):
    said = latchkey("forget", person, "--yes")
    print(said.output)  # noqa: T201 (for whoever reads why it failed)
    return said


def test_nothing_of_them_is_left(log):
    """Not in ids, names, words, JSON or the log; what Bo did is still Bo's."""
    log.run_here(busy)
    assert all(trace in everything(log) for trace in ("U0ANN", ANN, NAME, "Launch in May"))
    said = forget()

    assert said.exit_code == 0, said.output
    left = everything(log)
    assert not [trace for trace in TRACES if trace in left]
    assert "Bo Berg" in left
    assert BO in left
    (request,) = (each for each in requests_of_all(log) if each.package_id != "bo")
    assert request.holder == request.entra_id == request.holder_name
    assert request.holder.startswith("forgotten-")


@pytest.fixture
def files(log):
    """The files of SQLite, `-wal` last; the bot has them open."""
    if log.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has its own")
    return [Path(f"{log.engine.url.database}{which}") for which in ("", "-wal")]


def traces_in(files):
    on_disk = b"".join(each.read_bytes() for each in files)
    return [trace for trace in TRACES if trace.encode() in on_disk]


def test_nothing_of_them_is_left_on_the_disk(log, files):
    """While the bot goes on: what was written ahead is gone, and what was deleted is overwritten."""
    log.run_here(busy)
    assert traces_in(files)
    assert forget().exit_code == 0

    assert traces_in(files) == []
    log.run_here(granted, number=1)
    assert files[1].stat().st_size > 0


def test_what_somebody_who_reads_keeps_on_the_disk_is_said(log, files, monkeypatch):
    """With what to do; it is done in the database all the same."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    log.run_here(busy)
    with closing(sqlite3.connect(files[0], isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM audit").fetchone()
        said = forget()
        other.execute("ROLLBACK")

    assert said.exit_code == 1
    assert "done in the database" in said.stderr
    assert "stop the bot" in said.stderr
    assert not [trace for trace in TRACES if trace in everything(log)]
    assert log.clear_deleted()
    assert traces_in(files) == []


def requests_of_all(log):
    ids = log.read_here(requests_of)
    return [log.read_here(requests.get, each) for each in ids]


def test_the_chain_holds_as_it_was_noted_before(log):
    """With the anchor of the day before, and the rows that come after."""
    log.run_here(busy)
    before = log.read_here(audit.verify, KEY.encode())
    assert forget().exit_code == 0
    after = log.read_here(audit.verify, KEY.encode(), anchor=(before.position, before.head))

    assert after.wrong is None
    assert after.rows == before.rows + 1
    noted = log.read_here(audit.rows)[-1]
    assert (noted["verb"], noted["actor"]) == ("forget", "cli:dana")


FORGERIES = {
    "another actor": {"actor": "U0CY"},
    "no mark": {"forgotten": None},
    "other words": {"why": "never mind"},
    "another mark": {"forgotten": {"salts": {}, "commitments": {}, "seal": "0" * 64}},
    "no mark at all": {"forgotten": {}},
}


@pytest.mark.parametrize("values", FORGERIES.values(), ids=FORGERIES)
def test_a_forgotten_row_that_is_changed_shows(log, values):
    """What stands there now is sealed with the audit key."""
    log.run_here(busy)
    assert forget().exit_code == 0
    change(log, 2, **values)

    assert log.read_here(audit.verify, KEY.encode()).wrong == "row 2 was altered"


def change(log, position, **values):
    """As the owner of the table could."""
    with log.engine.begin() as db:
        if log.engine.dialect.name == "sqlite":
            db.execute(sa.text("DROP TRIGGER audit_no_update"))
        else:
            db.execute(sa.text("SET LOCAL session_replication_role = replica"))
        db.execute(audit_table.update().where(audit_table.c.position == position).values(values))


def test_whoever_lacks_the_key_cannot_pass_off_a_change_as_forgetting(log):
    """The marks of another key are none."""
    log.run_here(busy)
    log.run_here(forgetting.forget_in_audit, b"eve's own", forgotten(), [2])

    assert log.read_here(audit.verify, KEY.encode()).wrong == "row 2 was altered"


def forgotten():
    return forgetting.Forgotten(
        ids=frozenset({"U0ANN", ANN}),
        names=frozenset({NAME}),
        pseudonym="forgotten-0",
        request_ids=frozenset(),
    )


def test_the_log_is_append_only_again_afterwards(log):
    """The triggers are off for the transaction alone."""
    log.run_here(busy)
    assert forget().exit_code == 0

    for statement in (audit_table.update().values(actor="U0CY"), audit_table.delete()):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), log.engine.begin() as db:
            db.execute(statement)


def test_a_crash_in_between_is_finished_by_doing_it_again(log):
    """The person is known until the last step."""
    log.run_here(busy)
    log.run_here(forgetting.forget_in_audit, KEY.encode(), forgotten(), [1, 2])
    assert forget().exit_code == 0

    assert not [trace for trace in TRACES if trace in everything(log)]
    assert log.read_here(audit.verify, KEY.encode()).wrong is None


def test_who_was_forgotten_may_ask_again_and_be_forgotten_again(log):
    """As somebody whom nobody knows."""
    log.run_here(busy)
    assert forget().exit_code == 0
    log.run_here(granted, name=NAME, number=7)
    assert log.read_here(audit.verify, KEY.encode()).wrong is None
    assert forget(NAME).exit_code == 0

    assert not [trace for trace in TRACES if trace in everything(log)]
    assert log.read_here(audit.verify, KEY.encode()).wrong is None
    assert len({request.holder for request in requests_of_all(log)}) == 3


def test_a_decider_can_be_forgotten_and_two_in_one_row(log):
    """Bo after Ann: each has a pseudonym of their own, and the row still holds."""
    log.run_here(busy)
    assert forget().exit_code == 0
    said = forget(BO)
    assert said.exit_code == 0, said.output

    left = everything(log)
    assert not [trace for trace in (*TRACES, "U0BO", BO, "Bo Berg", "fine by me") if trace in left]
    assert log.read_here(audit.verify, KEY.encode()).wrong is None


def test_an_account_of_before_is_named_and_forgotten_by_its_id(log):
    """Slack's is the same, and Entra's was made anew: what they had by the old one is theirs, too."""
    log.run_here(busy)
    old = "01d00000-0000-4000-8000-000000000001"
    of_before = wish(package_id="of before", entra_id=old, state=State.DENIED, holder_name=NAME)
    log.run_here(requests.add, of_before)

    said = forget()
    assert f"forget {old} as well" in said.stderr
    assert old in everything(log)
    said = forget(old)
    assert said.exit_code == 0
    assert "as well" not in said.stderr
    assert not [trace for trace in (*TRACES, old) if trace in everything(log)]


def decided_in_entra(db):
    """Bo has decided about Ann's access in Entra, and had taken it from her before; each time he said why."""
    there = DecidedThere(
        stage=0, verb=Verb.DENY, entra_id=BO, name="Bo Berg", at=clock.now(), reason="Not in May"
    )
    removal = Removal(by="U0BO", at="2026-01-01", why="She left the team")
    about = wish(
        package_id="there",
        entra_id=ANN,
        state=State.DENIED,
        decided_there=(there,),
        terms=terms(removal=removal),
    )
    requests.add(db, about)


@pytest.mark.parametrize("whom", [ANN, BO])
def test_why_somebody_decided_in_entra_is_forgotten_with_either(whom, log):
    """They are Bo's words, and about Ann; that somebody decided there stays."""
    log.run_here(busy)
    log.run_here(decided_in_entra)
    assert forget(whom).exit_code == 0

    left = everything(log)
    assert not [words for words in ("Not in May", "She left the team") if words in left]
    (request,) = (each for each in requests_of_all(log) if each.package_id == "there")
    (decided,) = request.decided_there
    assert (decided.verb, decided.reason) == (Verb.DENY, personal.FORGOTTEN)
    assert (decided.name == "Bo Berg") is (whom == ANN)


REVIEWS = {"the reviewer": BO, "the holder": ANN}


def reviewed_too_late(db):
    """Bo has said what he thinks of Ann's emergency when Cy had closed the review."""
    request = granted(db, name=NAME)
    emergencies.open_review(db, request, review_within=timedelta(hours=1))
    by_cy, by_bo = (
        ReviewFinding(
            id=f"by {who}",
            request_id=request.id,
            slack_user=who,
            finding=Finding.FINE,
            comment=comment,
            at=clock.now(),
        )
        for who, comment in (("U0CY", "I saw it"), ("U0BO", "She was alone"))
    )
    of_cy: dict[str, Any] = {"entra_id": CY, "name": "Cy Chen", "for_user": None, "for_name": None}
    assert emergencies.close(db, by_cy, request, as_admin=False, **of_cy)
    findings.add(db, by_bo)
    assert findings.settle(db, by_bo, Outcome.LATE, entra_id=BO)


@pytest.mark.parametrize("whom", REVIEWS.values(), ids=REVIEWS)
def test_the_words_of_a_review_that_did_not_count_are_forgotten_with_either(whom, log):
    """They are the reviewer's, and about the holder; that it was said, and what was found, stays."""
    log.run_here(reviewed_too_late)
    assert forget(whom).exit_code == 0

    (row,) = (row for row in log.read_here(audit.rows) if row["verb"] == "review-late")
    assert row["details"] == {"finding": "fine", "comment": personal.FORGOTTEN}
    assert log.read_here(audit.verify, KEY.encode()).wrong is None


def test_a_detail_that_nobody_has_said_anything_of_is_taken_for_words(log):
    """In rows that are theirs; in those of others it goes where it names them, wherever in it and however written."""
    log.run_here(busy)
    said = {"remark": "she asked nicely", "finding": "fine"}
    of_others = {"remark": ["as ANN ABÅRA said", "as nobody said"]}

    def write(db):
        for facts in ({"subject_entra_id": ANN, "details": said}, {"details": of_others}):
            audit.record(db, at=clock.now(), actor="U0BO", verb="remark", **facts)

    log.run_here(write)
    assert forget().exit_code == 0

    first, second = (row["details"] for row in log.read_here(audit.rows) if row["verb"] == "remark")
    assert first == {"remark": personal.FORGOTTEN, "finding": "fine"}
    assert second == {"remark": [personal.FORGOTTEN, "as nobody said"]}


def test_a_pack_after_it_has_the_pseudonym_and_checks(log, tmp_path):
    """With the key as well; the terms of the forgotten are not those that were agreed any more."""
    log.run_here(busy)
    assert forget().exit_code == 0
    content = log.read_here(pack_rows.read, PackScope())
    file = tmp_path / "evidence.zip"
    made = pack.write(
        content, PackScope(), Signer(KEY.encode()), made_at=clock.now(), made_by="dana"
    )
    file.write_bytes(made)

    assert check.check(file, audit_key=KEY.encode()).chained
    assert not [trace for trace in TRACES if trace.encode() in made]


def test_who_has_or_wants_something_cannot_be_forgotten(log):
    """It says what is in the way, and changes nothing."""
    log.run_here(busy)
    log.run_here(requests.add, wish(package_id="other", entra_id=ANN))
    log.run_here(lambda db: delegations.add(db, delegation(delegator="U0ANN", made_by="U0ANN")))
    before = everything(log)
    said = forget()

    assert said.exit_code == 1
    assert "open request: 1" in said.stderr
    assert "delegation" in said.stderr
    assert everything(log) == before


def test_what_was_owed_to_them_is_not_sent_any_more(log):
    """Nobody is there to read it."""
    log.run_here(busy)
    assert forget().exit_code == 0
    with log.engine.connect() as db:
        found = db.execute(sa.select(notice_table).order_by(notice_table.c.key)).mappings().all()

    unsent = [each["dropped_why"] for each in found if each["sent_at"] is None]
    assert unsent == ["the recipient was forgotten"]
    assert log.read_here(notices.has_stale) is False


def test_a_mistake_in_the_middle_leaves_everything_as_it_was(log):
    """The triggers, too: they come back with the transaction that fails."""
    log.run_here(busy)
    before = everything(log)

    def fail(db):
        with audit_guard.opened(db):
            db.execute(audit_table.delete())
            raise LookupError("a mistake")

    with pytest.raises(LookupError, match="a mistake"):
        log.run_here(fail)
    assert everything(log) == before
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), log.engine.begin() as db:
        db.execute(audit_table.delete())


def test_every_column_is_known_to_be_of_people_or_not():
    """Whoever adds a column of text says whose it is, in `bot.auditing.personal`; ids are found everywhere."""
    unknown = []
    for table in metadata.sorted_tables:
        if table.name in personal.NOT_OF_PEOPLE or table.name in personal.OF_ONE:
            continue
        for column in table.columns:
            is_name = isinstance(column.type, sa.String) and (column.type.length or 0) > 200
            is_free = isinstance(column.type, sa.Text) or is_name
            said = {**personal.NAMES.get(table.name, {}), **personal.WORDS.get(table.name, {})}
            place = f"{table.name}.{column.name}"
            is_said = column.name in said or place in personal.NOT_PERSONAL
            if is_free and column.computed is None and not is_said:
                unknown.append(place)
    assert unknown == []


def test_what_is_said_of_columns_is_of_columns_that_are_there():
    """No name is left behind."""
    for of in (personal.NAMES, personal.WORDS, personal.OWN_VALUES):
        for table, columns in of.items():
            for column, whose in columns.items():
                ids = whose[0] if isinstance(whose[0], tuple) else whose
                assert {column, *ids} <= set(metadata.tables[table].c.keys())
    for table, ids in personal.OF_ONE.items():
        assert set(ids) <= set(metadata.tables[table].c.keys())
    for table in personal.NOT_OF_PEOPLE - {"alembic_version"}:
        assert table in metadata.tables
    for place in personal.NOT_PERSONAL:
        table, _, column = place.partition(".")
        assert column in metadata.tables[table].c
