"""An evidence pack holds what was asked for, and whatever is changed in it shows, with nothing but the file."""

import csv
import io
import json
import re
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.auditing import check, pack
from bot.auditing.manifests import MANIFEST, SIGNATURE, NotGenuine
from bot.auditing.model import PackScope
from bot.auditing.signing import NoAuditKey, Signer
from bot.auditing.store import pack_rows
from bot.database.audit_log import audit, audit_pages
from bot.database.audit_log.audit_pages import AuditFilter
from bot.packages import policy_terms
from bot.requests import state_machine
from bot.requests.model import State
from bot.requests.store import made_in_entra, requests
from bot.retention.store import old_rows
from tests.bot.auditing.stories import KEY, a_quarter, granted, latchkey
from tests.bot.moments import at
from tests.bot.samples import ANN, BO, click, terms, wish

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>&\"'</table>"


@pytest.fixture
def made(log, tmp_path):
    """A pack of a granted request, and its parts to change."""
    log.run_here(granted)
    return write(log, tmp_path)


def write(log, folder, *, key=KEY, scope=None):
    scope = scope or PackScope()
    content = log.read_here(pack_rows.read, scope)
    file = folder / "evidence.zip"
    file.write_bytes(pack.write(content, scope, Signer(key.encode()), made_at=NOON, made_by="dana"))
    return file


def parts(file):
    with zipfile.ZipFile(file) as held:
        return {name: held.read(name) for name in held.namelist()}


def put(file, files):
    with zipfile.ZipFile(file, "w") as held:
        for name, content in files.items():
            held.writestr(name, content)


def lines(content):
    return [json.loads(line) for line in content.splitlines()]


def text(rows):
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


def resign(file, files, key=KEY):
    """Do what somebody with a key would do after changing a part."""
    import hashlib

    manifest = json.loads(files[MANIFEST])
    for name in pack.FILES:
        manifest["files"][name] = {
            "bytes": len(files[name]),
            "sha256": hashlib.sha256(files[name]).hexdigest(),
        }
    manifest["rows"] = len(files[pack.ROWS].splitlines())
    head = json.dumps(manifest).encode()
    signer = Signer(key.encode())
    signed = {
        "algorithm": "Ed25519",
        "public_key": signer.public_key,
        "signature": signer.sign(pack.PACK.purpose, head),
    }
    put(file, {**files, MANIFEST: head, SIGNATURE: json.dumps(signed).encode()})


def test_a_pack_holds(made, log):
    """By its signature, with an anchor, and by the chain where the key is at hand."""
    chain = log.read_here(audit.verify, KEY.encode())
    found = check.check(
        made,
        signed_by=Signer(KEY.encode()).public_key,
        anchor=(chain.position, chain.head),
        audit_key=KEY.encode(),
    )

    assert (found.rows, found.requests, found.left_out) == (chain.rows, 1, 0)
    assert found.anchored
    assert found.chained
    assert found.with_terms == (1, 1)


def test_the_same_content_makes_the_same_bytes(made, log, tmp_path):
    """Whoever makes it again can compare."""
    before = made.read_bytes()
    assert write(log, tmp_path).read_bytes() == before


def test_a_pack_says_who_approved_what_under_which_terms(made):
    """By name, for people and for programs."""
    held = parts(made)
    (request,) = lines(held[pack.REQUESTS])
    (decision,) = csv.DictReader(io.StringIO(held[pack.DECISIONS_TABLE].decode()))
    page = held[pack.PAGE].decode()

    assert request["terms"]["policy_name"] == "Everyone at Contoso"
    assert request["decisions"][0]["name"] == "Bo Berg"
    assert (decision["name"], decision["verb"], decision["holder_name"]) == (
        "Bo Berg",
        "approve",
        "Ann Abara",
    )
    assert decision["policy_name"] == "Everyone at Contoso"
    for said in ("Bo Berg approved stage 1", "Ann Abara", "Everyone at Contoso", "for 30 days"):
        assert said in page


