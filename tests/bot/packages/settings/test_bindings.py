"""What a file says of a package goes on holding when either is renamed, and holds for no other package in its place."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packages.settings.bindings import (
    EntryBinding,
    LatestBindings,
    ListedPackage,
    ProblemKind,
    Rebinding,
    accepted,
)
from bot.packages.settings.blocks import PackageBlock
from bot.packages.settings.model import BreakGlass, BreakGlassPeople, PackageSettings
from bot.packages.settings.read import parse_package_settings
from bot.packages.settings.remembered import remembered_block
from bot.packages.settings.strictest import strictest

STRICT = "{approval: fresh sign-in, quorum: 2, channel: C0STRICT}"
LAX = "{break_glass: {minutes: 60, review_within: 1d}, quorum: 1, channel: C0LAX}"
Names = Mapping[str, tuple[str, str]]


class Installation:
    """A file and a tenant, looked at one after the other as the sync does; `look` is also a restart with that file."""

    def __init__(self, text: str, names: Names) -> None:
        self.rows: tuple[EntryBinding, ...] = ()
        self.look(text, names)

    def look(self, text: str, names: Names) -> None:
        self.file = replace(
            parse_package_settings(text, name="latchkey.yml"), bindings=LatestBindings(self.rows)
        )
        self.text, self.names = text, names
        listed = [ListedPackage(id=key, name=one, catalog=two) for key, (one, two) in names.items()]
        rebound = Rebinding(said=self.file.entries, listed=listed, before=self.rows).result()
        self.rows, self.problems = rebound.bindings, rebound.problems
        self.file.bindings.know(self.rows)

    def accept(self, package_id: str) -> None:
        """Say, as an operator, that the file means the package by the names that it has now."""
        name, catalog = self.names[package_id]
        meant = accepted(
            ListedPackage(id=package_id, name=name, catalog=catalog), self.file.entries
        )
        self.rows = (*(each for each in self.rows if each.package_id != package_id), meant)
        self.look(self.text, self.names)

    def of(self, package_id: str) -> PackageSettings:
        name, catalog = self.names[package_id]
        return self.file.settings_for(name, package_id=package_id, catalog=catalog)

    def written_for(self, entry: str) -> set[str]:
        return {each.package_id for each in self.rows if entry in each.packages}

    @property
    def told(self) -> set[tuple[ProblemKind, str]]:
        return {(each.kind, each.package_id or ", ".join(each.entries)) for each in self.problems}


RENAMED, TAKEN, NOBODY = ProblemKind.RENAMED, ProblemKind.TAKEN, ProblemKind.NOBODY
AS_BEFORE = {"p": ("Ledger", "Finance")}
RENAMED_IN_ENTRA = {"p": ("Main Ledger", "Finance")}


def ledger(words: str, *, name: str = "Ledger", more: str = "") -> str:
    return f"packages:\n  {name}: {words}\n{more}"


@pytest.mark.parametrize("words", [STRICT, LAX])
def test_a_package_that_is_renamed_in_entra_keeps_all_that_was_said_of_it(words):
    """And the admins are told, until the file says the new name."""
    there = Installation(ledger(words), AS_BEFORE)
    before = there.of("p")
    assert there.told == set()

    there.names = RENAMED_IN_ENTRA
    assert there.of("p") == before, "also before the sync has seen it"
    there.look(ledger(words), RENAMED_IN_ENTRA)
    assert there.of("p") == before
    assert there.told == {(RENAMED, "p")}

    there.look(ledger(words, name="Main Ledger"), RENAMED_IN_ENTRA)
    assert there.of("p") == before
    assert there.told == set()


def test_what_was_written_beforehand_for_the_new_name_holds_once_the_old_is_removed():
    """Until then the stricter of both: it may be another package's."""
    text = ledger(STRICT, more=f"  Main Ledger: {LAX}\n")
    there = Installation(text, AS_BEFORE)
    assert there.told == {(NOBODY, "Main Ledger")}
    there.names = RENAMED_IN_ENTRA
    for _ in range(2):
        assert there.of("p").fresh_sign_in
        assert there.of("p").break_glass is None
        there.look(text, RENAMED_IN_ENTRA)
    assert there.told == {(RENAMED, "p")}
    there.look(ledger(LAX, name="Main Ledger"), RENAMED_IN_ENTRA)
    assert there.of("p").break_glass is not None
    assert not there.of("p").fresh_sign_in
    assert there.told == set()


