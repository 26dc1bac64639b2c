"""Archived rows are in a file that holds, and what is left in the database holds without them."""

import hashlib
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.assignments.store import assignments
from bot.auditing import archive, manifests
from bot.auditing.manifests import MANIFEST, SIGNATURE, NotGenuine
from bot.auditing.signing import Signer
from bot.auditing.store import archiving
from bot.database.audit_log import audit, audit_checkpoints
from bot.database.tables import audit as audit_table
from bot.database.tables import audit_checkpoints as checkpoint_table
from bot.database.tables import dead_events
from bot.database.tables import webhooks as webhook_table
from bot.drift.store import approved
from bot.webhooks.store import feeds
from tests.bot.auditing.stories import KEY, granted, latchkey
from tests.bot.auditing.test_pack import parts, put
from tests.bot.samples import ANN, BO, held

OLD = timedelta(days=400)
HOUR = timedelta(hours=1)


@pytest.fixture
def years(log):
    """A story of last year, and one of today; rows 1 to 5 and 6 to 10."""
    clock.set_offset(-OLD)
    log.run_here(granted)
    clock.set_offset(timedelta(0))
    log.run_here(granted, number=1)
    return log


def old_rows(log):
    """Return how many rows the story of last year has."""
    return sum(1 for row in log.read_here(audit.rows) if row["at"] < clock.now() - HOUR)


def archived(file, *more, before=None):
    moment = before or clock.now() - timedelta(days=30)
    words = ("--before", moment.isoformat(), "--yes", *more)
    return latchkey("audit", "archive", file, *words)


def test_old_rows_go_into_a_file_that_holds_and_the_rest_still_verifies(years, tmp_path):
    """With the anchor of before, by the chain, and from the file into the database."""
    file = tmp_path / "2025.zip"
    number = old_rows(years)
    before = years.read_here(audit.verify, KEY.encode())
    said = archived(file)

    assert said.exit_code == 0, said.output
    assert file.stat().st_mode & 0o777 == 0o600
    held = archive.check(file, audit_key=KEY.encode())
    start = years.read_here(audit_checkpoints.last)
    after = years.read_here(audit.verify, KEY.encode(), anchor=(before.position, before.head))
    assert (held.rows, held.before, held.chained) == (number, (0, "0" * 64), True)
    assert held.last == (start.position, start.hash)
    assert start.archive == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (after.wrong, after.archived) == (None, number)
    assert after.rows == before.rows - number + 1
    assert years.read_here(audit.rows)[-1]["verb"] == "archive"
    shown = latchkey("audit", "verify")
    assert shown.exit_code == 0
    assert start.archive in shown.output
    public_key = latchkey("audit", "key").output.strip()
    checked = latchkey("audit", "verify", file, "--signed-by", public_key)
    assert checked.exit_code == 0, checked.output
    assert f"from 1 to {number}" in checked.output


def by_operator(db, verb, *, entra_id=ANN, package_id="campaign", **details):
    """Write what the command line writes once Entra has taken it."""
    ids = {"subject_entra_id": entra_id, "package_id": package_id}
    audit.record(
        db, at=clock.now(), actor="cli:dana", verb=verb, after="submitted", details=details, **ids
    )


def test_what_an_operator_gave_is_known_as_long_as_it_is_there(log, tmp_path):
    """Drift asks the log for it: archived twice, it is still no access that was given past Latchkey."""
    clock.set_offset(-OLD)
    given_at = clock.now()
    log.run_here(lambda db: assignments.save_live(db, held()))
    starts_at = given_at + HOUR * 48
    log.run_here(by_operator, "cli-grant", starts_at=starts_at.isoformat())
    log.run_here(by_operator, "cli-extend")
    log.run_here(by_operator, "cli-grant", entra_id=BO)
    clock.set_offset(timedelta(0))
    before = log.read_here(approved.by_operators, [ANN])
    for name in ("1.zip", "2.zip"):
        said = archived(tmp_path / name, before=clock.now() + HOUR)
        assert said.exit_code == 0, said.output

    after = log.read_here(approved.by_operators, [ANN])
    assert [(each.is_grant, each.starts_at) for each in after] == [
        (True, starts_at),
        (False, None),
    ]
    assert after == before
    assert all(abs(each.at - given_at) < HOUR for each in after)
    # Of what is over nothing is kept.
    assert log.read_here(approved.by_operators, [BO]) == []
    assert log.read_here(audit.verify, KEY.encode()).wrong is None


