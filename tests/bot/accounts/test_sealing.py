"""What is kept of tokens opens with the right key, for the right row and person, and unchanged; not otherwise."""

import base64

import pytest

from bot.accounts.sealing import CannotOpen, TokenKeys, open_with, seal_with

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
ROW = ("account_token", "U0ANN", "ann")


def test_what_is_sealed_opens():
    """And does not show what is in it."""
    keys = TokenKeys(NEW)
    sealed = keys.seal("a token", bound_to=ROW)
    assert keys.open(sealed, bound_to=ROW) == "a token"
    assert "token" not in sealed
    assert keys.seal("a token", bound_to=ROW) != sealed


@pytest.mark.parametrize(
    "bound_to",
    [
        ("account_token", "U0CY", "ann"),
        ("account_token", "U0ANN", "cy"),
        ("sign_in", "U0ANN", "ann"),
        ("account_token", "U0ANNann"),
        ("account_token", "U0ANN", "ann", ""),
        (),
    ],
)
def test_it_opens_for_its_row_and_person_only(bound_to):
    """Whoever moves it into another row gets nothing."""
    keys = TokenKeys(NEW)
    with pytest.raises(CannotOpen):
        keys.open(keys.seal("a token", bound_to=ROW), bound_to=bound_to)


def test_two_keys_open_during_a_rotation():
    """The new one seals."""
    sealed = TokenKeys(OLD).seal("a token", bound_to=ROW)
    both = TokenKeys(NEW, OLD)
    assert both.open(sealed, bound_to=ROW) == "a token"
    assert not both.is_newest(sealed)
    fresh = both.seal("a token", bound_to=ROW)
    assert both.is_newest(fresh)
    assert TokenKeys(NEW).open(fresh, bound_to=ROW) == "a token"
    with pytest.raises(CannotOpen):
        TokenKeys(OLD).open(fresh, bound_to=ROW)
    with pytest.raises(CannotOpen):
        TokenKeys(OTHER).open(sealed, bound_to=ROW)


def test_no_changed_letter_opens():
    """Not one of them."""
    keys = TokenKeys(NEW)
    sealed = keys.seal("a token", bound_to=ROW)
    for place, letter in enumerate(sealed):
        changed = f"{sealed[:place]}{'A' if letter != 'A' else 'B'}{sealed[place + 1 :]}"
        if _bits(changed) == _bits(sealed):
            # The last letter has bits that say nothing.
            continue
        with pytest.raises(CannotOpen):
            keys.open(changed, bound_to=ROW)


def _bits(sealed):
    version, kid, body = sealed.split(".") if sealed.count(".") == 2 else (sealed, "", "")
    return version, kid, base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


@pytest.mark.parametrize("sealed", ["", ".", "1.", "1.zz.zz", "2.0.AAAA", "1", "☃.☃.☃"])
def test_what_was_never_sealed_does_not_open(sealed):
    """Whatever it is."""
    with pytest.raises(CannotOpen):
        TokenKeys(NEW).open(sealed, bound_to=ROW)


def test_a_secret_opens_what_it_has_sealed():
    """And no other does."""
    sealed = seal_with("a state", "a flow", bound_to=ROW)
    assert open_with("a state", sealed, bound_to=ROW) == "a flow"
    for secret, row in (("another", ROW), ("a state", ("sign_in",))):
        with pytest.raises(CannotOpen):
            open_with(secret, sealed, bound_to=row)


def test_keys_are_not_shown():
    """Neither by repr nor by str."""
    shown = repr(TokenKeys(NEW, OLD))
    assert "nnnn" not in shown
    assert base64.b64encode(NEW).decode()[:8] not in shown