def test_a_name_that_is_given_back_is_no_matter_any_more():
    """The admins' card says so."""
    there = Installation(ledger(STRICT), AS_BEFORE)
    there.look(ledger(STRICT), RENAMED_IN_ENTRA)
    there.look(ledger(STRICT), AS_BEFORE)
    assert there.told == set()
    assert there.of("p").fresh_sign_in


@pytest.mark.parametrize("between", [AS_BEFORE, RENAMED_IN_ENTRA])
def test_another_package_that_takes_the_old_name_gets_what_is_stricter_and_nothing_else(between):
    """Nor do they get the channel in which the others decide."""
    both = f"{STRICT[:-1]}, {LAX[1:-1].replace('quorum: 1, ', '').replace('channel: C0LAX', 'nudge_after: 2h')}}}"
    there = Installation(ledger(both), AS_BEFORE)
    there.look(ledger(both), between)
    names = {**RENAMED_IN_ENTRA, "q": ("Ledger", "Finance")}
    there.names = names
    for _ in range(2):
        other = there.of("q")
        assert (other.fresh_sign_in, other.quorum, other.break_glass) == (True, (2,), None)
        assert other.channel is None
        assert there.of("p").fresh_sign_in
        assert there.of("p").break_glass is not None
        there.look(ledger(both), names)
    assert there.told == {(RENAMED, "p"), (TAKEN, "q")}
    # A change elsewhere in the file says nothing of who is meant.
    there.look(ledger(both, more="defaults: {digest: monday 08:00}\n"), names)
    assert there.told == {(RENAMED, "p"), (TAKEN, "q")}
    # An entry of its own does.
    there.look(ledger(both, more=f"  Main Ledger: {LAX}\n"), names)
    assert there.told == set()
    assert there.of("q").break_glass is not None


def test_of_two_packages_of_one_name_the_newer_gets_what_is_stricter_until_the_file_names_it():
    """From the first look on both have it: whoever wrote the file may have meant both."""
    names = {**AS_BEFORE, "q": ("Ledger", "Sales")}
    assert Installation(ledger(LAX), names).of("q").break_glass is not None

    there = Installation(ledger(LAX), AS_BEFORE)
    there.look(ledger(LAX), names)
    assert there.told == {(TAKEN, "q")}
    assert there.of("q").break_glass is None
    assert there.of("p").break_glass is not None
    there.look(ledger(LAX, more="  Ledger (Sales): {break_glass: none}\n"), names)
    assert there.told == set()
    assert there.of("q").break_glass is None


def test_a_package_that_is_deleted_leaves_an_entry_for_nobody():
    """One that is made anew under its name gets what is stricter until an operator says that it is meant."""
    there = Installation(ledger(LAX), AS_BEFORE)
    there.look(ledger(LAX), {})
    assert there.told == {(NOBODY, "Ledger")}
    anew = {"q": ("Ledger", "Finance")}
    there.look(ledger(LAX), anew)
    assert there.told == {(TAKEN, "q")}
    assert there.of("q").break_glass is None
    there.look(ledger(LAX.replace("60", "30")), anew)
    assert there.told == {(TAKEN, "q")}, "a change of the entry may be meant for the other"
    there.accept("q")
    assert there.told == set()
    assert there.of("q").break_glass is not None


