"""The page keeps other hosts and other sites out."""

import pytest

from tests.sandbox.page.conftest import HOST, Sandbox


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "[", ""]
)
async def test_another_host_name_is_refused(sandbox: Sandbox, host: str) -> None:
    """A foreign name that points at this machine (DNS rebinding) sees nothing."""
    answer = await sandbox.browser.get("/", headers={"host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:9", "[::1]:8080"])
async def test_names_of_this_machine_are_served(sandbox: Sandbox, host: str) -> None:
    """Every loopback name, at any port."""
    answer = await sandbox.browser.get("/", headers={"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": f"http://{HOST}", "sec-fetch-site": "cross-site"},
    ],
)
async def test_a_post_from_elsewhere_changes_nothing(
    sandbox: Sandbox, headers: dict[str, str]
) -> None:
    """Only the page itself may act for people."""
    answer = await sandbox.browser.post("/clock", data={"step": "7"}, headers=headers)
    assert answer.status_code == 403
    assert not sandbox.clock.offset


async def test_the_browser_may_load_from_this_page_only(sandbox: Sandbox) -> None:
    """The content security policy allows nothing from outside, and no inline script or style."""
    answer = await sandbox.browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_needs_nothing_from_outside(sandbox: Sandbox) -> None:
    """No address of another host, no inline script, no style attribute."""
    html = await sandbox.see()
    assert "https://" not in html
    assert "//cdn" not in html
    assert "style=" not in html
    assert "onclick" not in html


async def test_every_file_that_the_page_names_is_there(threaded_sandbox: Sandbox) -> None:
    """Styles, scripts and the icon are served."""
    html = await threaded_sandbox.see()
    named = [part.split('"')[0] for part in html.split('="/static/')[1:]]
    assert {"htmx.min.js", "page.js", "composer.js", "tokens.css"} <= set(named)
    for name in named:
        answer = await threaded_sandbox.browser.get(f"/static/{name}")
        assert answer.status_code == 200, name
