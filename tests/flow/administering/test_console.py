"""The admins' console: one modal for what waits, who has what, and what is stuck; checked anew at every page."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.harness.valid import complaints
from tests.harness.world import ANN, BO, CY, DANA, buttons, eventually, said


async def opened(world, user=DANA):
    """The console, as somebody has opened it."""
    await world.type(user, "/access-admin")
    return await eventually(lambda: world.form(user), about="the console")


async def pressed(world, label, *, about=None, user=DANA):
    """Press a button in the modal on top."""
    form = world.form(user)
    button = next(
        each
        for each in buttons(form)
        if each["text"]["text"] == label
        and (about is None or about in each.get("accessibility_label", ""))
    )
    return await world.slack.click_view(
        user=user,
        view_id=form.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )


async def shows(world, text, *, user=DANA):
    await eventually(lambda: text in said(world.form(user)), about=f"{user} sees {text!r}")


async def sought(world, text, *, user=DANA):
    """Type into the search field, and press Search."""
    form = world.form(user)
    block = next(each for each in form.blocks if each["type"] == "input")
    values = {block["block_id"]: {block["element"]["action_id"]: text}}
    return await world.slack.submit(user=user, view_id=form.id, values=values)


async def delivered(world, user=ANN):
    await world.type(user, "/request-access marketing-campaign")
    await world.told(user, "You now have access")


async def test_the_command_alone_opens_the_console(world):
    """What waits is first: who, for what, since when, and for whom it waits."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)

    await opened(world)

    await shows(world, "1 request waits for a decision")
    assert "asks for *Finance Reports*" in said(world.form(DANA))
    assert f"waiting for <@{BO}> (since" in said(world.form(DANA))
    assert complaints(world) == []


async def test_the_whole_card_is_reviewed_and_approved_there(world):
    """Review lays the card over the console; what it says is what an approver reads."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await opened(world)
    await shows(world, "1 request waits")

    await pressed(world, "Review")

    await shows(world, "The package gives")
    assert "Q4" in said(world.form(DANA))
    await pressed(world, "Approve")
    await world.told(ANN, "You now have access")
    assert complaints(world) == []


async def test_who_has_what_is_found_by_person_and_by_package(world):
    """The search field takes either; what was found is said."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")

    await sought(world, "Marketing Campaign")
    await shows(world, "1 assignment of *Marketing Campaign*")

    await sought(world, "Ann Abara")
    await shows(world, "1 assignment for Ann Abara")
    assert complaints(world) == []


async def test_the_beginning_of_a_name_finds_whoever_holds_nothing(world):
    """Whom we know by a request of theirs; of a name that nobody bears, that is said, too."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await opened(world)
    await shows(world, "1 request waits")
    await pressed(world, "Leaver")
    await shows(world, "Choose who has left")
    await sought(world, "ann")
    await shows(world, "Nobody is called “ann”. Is it one of these people?")
    await pressed(world, "Show", about="Ann Abara")
    await shows(world, "*Remove all* cancels these requests, too.")

    await sought(world, "zzz")
    await shows(world, "I know nobody and no access package called “zzz”. People are found by")


@pytest.mark.parametrize("typed", ["pending @cy", "stuck finance-reports"])
async def test_a_list_that_cannot_be_narrowed_says_so(world, typed):
    """Whoever reads it takes it for what they have asked for otherwise."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)

    narrowed = (await world.type(DANA, f"/access-admin {typed}")).message
    whole = (await world.type(DANA, f"/access-admin {typed.split()[0]}")).message

    assert "of everybody and every package" in said(narrowed)
    assert "of everybody" not in said(whole)
    assert said(narrowed).endswith(said(whole).split("\n", 1)[1])


async def test_drift_is_called_by_name(world):
    """Like the other tabs that have no list in a message."""
    await world.type(DANA, "/access-admin drift")
    await eventually(lambda: world.form(DANA), about="the console")

    await shows(world, "• Drift")