def test_a_package_that_is_not_shown_for_a_while_is_the_same_afterwards():
    """Lists of Graph's may lack something for a moment."""
    there = Installation(ledger(LAX), AS_BEFORE)
    before = there.of("p")
    there.look(ledger(LAX), {})
    there.look(ledger(LAX), AS_BEFORE)
    assert (there.told, there.of("p")) == (set(), before)


def test_an_entry_that_is_renamed_in_the_file_alone_goes_on_holding():
    """What it said before is remembered, also over a restart."""
    there = Installation(ledger(STRICT), AS_BEFORE)
    before = there.of("p")
    there.look(ledger(STRICT, name="Main Ledger"), AS_BEFORE)
    assert there.of("p") == before
    assert there.told == {(RENAMED, "p"), (NOBODY, "Main Ledger")}
    there.look(ledger(STRICT, name="Main Ledger"), RENAMED_IN_ENTRA)
    assert there.of("p") == before
    assert there.told == set()


def test_an_entry_that_is_removed_from_the_file_holds_no_longer():
    """Nothing else in it holds for nobody, so that nothing was renamed."""
    there = Installation(
        ledger(STRICT, more="  Other: {quorum: 3}\n"), {**AS_BEFORE, "o": ("Other", "Finance")}
    )
    there.look("packages:\n  Other: {quorum: 3}\n", there.names)
    assert there.told == set()
    assert not there.of("p").fresh_sign_in


CATALOG = "catalogs:\n  Finance: {approval: fresh sign-in, quorum: 2}\n"


@pytest.mark.parametrize(
    "text", [CATALOG, f"packages:\n  Ledger (Finance): {STRICT}\n", ledger(STRICT, more=CATALOG)]
)
def test_a_catalog_that_is_renamed_takes_nothing_from_its_packages(text):
    """Whether the catalog itself has settings, or a package by both names."""
    there = Installation(text, AS_BEFORE)
    before = there.of("p")
    moved = {"p": ("Ledger", "Money")}
    there.names = moved
    assert there.of("p") == before
    there.look(text, moved)
    assert there.of("p") == before
    if "(Finance)" in text or "catalogs" in text:
        assert there.told == {(RENAMED, "p")}
    there.look(text.replace("Finance", "Money"), moved)
    assert (there.told, there.of("p")) == (set(), before)


def test_a_package_that_is_moved_to_another_catalog_gets_the_stricter_of_both_until_the_file_names_it():
    """Both have settings, and neither names the package."""
    text = CATALOG + "  Sales: {quorum: 3, reason_pattern: CHG, reason_hint: Name it.}\n"
    names = {**AS_BEFORE, "o": ("Other", "Finance"), "s": ("Offers", "Sales")}
    there = Installation(text, names)
    moved = {**names, "p": ("Ledger", "Sales")}
    there.look(text, moved)
    held = there.of("p")
    assert (held.fresh_sign_in, held.quorum, held.reason is not None) == (True, (3,), True)
    assert there.told == {(RENAMED, "p")}
    assert there.of("s").fresh_sign_in is False
    there.look(text + "packages:\n  Offers: {channel: C0OFFERS}\n", moved)
    assert there.told == {(RENAMED, "p")}, "that says nothing of the one that was moved"
    there.look(text + "packages:\n  Ledger: {channel: C0LEDGER}\n", moved)
    assert there.told == set()
    assert not there.of("p").fresh_sign_in


def test_two_packages_that_swap_their_names_have_the_stricter_of_both():
    """Nobody can tell which the file means."""
    text = ledger(STRICT, more=f"  Offers: {LAX}\n")
    there = Installation(text, {"p": ("Ledger", "F"), "q": ("Offers", "F")})
    there.look(text, {"p": ("Offers", "F"), "q": ("Ledger", "F")})
    for each in "pq":
        assert there.of(each).fresh_sign_in
        assert there.of(each).break_glass is None
    assert {(RENAMED, "p"), (RENAMED, "q"), (TAKEN, "p"), (TAKEN, "q")} == there.told