ATTACKS = {
    "a row edited": lambda rows: [{**rows[0], "names": {"actor": "Cy"}}, *rows[1:]],
    "cut at the end": lambda rows: rows[:-1],
    "one taken out": lambda rows: [*rows[:2], *rows[3:]],
    "reordered": lambda rows: [rows[1], rows[0], *rows[2:]],
    "one twice": lambda rows: [*rows, rows[-1]],
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_changed_log_shows(made, attack):
    """Without the key nobody can sign what they have changed."""
    held = parts(made)
    put(made, {**held, pack.ROWS: text(attack(lines(held[pack.ROWS])))})

    with pytest.raises(NotGenuine, match=r"audit\.jsonl was changed"):
        check.check(made)


@pytest.mark.parametrize("name", pack.FILES)
def test_each_file_is_signed(made, name):
    """The page and the tables as well as the log."""
    held = parts(made)
    put(made, {**held, name: held[name].replace(b"Bo", b"Cy") + b" "})

    with pytest.raises(NotGenuine, match="was changed"):
        check.check(made)


def test_a_manifest_that_was_changed_shows(made):
    """It has the hashes of all else."""
    held = parts(made)
    put(made, {**held, MANIFEST: held[MANIFEST].replace(b"dana", b"eve ")})

    with pytest.raises(NotGenuine, match="signature does not fit"):
        check.check(made)


def test_a_pack_of_another_key_shows(made):
    """It holds by itself; who knows the key sees that it is another's."""
    resign(made, parts(made), key="eve's own")

    assert check.check(made).public_key != Signer(KEY.encode()).public_key
    with pytest.raises(NotGenuine, match="signed with another key"):
        check.check(made, signed_by=Signer(KEY.encode()).public_key)
    with pytest.raises(NotGenuine, match="not the one that it is signed with"):
        check.check(made, audit_key=KEY.encode())


def test_two_packs_cannot_be_spliced(log, tmp_path, made):
    """Parts of one do not fit into another, although both are signed with the same key."""
    first = parts(made)
    log.run_here(granted, number=1)
    second = parts(write(log, tmp_path))

    put(made, {**first, pack.ROWS: second[pack.ROWS]})
    with pytest.raises(NotGenuine, match="was changed"):
        check.check(made)
    put(made, {**second, SIGNATURE: first[SIGNATURE]})
    with pytest.raises(NotGenuine, match="signature does not fit"):
        check.check(made)


def test_whoever_has_the_signing_key_alone_cannot_make_rows(made):
    """With the audit key each row is computed again."""
    held = parts(made)
    rows = lines(held[pack.ROWS])
    rows[1]["row"]["verb"] = "deny-accepted"
    resign(made, {**held, pack.ROWS: text(rows)})

    check.check(made)
    with pytest.raises(NotGenuine, match="row 2 is not the one of the log"):
        check.check(made, audit_key=KEY.encode())


REBUILT = {
    "reordered": (lambda rows: [rows[1], rows[0], *rows[2:]], "not in its place"),
    "one taken out and the rest moved up": (
        lambda rows: [
            *rows[:2],
            *[
                {**each, "row": {**each["row"], "position": each["row"]["position"] - 1}}
                for each in rows[3:]
            ],
        ],
        "does not follow",
    ),
}


@pytest.mark.parametrize(("attack", "says"), REBUILT.values(), ids=REBUILT)
def test_a_signed_log_must_hang_together(made, attack, says):
    """Even without the audit key."""
    held = parts(made)
    resign(made, {**held, pack.ROWS: text(attack(lines(held[pack.ROWS])))})

    with pytest.raises(NotGenuine, match=says):
        check.check(made)


def test_an_anchor_shows_a_log_that_was_written_anew(made, log):
    """Another log under the same key does not have the hash that was noted."""
    chain = log.read_here(audit.verify, KEY.encode())

    with pytest.raises(NotGenuine, match="not the one of the anchor"):
        check.check(made, anchor=(2, "0" * 64))
    with pytest.raises(NotGenuine, match="before the anchor"):
        check.check(made, anchor=(chain.position + 1, "0" * 64))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + b"\0" * 18], ids=range(4)
)
def test_what_is_no_pack_is_said_to_be_none(tmp_path, content):
    """Not a traceback."""
    file = tmp_path / "evidence.zip"
    file.write_bytes(content)
    with pytest.raises(NotGenuine):
        check.check(file)