@pytest.mark.parametrize("typed", ["berg", "Bo B", "BERG"])
async def test_a_surname_finds_somebody_whom_nobody_here_knows(world, typed):
    """Entra knows them; whoever has nothing is told apart from whoever is not found."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")
    await sought(world, typed)
    await shows(world, f"Nobody is called “{typed}”. Is it one of these people?")
    await pressed(world, "Show", about="Bo Berg")

    await shows(world, "does not have anything.")


async def test_a_surname_is_answered_where_the_command_was_typed(world):
    """The same people, each with a button that shows what they have."""
    await delivered(world)

    await world.type(DANA, "/access-admin assignments abara")
    await world.whispered(DANA, "C0GENERAL", "Is it one of these people")
    asked = world.slack.channel("C0GENERAL").seen_by(DANA)[-1]
    await world.press(DANA, asked, "Show", about="Ann Abara")

    await world.whispered(DANA, "C0GENERAL", "1 assignment for Ann Abara")


async def test_an_empty_list_says_of_whom_it_is(world):
    """Ann has something: that nobody has would be false."""
    await delivered(world)
    await world.type(DANA, "/access-admin assignments berg")
    await world.whispered(DANA, "C0GENERAL", "Is it one of these people")
    asked = world.slack.channel("C0GENERAL").seen_by(DANA)[-1]

    await world.press(DANA, asked, "Show", about="Bo Berg")

    await world.whispered(DANA, "C0GENERAL", "Bo Berg does not have anything")
    assert not any("Nobody has" in each for each in world.whispers(DANA, "C0GENERAL"))


async def test_a_list_that_has_become_empty_says_of_whom_it_is(world):
    """Ann's only access is gone; Cy has some, and so not nobody."""
    await delivered(world, ANN)
    await delivered(world, CY)
    shown = (await world.type(DANA, "/access-admin assignments @ann")).message
    assert "1 assignment for" in said(shown)
    held = next(
        each
        for each in world.tenant.world.assignments.values()
        if each.target_id == seed.ANN and each.package_id == seed.MARKETING_CAMPAIGN
    )
    world.tenant.remove_assignment(held.id)
    await world.later(timedelta(hours=1))
    await world.later(timedelta(hours=1))

    await world.press(DANA, shown, "Remove")
    form = await eventually(lambda: world.form(DANA) or "does not have anything" in said(shown))
    if form is not True:
        await world.give_reason(DANA, "She left")

    await eventually(lambda: "does not have anything" in said(shown), about=said(shown))
    assert "Nobody has" not in said(shown)


async def test_the_list_of_a_package_that_is_gone_is_not_called_everybodys(world):
    """Cy has something else: that nobody has anything would be false."""
    await delivered(world, ANN)
    world.tenant.assign(seed.FINANCE_REPORTS, seed.CY, end=None)
    shown = (await world.type(DANA, "/access-admin assignments marketing-campaign")).message
    assert "1 assignment of" in said(shown)
    world.tenant.delete_package(seed.MARKETING_CAMPAIGN)
    await world.later(timedelta(hours=1))
    await world.later(timedelta(hours=1))

    await world.press(DANA, shown, "Remove")
    form = await eventually(lambda: world.form(DANA) or "Nobody has" in said(shown))
    if form is not True:
        await world.give_reason(DANA, "It is gone")

    await eventually(lambda: "Nobody has *a package that is not" in said(shown), about=said(shown))


async def test_who_is_meant_is_not_guessed_while_entra_does_not_answer(world):
    """That nobody is called so is not said then."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")
    world.tenant.faults.set("unavailable", count=100, only="/users")

    await sought(world, "ann")
    await shows(world, "I cannot tell just now")


async def test_what_is_not_found_leads_on(world):
    """A slip is answered with what is near, each a press away."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")

    await sought(world, "marketing-campain")
    await shows(world, "Did you mean one of these?")
    await pressed(world, "Show", about="Marketing Campaign")

    await shows(world, "1 assignment of *Marketing Campaign*")