def test_one_archive_continues_the_one_before(years, tmp_path):
    """Each begins with the hash with which the last one ended."""
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    assert archived(first).exit_code == 0
    assert archived(second, before=clock.now() + HOUR).exit_code == 0

    assert archive.check(second, audit_key=KEY.encode()).before == archive.check(first).last
    assert years.read_here(audit.verify, KEY.encode()).wrong is None
    assert years.read_here(audit.key_fits, KEY.encode())
    # And it goes on.
    years.run_here(granted, number=2)
    assert years.read_here(audit.verify, KEY.encode()).wrong is None


def test_a_crash_between_two_turns_leaves_a_log_that_holds(years, tmp_path):
    """The chain begins behind what is gone; what is left is archived the next time."""
    years.run_here(archiving.delete, KEY.encode(), last=2, archive="0" * 64)
    assert years.read_here(audit.verify, KEY.encode()).wrong is None
    file = tmp_path / "rest.zip"
    assert archived(file).exit_code == 0
    assert archive.check(file, audit_key=KEY.encode()).before[0] == 2
    assert years.read_here(audit.verify, KEY.encode()).wrong is None


def test_the_log_is_append_only_again_afterwards(years, tmp_path):
    """The triggers are off while rows are archived, and no longer."""
    assert archived(tmp_path / "a.zip").exit_code == 0
    for statement in (audit_table.update().values(actor="U0CY"), audit_table.delete()):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), years.engine.begin() as db:
            db.execute(statement)


def feed(log, **values):
    log.run_here(feeds.begin, ("siem",))
    with log.engine.begin() as db:
        db.execute(webhook_table.update().where(webhook_table.c.id == "siem").values(values))


def test_what_a_webhook_has_not_been_told_of_stays(years, tmp_path):
    """Even if it is gone, and whether the settings name it or not; the command says so."""
    feed(years, position=2, disabled_at=clock.real())
    said = archived(tmp_path / "a.zip")

    assert said.exit_code == 0, said.output
    assert "siem has been told up to row 2" in said.stderr
    assert years.read_here(audit_checkpoints.last).position == 2
    assert years.read_here(audit.rows)[0]["position"] == 3
    again = archived(tmp_path / "b.zip")
    assert again.exit_code == 1
    assert "nothing to archive" in again.stderr


def test_a_replay_that_is_not_done_keeps_its_rows(years, tmp_path):
    """Whoever asked for it waits for them."""
    feed(years, position=years.read_here(feeds.head_position))
    years.run_here(lambda db: feeds.replay(db, feed_id="again", endpoint="siem", first=2, last=4))
    assert archived(tmp_path / "a.zip").exit_code == 0
    assert years.read_here(audit_checkpoints.last).position == 1


def test_a_replay_that_begins_meanwhile_stops_the_deleting(years):
    """It is looked at once more behind the lock, in the transaction that deletes."""
    found = years.read_here(archiving.cut, before=clock.now() - timedelta(days=30))
    assert found.rows == old_rows(years)
    feed(years, position=1)

    with pytest.raises(archiving.NotTold):
        years.run_here(archiving.delete, KEY.encode(), last=found.last, archive="0" * 64)
    assert years.read_here(audit.verify, KEY.encode()).archived == 0


def test_archived_rows_cannot_be_replayed(years, tmp_path, monkeypatch):
    """It is said, instead of telling a part of it."""
    monkeypatch.setenv("LATCHKEY_WEBHOOKS", "siem=https://siem.contoso.com/hook")
    monkeypatch.setenv("LATCHKEY_WEBHOOK_SECRETS", "siem=whsec_" + "QUJD" * 11)
    assert archived(tmp_path / "a.zip").exit_code == 0
    said = latchkey("webhooks", "replay", "siem", "--from", "1")
    assert said.exit_code == 1
    assert "are archived" in said.output


def test_what_a_webhook_would_not_take_is_let_go_with_its_row(years, tmp_path):
    """It could not be told any more, and nobody could make the alarm end."""
    number = old_rows(years)
    feed(years, position=number + 1)
    for position in (2, number + 1):
        dead = {"endpoint": "siem", "position": position, "at": clock.now(), "error": "HTTP 422"}
        years.run_here(lambda db, dead=dead: db.execute(dead_events.insert().values(dead)))
    said = archived(tmp_path / "a.zip")
    assert said.exit_code == 0, said.output
    assert "1 events that a webhook refused are among the rows" in said.stderr
    assert [each.position for each in years.read_here(feeds.dead, ("siem",))] == [number + 1]