def test_extra_and_double_files_are_refused(made):
    """Nothing in a pack is unsigned."""
    held = parts(made)
    put(made, {**held, "readme.html": b"trust me"})
    with pytest.raises(NotGenuine, match="exactly the files"):
        check.check(made)
    put(made, held)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(made, "a") as again:
        again.writestr(pack.PAGE, b"another page")
    with pytest.raises(NotGenuine, match="exactly the files"):
        check.check(made)


def test_a_file_that_swells_is_not_read_whole(made):
    """A kilobyte of zip may be a gigabyte of zeros."""
    held = parts(made)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as swollen:
        for name, content in {**held, MANIFEST: b" " * 50_000_000}.items():
            swollen.writestr(name, content)
    with pytest.raises(NotGenuine, match="larger than it may be"):
        check.check(made)


def test_nothing_is_signed_without_a_key():
    """Anybody could sign the same."""
    with pytest.raises(NoAuditKey):
        Signer(b"")


class Elements(HTMLParser):
    """Which elements a browser makes of a page, and their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_what_somebody_outside_slack_asked_in_entra_is_not_latchkeys_own(log, tmp_path):
    """The page says where it was asked, and names nobody who did not."""
    asked = wish(
        holder=None, asked_by=audit.LATCHKEY, holder_name="Zoe Zimmer", graph_request_id="there"
    )
    log.run_here(lambda db: made_in_entra.add(db, asked, {}))
    page = parts(write(log, tmp_path))[pack.PAGE].decode()
    assert "Zoe Zimmer" in page
    assert "asked in Microsoft Entra" in page
    assert "asked by" not in page


def test_what_counted_before_a_request_began_anew_does_not_count(log, tmp_path):
    """It was about other terms; the log has it."""

    def anew(db):
        request = wish(entra_id=ANN)
        requests.add(db, request)
        pending = requests.move(db, request, State.PENDING, terms=asdict(terms()))
        assert pending is not None
        decision = click(pending)
        decisions.add(db, decision, holder="U0ANN", holder_entra_id=ANN, is_draft=False)
        assert decisions.settle(db, decision, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")
        assert state_machine.make_emergency(db, pending, "Now")

    log.run_here(anew)
    held = parts(write(log, tmp_path))
    (request,) = lines(held[pack.REQUESTS])
    assert request["decisions"] == []
    assert "Bo" not in held[pack.DECISIONS_TABLE].decode()
    assert b"approve-accepted" in held[pack.ROWS_TABLE]


@pytest.mark.parametrize(
    "begin_anew",
    [
        state_machine.decide_elsewhere,
        lambda db, request: state_machine.make_ordinary(db, request, "No"),
    ],
)
def test_terms_of_before_a_request_began_anew_are_no_terms_of_it(log, tmp_path, begin_anew):
    """It was refused before there were others, and nothing in the log differs from it."""

    def refused(db):
        request = wish(entra_id=ANN)
        requests.add(db, request)
        agreed = terms()
        hashed = policy_terms.hash_of(agreed)
        approved = requests.move(
            db, request, State.APPROVED, terms=asdict(agreed), terms_hash=hashed
        )
        assert approved is not None
        again = begin_anew(db, approved)
        assert again is not None
        assert again.terms == agreed
        assert state_machine.refuse(db, again, "It is not offered any more.")

    log.run_here(refused)
    written = write(log, tmp_path)

    (request,) = lines(parts(written)[pack.REQUESTS])
    assert request["terms"] is None
    found = check.check(written, signed_by=Signer(KEY.encode()).public_key)
    assert found.with_terms == (0, 0)


def test_two_who_decide_under_one_name_are_two(log, tmp_path):
    """Told apart by their ids in Slack."""
    log.run_here(granted)
    log.run_here(granted, number=1)
    log.run_here(
        lambda db: db.execute(
            sa.text(
                "UPDATE decision SET slack_user = 'U0TWO' WHERE id = (SELECT min(id) FROM decision)"
            )
        )
    )
    page = parts(write(log, tmp_path))[pack.PAGE].decode()
    assert "<td>Bo Berg (U0BO)</td>" in page
    assert "<td>Bo Berg (U0TWO)</td>" in page


def test_requests_that_were_deleted_are_counted(log, tmp_path):
    """Of these there are rows of the log, and nothing else."""
    log.run_here(granted)
    with at(clock.now() + timedelta(days=1)):
        log.run_here(
            old_rows.delete_requests, state=State.DELIVERED, since=NOON, before=clock.now(), limit=9
        )
    page = parts(write(log, tmp_path))[pack.PAGE].decode()
    assert "because closed requests are deleted after a time: 1." in page


def test_markup_in_names_stays_text(log, tmp_path):
    """In names, reasons and what the log says; and the page forbids scripts and all that is not its own style."""
    log.run_here(granted, name=MARKUP)
    page = parts(write(log, tmp_path))[pack.PAGE].decode()
    read = Elements()
    read.feed(page)

    assert not {tag for tag, _ in read.found} & {"script", "img", "iframe", "link", "a", "form"}
    assert not [
        name for _, attributes in read.found for name in attributes if name.startswith("on")
    ]
    (policy,) = [each["content"] for _, each in read.found if each.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "&lt;script&gt;" in page
    assert "style=" not in page


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1+1"])
def test_no_table_runs_a_name_as_a_formula(log, tmp_path, name):
    """Each of the three."""
    log.run_here(granted, name=name)
    held = parts(write(log, tmp_path))
    for table in (pack.ROWS_TABLE, pack.REQUESTS_TABLE, pack.DECISIONS_TABLE):
        cells = [cell for row in csv.reader(io.StringIO(held[table].decode())) for cell in row]
        assert f"'{name}" in cells
        assert name not in cells


def test_a_period_and_a_person_narrow_it_and_stories_stay_whole(log, tmp_path):
    """All rows about a request that is touched are in it, and nothing about others."""
    log.run_here(granted)
    later = clock.now() + timedelta(days=40)
    clock.set_offset(timedelta(days=40))
    log.run_here(granted, number=1)
    file = write(log, tmp_path, scope=PackScope(since=later - timedelta(days=1)))

    assert [each["package_id"] for each in lines(parts(file)[pack.REQUESTS])] == ["campaign-1"]
    found = check.check(file, audit_key=KEY.encode())
    assert (found.requests, found.left_out) == (1, 0)
    assert found.with_terms == (1, 1)


WHO_AND_WHAT = {
    "the package": AuditFilter(package_id="campaign-1"),
    "whose access it is": AuditFilter(entra_ids=(ANN,), package_id="campaign-1"),
    "the approver": AuditFilter(actors=("U0CY",), package_id="campaign-1"),
    "the approver whose delegate decided": AuditFilter(
        actors=("U0BO",), entra_ids=(BO,), package_id="campaign-1"
    ),
}


@pytest.mark.parametrize("wanted", WHO_AND_WHAT.values(), ids=WHO_AND_WHAT)
def test_what_was_decided_is_found_by_package_holder_and_approver(wanted, log):
    """In the console, in what is exported, and so in packs: the row of a decision says what it is about."""
    log.run_here(granted)
    for_bo = {"for_user": "U0BO", "for_entra_id": BO, "for_name": "Bo Berg"}
    request = log.run_here(lambda db: granted(db, number=1, slack_user="U0CY", **for_bo))

    shown = log.read_here(audit_pages.page, wanted, rows=100)
    exported = [row for row in log.read_here(audit.rows) if PackScope(rows=wanted).is_about(row)]
    for rows in (shown, exported):
        decided = [row for row in rows if row["verb"] == "approve-accepted"]
        assert [row["request_id"] for row in decided] == [request.id]
        assert (decided[0]["package_id"], decided[0]["subject_entra_id"]) == ("campaign-1", ANN)


def test_the_page_counts_each_request_once_and_a_removal_is_no_grant(log, tmp_path):
    """The figures above, the months and the packages say the same."""
    a_quarter(log, clock.now())
    page = parts(write(log, tmp_path))[pack.PAGE].decode()
    figures = {
        name: int(number) for number, name in re.findall(r"<li><b>(\d+)</b><span>(\w+)", page)
    }
    tables = [
        re.findall(r"<(?:th|td)[^>]*>([^<]*)</(?:th|td)>", table)
        for table in re.findall(r"<table>(.*?)</table>", page, re.DOTALL)
    ]
    for head in ("Month", "Access package"):
        (cells,) = [each for each in tables if each[0] == head]
        wide = next(n for n, each in enumerate(cells[1:], start=1) if not each.isalpha())
        counted = {
            name: sum(int(row) for row in cells[wide + place :: wide])
            for place, name in enumerate(cells[1:wide], start=1)
        }
        assert {each: counted[each] for each in ("granted", "denied", "removed")} == {
            each: figures[each] for each in ("granted", "denied", "removed")
        }
        assert sum(counted.values()) == figures["requests"]
    assert "removal: " in page
    assert "none: a removal needs none" in page


def test_the_command_line_makes_and_checks_a_pack(log, tmp_path, monkeypatch):
    """It is noted in the log who has made it, and another machine needs no settings to check it."""
    log.run_here(granted)
    file = tmp_path / "evidence.zip"
    said = latchkey("audit", "export", "--person", "Bo Berg", "--to", "2999-01-01", "--pack", file)
    assert said.exit_code == 0, said.output
    noted = log.read_here(audit.rows)[-1]
    assert (noted["actor"], noted["verb"], noted["details"]["of"]) == (
        "cli:dana",
        "export",
        "evidence pack",
    )
    assert file.stat().st_mode & 0o777 == 0o600
    public_key = latchkey("audit", "key").output.strip()
    anchor = said.output.rpartition("Anchor: ")[2].strip()
    again = latchkey("audit", "export", "--pack", file)
    assert again.exit_code == 1
    assert "never written over" in again.stderr

    for name in ("DATABASE_URL", "LATCHKEY_AUDIT_KEY"):
        monkeypatch.delenv(name)
    checked = latchkey("audit", "verify", file, "--signed-by", public_key, "--anchor", anchor)
    assert checked.exit_code == 0, checked.output
    assert "as you said" in checked.output
    assert "has the anchor's hash" in checked.output
    file.write_bytes(file.read_bytes()[:-30])
    assert latchkey("audit", "verify", file).exit_code == 1


def test_a_package_that_is_gone_goes_by_its_id(log, tmp_path):
    """What was decided about it is evidence all the same."""
    gone = "d0000000-0000-4000-8000-00000000000a"
    log.run_here(granted)
    log.run_here(lambda db: requests.add(db, wish(package_id=gone, package_name="Gone")))
    file = tmp_path / "evidence.zip"
    said = latchkey("audit", "export", "--package", gone.upper(), "--pack", file)
    assert said.exit_code == 0, said.output
    assert [each["package_name"] for each in lines(parts(file)[pack.REQUESTS])] == ["Gone"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--person", "Nobody"), "Nobody whom Latchkey knows"),
        (("--package", "nothing"), "no access package called"),
    ],
)
def test_whom_nobody_knows_is_said(log, words, says):
    """And nothing is written."""
    said = latchkey("audit", "export", *words)
    assert said.exit_code == 1
    assert says in said.stderr


def test_no_pack_is_made_without_an_audit_key(log, tmp_path, monkeypatch):
    """It would prove nothing."""
    monkeypatch.delenv("LATCHKEY_AUDIT_KEY")
    said = latchkey("audit", "export", "--pack", tmp_path / "evidence.zip")
    assert said.exit_code == 1
    assert not (tmp_path / "evidence.zip").exists()
