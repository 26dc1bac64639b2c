"""Whatever Graph and Slack answer, only what is known to be harmless gets into the report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.rehearsal.redaction import Redactor, Unfit, checked

CANARY = "Zoë Canary <zoe@contoso.example>"
GUID = "a0000000-0000-4000-8000-0000000000aa"


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": CANARY},
        {"error": {"code": CANARY, "message": f"Nobody is called {CANARY}"}},
        {"state": CANARY, "type": CANARY, "@odata.type": CANARY},
        {CANARY: True},
        {f"extension_{'0' * 32}_{CANARY}": 1},
        [[CANARY], {"value": [{"deep": {"deeper": CANARY}}]}],
        CANARY,
        {"code": "zoe@contoso.example"},
    ],
)
def test_texts_become_their_length(body):
    """Wherever they stand, under names of words and as names, too."""
    written = json.dumps(Redactor().body(body), ensure_ascii=False)
    for part in ("Zo", "zoe", "contoso"):
        assert part not in written


def test_what_says_how_the_service_is_stays():
    """States, codes, moments, durations, numbers and truth values; the same id has the same number."""
    body = {
        "id": GUID,
        "again": GUID.upper(),
        "state": "delivered",
        "error": {"code": "ExistingOpenRequest"},
        "createdDateTime": "2026-11-29T09:22:00.1234567Z",
        "duration": "P30D",
        "count": 3,
        "isRequired": True,
        "none": None,
    }
    assert Redactor().body(body) == {
        **body,
        "id": "<id 1>",
        "again": "<id 1>",
    }


@pytest.mark.parametrize(
    "url",
    [
        f"https://graph.test/v1.0/users/{CANARY}",
        "https://graph.test/v1.0/users/zoe%40contoso.example/manager",
        f"https://graph.test/v1.0/users?$filter=displayName eq '{CANARY}'",
        "https://graph.test/v1.0/users?$filter=mail eq 'o''zoe@contoso.example'",
        "https://graph.test/v1.0/users?$search=displayName:zoe contoso",
        "https://graph.test/v1.0/groups?$filter=startswith(displayName,'zoe contoso')",
    ],
)
def test_addresses_keep_their_shape_and_nobodys_name(url):
    """Paths and filters name people."""
    written = Redactor().address(url)
    assert written.startswith("/v1.0/")
    for part in ("Zo", "zoe", "contoso"):
        assert part not in written


def test_a_filter_stays_readable():
    """What is compared with is gone, and the comparison is not."""
    written = Redactor().address(
        f"https://graph.test/v1.0/x?$filter=accessPackage/id eq '{GUID}' and state eq 'delivered'&$expand=assignment($expand=target)"
    )
    assert "accessPackage/id eq" in written
    assert "$expand=assignment($expand=target)" in written
    assert GUID not in written


@given(
    st.recursive(
        st.text(min_size=4), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
    )
)
def test_no_text_gets_through_that_is_not_a_word_under_a_name_of_words(value):
    """Of strings under names that nobody knows only moments and durations stay, which are digits and a few letters."""

    def texts(each):
        if isinstance(each, dict):
            for under in each.values():
                yield from texts(under)
        elif isinstance(each, list):
            for under in each:
                yield from texts(under)
        else:
            yield each

    for written in texts(Redactor().body({"unknown": [value]})):
        assert written.startswith("<") or all(sign in "0123456789-:.TPZDHMS+" for sign in written)


def test_a_report_with_a_secret_in_it_is_not_written():
    """The last look, in case that all else has failed; its sentence does not repeat it."""
    with pytest.raises(Unfit) as unfit:
        checked('{"said": "xoxb-canary-token"}', {"xoxb-canary-token"})
    assert "xoxb" not in str(unfit.value)