def test_a_webhook_that_is_named_no_more_can_be_left_out(years, tmp_path, monkeypatch):
    """By its name; not one that the settings still name."""
    feed(years, position=0)
    monkeypatch.setenv("LATCHKEY_WEBHOOKS", "siem=https://siem.contoso.com/hook")
    monkeypatch.setenv("LATCHKEY_WEBHOOK_SECRETS", "siem=whsec_" + "QUJD" * 11)
    refused = archived(tmp_path / "a.zip", "--without-webhook", "siem")
    assert refused.exit_code == 1
    assert "webhooks skip siem" in refused.stderr

    monkeypatch.delenv("LATCHKEY_WEBHOOKS")
    monkeypatch.delenv("LATCHKEY_WEBHOOK_SECRETS")
    number = old_rows(years)
    said = archived(tmp_path / "a.zip", "--without-webhook", "siem")
    assert said.exit_code == 0, said.output
    assert years.read_here(audit_checkpoints.last).position == number
    assert years.read_here(feeds.find, "siem") is None
    assert years.read_here(audit.rows)[-1]["details"]["without"] == ["siem"]


def test_rows_out_of_order_in_time_are_kept_from_the_first_young_one_on(log, tmp_path):
    """A clock that was set back leaves no gap."""
    log.run_here(granted)
    clock.set_offset(-OLD)
    log.run_here(granted, number=1)
    clock.set_offset(timedelta(0))
    said = archived(tmp_path / "a.zip")
    assert said.exit_code == 1
    assert "nothing to archive" in said.stderr


def test_a_log_that_does_not_hold_is_not_archived(years, tmp_path):
    """That would hide it."""
    with years.engine.begin() as db:
        if years.engine.dialect.name == "sqlite":
            db.execute(sa.text("DROP TRIGGER audit_no_update"))
        else:
            db.execute(sa.text("SET LOCAL session_replication_role = replica"))
        db.execute(audit_table.update().where(audit_table.c.position == 1).values(actor="U0CY"))
    file = tmp_path / "a.zip"
    said = archived(file)
    assert said.exit_code == 1
    assert "row 1 was altered" in said.stderr
    assert not file.exists()


def test_an_archive_is_never_written_over_a_file(years, tmp_path):
    """Nor without a key."""
    file = tmp_path / "a.zip"
    file.write_text("mine")
    said = archived(file)
    assert said.exit_code == 1
    assert file.read_text() == "mine"


def test_nothing_is_archived_without_an_audit_key(years, tmp_path, monkeypatch):
    """Anybody could make the checkpoint."""
    monkeypatch.delenv("LATCHKEY_AUDIT_KEY")
    assert archived(tmp_path / "a.zip").exit_code == 1
    assert years.read_here(audit_checkpoints.last).position == 0


def test_whoever_says_no_has_changed_nothing(years, tmp_path):
    """Neither in the database nor on the disk."""
    from click.testing import CliRunner

    from bot.__main__ import main

    file = tmp_path / "a.zip"
    words = ["audit", "archive", str(file), "--before", "2999-01-01"]
    said = CliRunner().invoke(main, words, input="n\n")
    assert said.exit_code == 1
    assert not file.exists()
    assert years.read_here(audit_checkpoints.last).position == 0


def test_the_story_of_an_archived_request_is_told_as_far_as_it_is_there(years, tmp_path):
    """It is no error that its rows are in a file."""
    request_id = years.read_here(audit.rows)[0]["request_id"]
    assert archived(tmp_path / "a.zip").exit_code == 0
    said = latchkey("trace", request_id)
    assert said.exit_code == 0, said.output


def test_a_checkpoint_that_was_made_up_shows(years, tmp_path):
    """Whoever deletes rows by hand cannot say that they are archived: the checkpoint is sealed with the audit key."""
    assert archived(tmp_path / "a.zip").exit_code == 0
    for values in ({"position": 3}, {"hash": "1" * 64}, {"archive": "1" * 64}):
        with years.engine.connect() as db:
            db.execute(checkpoint_table.update().values(values))
            found = audit.verify(db, KEY.encode())
            db.rollback()
        assert found.wrong is not None
        assert "was not made with this key" in found.wrong


def test_rows_deleted_behind_the_checkpoint_show(years, tmp_path):
    """The chain begins exactly there."""
    number = old_rows(years)
    assert archived(tmp_path / "a.zip").exit_code == 0
    with years.engine.connect() as db:
        if years.engine.dialect.name == "sqlite":
            db.execute(sa.text("DROP TRIGGER audit_no_delete"))
        else:
            db.execute(sa.text("SET LOCAL session_replication_role = replica"))
        db.execute(audit_table.delete().where(audit_table.c.position == number + 1))
        found = audit.verify(db, KEY.encode())
        db.rollback()
    assert found.wrong == f"row {number + 1} is missing"


@pytest.fixture
def made(years, tmp_path):
    file = tmp_path / "a.zip"
    assert archived(file).exit_code == 0
    return file