async def test_somebody_who_is_no_admin_sees_nothing(world):
    """They are told so, and no window opens."""
    await world.type(CY, "/access-admin")

    await world.whispered(CY, "C0GENERAL", "Only Latchkey's admins")
    assert world.form(CY) is None


async def test_who_is_no_admin_any_more_turns_no_page(world):
    """The right is read at each page, and not when the console was opened."""
    await delivered(world)
    await opened(world)
    world.bot.services.guard._permissions.roster.members = frozenset()

    await pressed(world, "Assignments")

    await eventually(lambda: "Only Latchkey's admins" in said(world.form(DANA)))
    assert "Ann" not in said(world.form(DANA))


async def with_reason(world, reason, *, values=None, user=DANA):
    """Fill the form on top, and send it."""
    form = await eventually(lambda: world.form(user), about="a form")
    given = {"reason": {"reason": reason}, **(values or {})}
    return await world.slack.submit(user=user, view_id=form.id, values=given)


async def of_one_person(world, name):
    """The console's tab of one person, with what they have."""
    await opened(world)
    await pressed(world, "Leaver")
    await shows(world, "Choose who has left")
    await sought(world, name)
    await shows(world, f"for {name}")


async def two_packages(world):
    await delivered(world)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access", times=2)


async def test_everything_of_a_leaver_is_removed_with_one_confirmation(world):
    """What is shown is removed, each by a request of its own, and the holder reads why each time."""
    await two_packages(world)
    await of_one_person(world, "Ann Abara")

    await pressed(world, "Remove all …")
    await shows(world, "Everything that Ann Abara has: 2 to be removed.")
    assert "Marketing Campaign" in said(world.form(DANA))
    assert "Finance Reports" in said(world.form(DANA))
    assert world.posts("adminRemove") == []
    await with_reason(world, "Ann has left.")

    await shows(world, "2 accesses are being removed")
    await world.told(ANN, "Ann has left.", times=2)
    assert (await world.states()).count("remove delivered") == 2
    deeds = await world.deeds()
    assert (DANA, "remove-several", "Ann has left.") in deeds
    assert [why for _, verb, why in deeds if verb == "ask-remove"] == 2 * ["Ann has left."]
    assert complaints(world) == []


async def test_what_has_changed_since_it_was_shown_is_shown_anew(world):
    """Nothing is removed that was not to be seen."""
    await delivered(world)
    await of_one_person(world, "Ann Abara")
    await pressed(world, "Remove all …")
    await shows(world, "1 to be removed")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access", times=2)

    await with_reason(world, "Ann has left.")

    await shows(world, "That has changed meanwhile. Nothing was removed")
    await shows(world, "2 to be removed")
    assert world.posts("adminRemove") == []
    await with_reason(world, "Ann has left.")
    await world.told(ANN, "Ann has left.", times=2)


async def test_some_of_a_page_are_removed(world):
    """What is checked goes, and the rest stays."""
    await delivered(world, ANN)
    await delivered(world, CY)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "2 assignments.")

    await pressed(world, "Remove several …")
    await shows(world, "Which of these are to be removed?")
    form = world.form(DANA)
    options = form.blocks[0]["element"]["options"]
    of_cy = next(each["value"] for each in options if each["text"]["text"].startswith("Cy"))
    await with_reason(world, "Cy has moved.", values={"chosen": {"chosen": [of_cy]}})

    await shows(world, "1 access is being removed")
    await world.told(CY, "Cy has moved.")
    assert len(world.posts("adminRemove")) == 1