def test_without_a_file_nothing_is_remembered():
    """Whoever takes the file away has decided that."""
    there = Installation(ledger(STRICT), AS_BEFORE)
    there.look("", AS_BEFORE)
    assert (there.rows, there.told) == ((), set())
    assert there.of("p") == PackageSettings()


def test_what_is_remembered_counts_for_the_questions_about_the_whole_file():
    """Whether anything asks for a fresh sign-in is asked before it is looked for."""
    there = Installation(ledger(STRICT), AS_BEFORE)
    there.look(ledger("{channel: C0OTHER}", name="Main Ledger"), AS_BEFORE)
    assert there.of("p").fresh_sign_in
    assert there.file.fresh_sign_ins()
    assert there.file.has_quorums


def test_a_word_that_an_update_does_not_know_any_more_is_left_out_alone():
    """The others of that entry hold."""
    said = {"quorum": "2", "gone": "yes", "approval": "fresh sign-in"}
    read = remembered_block(PackageBlock, said)
    assert (read.quorum, read.approval) == ((2,), "fresh sign-in")


UNRELATED = "defaults: {digest: monday 08:00}\n"


@pytest.mark.parametrize("more", ["", f"  Main Ledger: {LAX}\n"])
def test_a_change_of_other_lines_says_nothing_of_what_is_meant(more):
    """Nor does a file that lacks them for a while, such as in one deployment."""
    text = ledger(STRICT, more=more)
    there = Installation(text, AS_BEFORE)
    there.look(text, RENAMED_IN_ENTRA)
    for other in (text + UNRELATED, UNRELATED, "", text):
        there.look(other, RENAMED_IN_ENTRA)
        assert there.of("p").fresh_sign_in, other
    assert there.told == {(RENAMED, "p")}
    assert there.of("p").fresh_sign_in
    assert there.of("p").break_glass is None


def test_what_was_allowed_ends_with_its_entry_whatever_else_is_wrong_in_the_file():
    """Another entry for nobody may be the new name; what was stricter goes on, and what was laxer does not."""
    nobody = "  Nobody: {channel: C0NOBODY}\n"
    there = Installation(ledger(f"{LAX[:-1]}, approval: fresh sign-in}}", more=nobody), AS_BEFORE)
    assert there.of("p").break_glass is not None
    for look in (False, True):
        if look:
            there.look(f"packages:\n{nobody}", AS_BEFORE)
        else:
            there.file = replace(
                parse_package_settings(f"packages:\n{nobody}", name="latchkey.yml"),
                bindings=LatestBindings(there.rows),
            )
        assert there.of("p").break_glass is None
        assert there.of("p").fresh_sign_in
    assert there.told == {(RENAMED, "p"), (NOBODY, "Nobody")}
    there.accept("p")
    assert there.told == {(NOBODY, "Nobody")}
    assert not there.of("p").fresh_sign_in


def test_a_package_that_is_moved_to_a_catalog_without_settings_keeps_those_of_the_old_one():
    """Whatever else is changed in the file, until an operator says that it is meant so."""
    names = {**AS_BEFORE, "o": ("Other", "Finance")}
    there = Installation(CATALOG, names)
    moved = {**names, "p": ("Ledger", "Sales")}
    for text in (CATALOG, CATALOG + UNRELATED):
        there.look(text, moved)
        assert there.of("p").fresh_sign_in
        assert there.told == {(RENAMED, "p")}
    there.accept("p")
    assert there.told == set()
    assert not there.of("p").fresh_sign_in
    assert there.of("o").fresh_sign_in


def test_a_package_that_is_hidden_while_the_file_is_changed_is_the_same_afterwards():
    """What Graph's list lacks for a moment."""
    there = Installation(ledger(STRICT), AS_BEFORE)
    there.look(ledger(STRICT), RENAMED_IN_ENTRA)
    there.look(ledger(STRICT, more=UNRELATED), {})
    there.look(ledger(STRICT, more=UNRELATED), RENAMED_IN_ENTRA)
    assert there.of("p").fresh_sign_in
    assert there.told == {(RENAMED, "p")}


