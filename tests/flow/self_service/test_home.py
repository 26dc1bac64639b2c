"""App Home: what it shows to whom, and that it stays true without being opened again."""

from datetime import timedelta

from sandbox.tenant.seed import FINANCE_REPORTS
from tests.harness.valid import complaints
from tests.harness.world import ANN, BO, CY, DANA, MIA, buttons, eventually, labels, said

TO_DECIDE = "Waiting for your decision"


async def opened(world, *users):
    for user in users:
        await world.slack.open_home(user=user)
    for user in users:
        await eventually(lambda user=user: world.home(user), about=f"{user}'s Home")


async def shows(world, user, text):
    await eventually(lambda: text in said(world.home(user)), about=f"{user}'s Home shows {text!r}")


async def shows_no_more(world, user, text):
    await eventually(
        lambda: text not in said(world.home(user)), about=f"{user}'s Home shows {text!r} no more"
    )


async def decided(world, user, label):
    """Review what waits, in Home, and press a button of its card."""
    await world.press_home(user, "Review")
    card = await eventually(lambda: world.form(user), about="the card")
    assert "The package gives" in said(card)
    button = next(each for each in buttons(card) if each["text"]["text"] == label)
    await world.slack.click_view(
        user=user,
        view_id=card.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )


async def test_a_newcomer_sees_what_there_is_to_ask_for(world):
    """Nothing held yet: the packages on offer, each with a button."""
    await opened(world, ANN)

    shown = said(world.home(ANN))
    assert "You have no access" in shown
    assert TO_DECIDE not in shown
    assert labels(world.home(ANN)) == ["Request access", "Past requests", *4 * ["Ask for it"]]


async def test_one_asks_from_home(world):
    """The button opens the form, which says what has been asked for; Home follows."""
    await opened(world, ANN)

    await world.press_home(ANN, "Ask for it", about="Marketing Campaign")
    await world.give_reason(ANN, "the launch")

    assert "whether you may have *Marketing Campaign*" in said(world.form(ANN))
    await world.told(ANN, "You now have access")
    await shows(world, ANN, "30 days left")
    # It would bring nothing yet.
    assert labels(world.home(ANN))[:2] == ["Open", "Return"]
    await world.later(timedelta(days=2))
    await shows(world, ANN, "Extend to")


async def test_nothing_is_pending_is_said_only_where_that_is_so(world):
    """Not above a request that waits."""
    await opened(world, ANN)
    await shows(world, ANN, "You have no access through Latchkey, and nothing is pending.")

    await world.type(ANN, "/request-access finance-reports because Q4")

    await shows(world, ANN, "Your requests")
    assert "You have no access through Latchkey." in said(world.home(ANN))
    assert "nothing is pending" not in said(world.home(ANN))


async def test_what_waits_is_shown_to_those_who_decide(world):
    """The approver of the policy and the admins see it, the requester and others do not."""
    await opened(world, ANN, BO, CY, DANA)

    await world.type(ANN, "/request-access finance-reports because Q4")

    await shows(world, BO, TO_DECIDE)
    await shows(world, DANA, "Waits for others: 1")
    assert TO_DECIDE not in said(world.home(DANA))
    await shows(world, ANN, "waiting for <@U0BO> (since")
    assert TO_DECIDE not in said(world.home(ANN))
    assert TO_DECIDE not in said(world.home(CY))


async def test_what_is_decided_leaves_every_home(world):
    """One approves in Home, and it disappears from the other's."""
    await opened(world, ANN, BO, DANA)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await shows(world, BO, TO_DECIDE)
    await shows(world, DANA, "Waits for others")

    await decided(world, BO, "Approve")

    await eventually(lambda: "Your decision is saved" in said(world.form(BO)))
    await world.told(ANN, "You now have access")
    await shows_no_more(world, BO, TO_DECIDE)
    await shows_no_more(world, DANA, "Waits for others")
    await shows(world, ANN, "30 days left")


async def test_one_denies_from_home(world):
    """Deny in Home opens the same form as on the card."""
    await opened(world, BO)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await shows(world, BO, TO_DECIDE)

    await decided(world, BO, "Deny")
    await eventually(lambda: "Deny" in str(world.form(BO).title), about="the form")
    await world.give_reason(BO, "Not this quarter")

    await eventually(lambda: "Your decision is saved" in said(world.form(BO)))

    assert "Not this quarter" in said(await world.told(ANN, "was denied"))
    await shows_no_more(world, BO, TO_DECIDE)


async def test_a_manager_sees_their_step_only(world):
    """The manager decides the first stage; when it is decided, it has left their Home."""
    await opened(world, MIA)
    await world.type(ANN, "/request-access production-database because of the outage")
    await shows(world, MIA, TO_DECIDE)

    await decided(world, MIA, "Approve")

    await shows_no_more(world, MIA, TO_DECIDE)
    assert world.posts() == []


async def test_the_days_left_are_todays(world):
    """Overnight every page is drawn anew, though nobody opens it."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await opened(world, ANN)
    await shows(world, ANN, "30 days left")

    await world.later(timedelta(days=3))

    await shows(world, ANN, "27 days left")


async def test_access_that_ended_leaves_home(world):
    """What has run out is not shown, and can be asked for again."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await opened(world, ANN)

    await world.later(timedelta(days=31))

    await shows(world, ANN, "You have no access")
    assert labels(world.home(ANN)) == ["Request access", "Past requests", *3 * ["Ask for it"]]


