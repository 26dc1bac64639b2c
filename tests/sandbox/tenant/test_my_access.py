"""The stand-in for My Access: whoever is signed in asks, decides, cancels and gives back in their own name."""

import pytest

from sandbox.tenant import examples, seed
from tests.sandbox.tenant.browsing import AtTenant

PAGE = "https://graph.test/myaccess"


@pytest.fixture
def window(tenant, http):
    """A browser; the examples' packages are there."""
    tenant.seed_examples()
    return AtTenant(tenant, http).browser


async def enter(window, email):
    """Sign in to the page."""
    await window.get(PAGE)
    return await window.sign_in(email)


async def ask(window, policy, **values):
    """Send the form by which a package is asked for."""
    form = next(each for each in window.page.forms if each.fields.get("policy") == policy)
    return await window.submit(form, **values)


async def test_nobody_sees_the_page_without_a_sign_in(window):
    """What comes instead is the sign-in."""
    page = await window.get(PAGE)
    assert page.heading == "Pick an account"
    page = await enter(window, "ann@contoso.example")
    assert page.heading == "My Access"
    assert "Payroll" in page.shown


async def test_a_request_is_made_and_decided_in_peoples_own_names(window, tenant, clock):
    """As a userAdd of whoever asks, and by whom the policy names."""
    await enter(window, "ann@contoso.example")
    page = await ask(window, examples.PAYROLL_POLICY, reason="The month ends")
    assert "You have asked for it." in page.shown
    (request,) = tenant.world.requests.values()
    assert (request.request_type, request.requestor_id) == ("userAdd", seed.ANN)
    clock.shift(tenant.world.delivery)
    await window.press("Sign out")
    page = await enter(window, "bo@contoso.example")
    assert "The month ends" in page.shown
    await window.press("Approve", reason="Fine")
    assert [(each.reviewed_by, each.justification) for each in request.stages] == [
        (seed.BO, "Fine")
    ]
    clock.shift(tenant.world.delivery)
    tenant.tick()
    assert request.state == "delivered"


async def test_what_entra_refuses_is_said_on_the_page(window, tenant):
    """In Graph's words; nothing is made of it."""
    await enter(window, "ann@contoso.example")
    page = await ask(window, examples.PAYROLL_POLICY)
    assert "must give a justification" in page.shown
    assert not tenant.world.requests


async def test_questions_are_answered_on_the_page(window, tenant):
    """Questions that must be answered are, as Graph wants them."""
    await enter(window, "ann@contoso.example")
    page = await ask(window, examples.CUSTOMER_POLICY)
    assert "was not answered" in page.shown
    await ask(window, examples.CUSTOMER_POLICY, **{examples.TICKET: "OPS-1"})
    (request,) = tenant.world.requests.values()
    assert [each["value"] for each in request.answers][-1] == "OPS-1"


async def test_whoever_has_asked_cancels(window, tenant, clock):
    """And nobody else: the button's own number is not enough."""
    await enter(window, "ann@contoso.example")
    await ask(window, examples.PAYROLL_POLICY, reason="The month ends")
    clock.shift(tenant.world.delivery)
    (request,) = tenant.world.requests.values()
    await window.get(PAGE)
    form = next(each for each in window.page.forms if each.fields.get("action") == "cancel")
    await window.press("Sign out")
    await enter(window, "cy@contoso.example")
    page = await window.submit(form)
    assert "not authorized" in page.shown
    assert request.state == "pendingApproval"
    await window.press("Sign out")
    await enter(window, "ann@contoso.example")
    await window.press("Cancel request")
    assert request.state == "canceled"


async def test_access_is_given_back(window, tenant, clock):
    """By a userRemove."""
    await enter(window, "cy@contoso.example")
    await ask(window, "9b000000-0000-4000-8000-000000000001")
    clock.shift(tenant.world.delivery)
    await window.get(PAGE)
    await window.press("Remove access")
    clock.shift(tenant.world.delivery)
    tenant.tick()
    assert seed.CY not in tenant.world.groups[seed.MARKETING_RESOURCES].members
    assert [each.request_type for each in tenant.world.requests.values()] == [
        "userAdd",
        "userRemove",
    ]


async def test_a_session_of_somebody_who_is_blocked_is_over(window, tenant):
    """The page asks for a sign-in again."""
    await enter(window, "ann@contoso.example")
    tenant.disable_user(seed.ANN)
    page = await window.get(PAGE)
    assert page.heading == "Pick an account"