def test_a_name_whose_entry_has_entra_decide_does_not_take_another_packages_quorum_away():
    """Which Entra does not know: so Latchkey goes on deciding for it."""
    text = ledger("{decides: entra, quorum: 1}", more="defaults: {quorum: 2}\n")
    there = Installation(text, {**AS_BEFORE, "q": ("Other", "Finance")})
    there.look(text, {"p": ("Main Ledger", "Finance"), "q": ("Ledger", "Finance")})
    assert there.of("p").entra_decides
    assert (there.of("q").entra_decides, there.of("q").quorum) == (False, (2,))


quorums = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
emergencies = st.none() | st.builds(
    BreakGlass,
    lasts=st.integers(5, 90).map(lambda minutes: timedelta(minutes=minutes)),
    review_within=st.integers(1, 9).map(lambda hours: timedelta(hours=hours)),
    people=st.sampled_from(BreakGlassPeople),
    most_a_week=st.integers(1, 5),
)
settings = st.builds(
    PackageSettings,
    quorum=quorums,
    break_glass=emergencies,
    fresh_sign_in=st.booleans(),
    auth_context=st.none() | st.sampled_from(["c1", "c2"]),
)


@given(settings, settings)
def test_the_strictest_allows_nothing_that_either_forbids(one, other):
    """Whichever comes first."""
    found = strictest(one, other, entra_decides=False)
    for each in (one, other):
        assert all(found.approvals_needed(n) >= each.approvals_needed(n) for n in range(5))
        assert found.fresh_sign_in >= each.fresh_sign_in
        assert (found.auth_context is not None) >= (each.auth_context is not None)
        if found.break_glass is not None:
            assert each.break_glass is not None
            assert found.break_glass.lasts <= each.break_glass.lasts
            assert found.break_glass.review_within <= each.break_glass.review_within
            assert found.break_glass.most_a_week <= each.break_glass.most_a_week


NAMES = st.sampled_from(["Ledger", "Offers", "Main Ledger"])
CATALOGS = st.sampled_from(["Finance", "Sales"])
LISTED = st.dictionaries(st.sampled_from("pqr"), st.tuples(NAMES, CATALOGS), max_size=3)


MORE = st.sampled_from(["", UNRELATED, "catalogs: {Finance: {digest: monday 08:00}}\n"])


@given(st.lists(st.tuples(LISTED, MORE), min_size=1, max_size=6))
def test_whatever_is_renamed_while_the_entries_stay_no_package_is_approved_more_easily(looks):
    """What was written for a package stays, whatever else the file says; nobody else gets the emergency."""
    entries = ledger(STRICT, more=f"  Offers: {LAX}\n")
    there = Installation(entries + looks[0][1], looks[0][0])
    for names, more in looks[1:]:
        there.names = names
        strict, may = there.written_for("Ledger"), there.written_for("Offers")
        for _ in range(2):
            for each in names:
                settings = there.of(each)
                assert settings.fresh_sign_in or each not in strict
                assert settings.break_glass is None or not may or each in may
            there.look(entries + more, names)
        assert there.written_for("Ledger") >= strict
        assert there.written_for("Offers") >= may


def test_what_was_put_together_before_counts_no_more_when_the_bindings_change():
    """Settings are asked for with each command, and are put together once for each state of the bindings."""
    installed = Installation(f"packages:\n  Old: {STRICT}\n", {"p": ("Old", "C")})
    before = installed.of("p")
    assert installed.of("p") is before

    file = installed.file
    file.bindings.know([EntryBinding(package_id="q", packages={"Old": {"quorum": 2}})])
    assert file.settings_for("Old", package_id="p", catalog="C").channel is None
    file.bindings.know(installed.rows)
    assert file.settings_for("Old", package_id="p", catalog="C") == before