async def test_one_row_is_removed_in_the_console(world):
    """The form closes, and the row below it says that it is being removed."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")

    await pressed(world, "Remove")
    await shows(world, "loses it within minutes")
    await with_reason(world, "Over.")

    await shows(world, "Removing <@U0ANN>'s access to *Marketing Campaign*.")
    await world.told(ANN, "Over.")
    assert complaints(world) == []


async def test_nobody_removes_all_of_everything(world):
    """Without a person or a package there is no such button."""
    await delivered(world)
    await opened(world)
    await pressed(world, "Assignments")
    await shows(world, "1 assignment.")

    assert "Remove all …" not in [each["text"]["text"] for each in buttons(world.form(DANA))]


def files_for(world, user):
    """The files that the bot has sent to somebody."""
    return [file for message in world.direct(user) for file in message.files]


async def test_why_somebody_has_what_they_have(world):
    """Each row says who asked, when and why, and who approved it."""
    await two_packages(world)
    await opened(world)
    await pressed(world, "People")
    await shows(world, "Choose a person")

    await sought(world, "Ann Abara")

    await shows(world, "2 assignments for Ann Abara")
    shown = said(world.form(DANA))
    assert "“Q4”" in shown
    assert f"Approved by <@{BO}>" in shown
    assert "Nobody had to approve it." in shown
    assert complaints(world) == []


async def test_the_audit_log_is_read_and_narrowed_to_a_person(world):
    """The newest first; what they did, and what was about them."""
    await delivered(world, ANN)
    await delivered(world, CY)
    await opened(world)
    await pressed(world, "Audit log")
    await shows(world, "The audit log, the newest first.")
    assert f"<@{CY}> · *ask-add*" in said(world.form(DANA))

    await sought(world, "Ann Abara")

    await shows(world, "The audit log of Ann Abara")
    shown = said(world.form(DANA))
    assert f"<@{ANN}> · *ask-add*" in shown
    assert f"<@{CY}>" not in shown
    assert "submitted → delivered" in shown
    assert complaints(world) == []


async def test_the_audit_log_is_exported_to_whoever_asks(world):
    """As CSV that no spreadsheet runs, in a direct message, written down and limited."""
    await world.type(ANN, "/request-access finance-reports because =1+1")
    await world.card(BO)
    await opened(world)
    await pressed(world, "Audit log")
    await shows(world, "The audit log")

    await pressed(world, "Export as CSV")

    (file,) = await eventually(lambda: files_for(world, DANA), about="the file")
    assert file.name.endswith(".csv")
    written = file.content.decode()
    assert "'=1+1" in written
    assert written.count("\r\n") > 3
    assert (DANA, "export", "") in await world.deeds()
    await pressed(world, "Export as JSON Lines")
    await eventually(lambda: len(files_for(world, DANA)) == 2, about="another file")
    assert '"why": "=1+1"' in files_for(world, DANA)[1].content.decode()
    for _ in range(4):
        await pressed(world, "Export as CSV")
    await eventually(lambda: len(files_for(world, DANA)) == 6, about="six files")
    await pressed(world, "Export as CSV")
    await shows(world, "You have exported 6 files in this hour")
    assert len(files_for(world, DANA)) == 6
    assert complaints(world) == []


async def test_who_is_no_admin_any_more_gets_no_file(world):
    """Who they are is read afresh, whatever was read lately."""
    await opened(world)
    await pressed(world, "Audit log")
    await shows(world, "The audit log")
    world.slack.usergroups["S0IAM"].users = [BO]

    await pressed(world, "Export as CSV")

    await shows(world, "Only Latchkey's admins")
    assert files_for(world, DANA) == []


async def test_the_tabs_have_commands(world):
    """Whom it is about may be typed behind them; whoever is mentioned is known by their account."""
    await delivered(world)

    await world.type(DANA, "/access-admin people @ann")
    await shows(world, f"1 assignment for <@{ANN}>")
    assert "Nobody had to approve it." in said(world.form(DANA))

    await world.type(DANA, "/access-admin audit marketing-campaign")
    await shows(world, "The audit log of Marketing Campaign")

    await world.type(DANA, "/access-admin leaver")
    await shows(world, "Choose who has left")
    assert complaints(world) == []