async def test_one_extends_and_returns_from_home(world):
    """The buttons in Home do what those in /my-access do; answers come as messages."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await opened(world, ANN)
    await world.later(timedelta(days=3))
    await shows(world, ANN, "27 days left")

    await world.press_home(ANN, "Extend")
    await world.told(ANN, "now lasts until")
    await shows(world, ANN, "30 days left")

    await world.press_home(ANN, "Return")
    await world.told(ANN, "you have returned")
    await shows(world, ANN, "You have no access")


async def test_one_withdraws_from_home(world):
    """Cancel in Home closes what is still pending."""
    await opened(world, ANN)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await shows(world, ANN, "waiting for <@U0BO> (since")

    await world.press_home(ANN, "Cancel")

    await shows(world, ANN, "You have no access")
    # Home shows it; nothing is said beside it.
    assert not [each for each in world.direct(ANN) if "is canceled" in said(each)]


async def test_the_messages_tab_publishes_nothing(world):
    """Only an opened Home is drawn."""
    await world.slack.open_home(user=ANN, tab="messages")
    await opened(world, BO)

    assert world.home(ANN) is None


async def test_a_new_package_appears_in_an_open_home(world):
    """What is on offer changes in Entra, and Home follows."""
    await opened(world, ANN)
    world.tenant.world.packages[FINANCE_REPORTS].display_name = "Ledger & <Figures>"

    await world.synced()

    await shows(world, ANN, "Ledger &amp; &lt;Figures&gt;")


async def test_a_full_home_is_still_a_valid_one(world):
    """Dozens of packages and requests fit into what Slack allows, in Home and in every list."""
    packages = world.tenant.world.packages
    original = packages[FINANCE_REPORTS]
    policy = next(
        each for each in world.tenant.world.policies.values() if each.package_id == FINANCE_REPORTS
    )
    names = ["<!channel>", "*" * 200, "🗝" * 60, "A" * 256, "Finance Reports", "&amp;", "日本"]
    names += [f"Package {number:02}" for number in range(60)]
    for number, name in enumerate(names):
        made = type(original)(**{**vars(original), "id": f"d1{number:034}", "display_name": name})
        made.description = f"{name} <@U0DANA> " * 10
        packages[made.id] = made
        copied = type(policy)(**{**vars(policy), "id": f"d2{number:034}", "package_id": made.id})
        world.tenant.world.policies[copied.id] = copied
    await world.synced()

    await opened(world, ANN, BO, DANA)
    asked = await world.type(ANN, "/request-access list")
    for number in range(30):
        await world.type(ANN, f"/request-access package-{number:02} because I must")
    await eventually(lambda: len(world.cards(BO)) == 30)
    await shows(world, DANA, "Waits for others")
    await shows(world, BO, "Show all 30")
    await shows(world, ANN, "waiting for <@U0BO> (since")
    listed = await world.type(DANA, "/access-admin pending")
    mine = await world.type(ANN, "/my-access")

    assert (asked.ok, listed.ok, mine.ok) == (True, True, True)
    assert "<!channel>" not in said(asked.message)
    assert complaints(world) == []


async def test_all_of_a_long_list_is_a_press_away(world):
    """What does not fit opens in a window, whose pages turn in their place."""
    packages = world.tenant.world.packages
    original = packages[FINANCE_REPORTS]
    policy = next(
        each for each in world.tenant.world.policies.values() if each.package_id == FINANCE_REPORTS
    )
    for number in range(25):
        made = type(original)(
            **{**vars(original), "id": f"d1{number:034}", "display_name": f"Package {number:02}"}
        )
        packages[made.id] = made
        copied = type(policy)(**{**vars(policy), "id": f"d2{number:034}", "package_id": made.id})
        world.tenant.world.policies[copied.id] = copied
    await world.synced()
    await opened(world, BO)
    for number in range(25):
        await world.type(ANN, f"/request-access package-{number:02} because I must")
    await shows(world, BO, "Show all 25")

    await world.press_home(BO, "Show all 25")

    form = await eventually(lambda: world.form(BO), about="the list")
    assert "25 requests wait for your decision" in said(form)
    button = next(each for each in buttons(form) if each["text"]["text"] == "Next")
    for _ in range(2):
        before = said(world.form(BO))
        button = next(each for each in buttons(world.form(BO)) if each["text"]["text"] == "Next")
        await world.slack.click_view(
            user=BO,
            view_id=form.id,
            action_id=button["action_id"],
            block_id=button["block_id"],
            value=button["value"],
        )
        await eventually(lambda before=before: said(world.form(BO)) != before, about="a page")
    assert len(world.slack.person(BO).modals) == 1
    assert "Package 24" in said(world.form(BO))
    assert complaints(world) == []


async def test_an_admin_sees_what_ends_and_searches_from_home(world):
    """What ends within a week is there, and whoever is sought opens in the console."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await opened(world, DANA)
    await shows(world, DANA, "nothing ends within a week")
    await world.later(timedelta(days=24))
    await shows(world, DANA, "Ends within a week: 1")

    home = world.home(DANA)
    block = next(each for each in home.blocks if each["type"] == "input")
    await world.slack.click_view(
        user=DANA,
        view_id=home.id,
        action_id=block["element"]["action_id"],
        block_id=block["block_id"],
        value="Ann Abara",
    )

    await eventually(lambda: "1 assignment for Ann Abara" in said(world.form(DANA)))
    assert complaints(world) == []