ATTACKS = {
    "edited": lambda lines: [lines[0].replace(b"U0ANN", b"U0EVE"), *lines[1:]],
    "cut": lambda lines: lines[:-1],
    "one taken out": lambda lines: [lines[0], *lines[2:]],
    "reordered": lambda lines: [lines[1], lines[0], *lines[2:]],
    "one twice": lambda lines: [*lines, lines[-1]],
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_changed_archive_shows(made, attack):
    """Without the key nobody can sign what they have changed."""
    held = parts(made)
    changed = b"\n".join(attack(held[archive.ROWS].splitlines())) + b"\n"
    assert changed != held[archive.ROWS]
    put(made, {**held, archive.ROWS: changed})
    with pytest.raises(NotGenuine):
        archive.check(made)


def test_an_archive_of_another_key_shows(years, tmp_path):
    """Also one of which somebody has rows, and signs them with a key of their own."""
    file = tmp_path / "eve.zip"
    rows = years.read_here(lambda db: [dict(row) for row in audit.in_order(db)])
    rows[0]["actor"] = "U0EVE"
    for name, key in (("eve", "eve's own"), ("stolen", KEY)):
        with (tmp_path / name).open("wb") as to:
            archive.write(
                to,
                rows,
                Signer(key.encode()),
                before=(0, "0" * 64),
                made_at=clock.now(),
                made_by="eve",
            )
    file = tmp_path / "eve"
    assert archive.check(file).public_key != Signer(KEY.encode()).public_key
    with pytest.raises(NotGenuine, match="signed with another key"):
        archive.check(file, signed_by=Signer(KEY.encode()).public_key)
    # Whoever has the signing key alone still cannot make rows.
    with pytest.raises(NotGenuine, match="row 1 is not the one of the log"):
        archive.check(tmp_path / "stolen", audit_key=KEY.encode())


def test_a_pack_is_no_archive_and_two_are_not_spliced(made, tmp_path, years):
    """A signature of one kind is none of the other, and parts do not fit into another file."""
    second = tmp_path / "b.zip"
    assert archived(second, before=clock.now() + HOUR).exit_code == 0
    first, other = parts(made), parts(second)
    for mixed in (
        {**first, archive.ROWS: other[archive.ROWS]},
        {**first, SIGNATURE: other[SIGNATURE]},
        {**first, MANIFEST: first[MANIFEST].replace(b"archive", b"packing")},
    ):
        put(made, mixed)
        with pytest.raises(NotGenuine):
            archive.check(made)


def test_an_anchor_of_an_archived_row_says_nothing_against_the_log(years, tmp_path):
    """The rest of it holds, and the archive is where to look."""
    archived(tmp_path / "2025.zip")
    said = latchkey("audit", "verify", "--anchor", f"2:{'0' * 64}")
    assert said.exit_code == 1
    assert "rows hold" in said.stdout
    assert "does not hold" not in said.output
    assert "Row 2 of the anchor is among those" in said.stderr


def test_an_anchor_is_looked_for_in_the_archive(made):
    """One that was noted when its rows were in the database."""
    held = archive.check(made)
    assert archive.check(made, anchor=held.last).anchored
    assert not archive.check(made, anchor=(held.last[0] + 5, "0" * 64)).anchored
    with pytest.raises(NotGenuine, match="not the one of the anchor"):
        archive.check(made, anchor=(held.last[0], "0" * 64))


def test_a_line_without_an_end_is_not_read_whole(made):
    """A kilobyte of zip may be a gigabyte of blanks."""
    held = parts(made)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as swollen:
        for name, content in {**held, archive.ROWS: b" " * 3_000_000}.items():
            swollen.writestr(name, content)
    with pytest.raises(NotGenuine, match="longer than any row"):
        archive.check(made)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_neither_is_said_to_be_neither(tmp_path, content):
    """Not a traceback."""
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(NotGenuine):
        manifests.format_of(file)
    assert latchkey("audit", "verify", file).exit_code == 1


def test_without_a_date_the_setting_says_what_is_archived(years, tmp_path, monkeypatch):
    """For a timer: with nothing to do it is content, and without the setting it says what to do."""
    file = tmp_path / "a.zip"
    said = latchkey("audit", "archive", file, "--yes")
    assert said.exit_code == 2
    assert "LATCHKEY_KEEP_AUDIT_DAYS" in said.stderr

    monkeypatch.setenv("LATCHKEY_KEEP_AUDIT_DAYS", "365")
    number = old_rows(years)
    assert latchkey("audit", "archive", file, "--yes").exit_code == 0
    assert archive.check(file, audit_key=KEY.encode()).rows == number
    again = latchkey("audit", "archive", tmp_path / "b.zip", "--yes")
    assert (again.exit_code, again.stderr.strip()) == (0, "There is nothing to archive.")
    assert not (tmp_path / "b.zip").exists()
