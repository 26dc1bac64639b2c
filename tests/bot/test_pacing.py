"""The waits: what one counts on in another is a sum, and what contradicts itself does not start."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot import app, machine
from bot.configuration.settings import Settings
from bot.errors import ConfigurationError
from bot.timing import WAITS, Waits

SECOND = timedelta(seconds=1)
CLIENT = machine.GRAPH_TIMEOUT.as_dict().values()


def test_the_settle_time_is_the_sum_of_what_it_must_outlast():
    """The POST itself, a server that acts late, lists that lag, and a margin."""
    waits = Waits(post=SECOND, late=2 * SECOND, lag=4 * SECOND, margin=8 * SECOND)

    assert waits.settle == 15 * SECOND
    assert WAITS.settle > WAITS.post + WAITS.late + WAITS.lag


def test_the_products_own_waits_fit_together():
    """With the client that is really used."""
    assert WAITS.problems(client=CLIENT) == []


@pytest.mark.parametrize(
    ("waits", "client", "said"),
    [
        (replace(WAITS, margin=-SECOND), (10,), "none of its parts may be negative"),
        (replace(WAITS, late=-SECOND), (10,), "none of its parts may be negative"),
        (WAITS, (10, 13), "waits longer for Graph than a POST may take"),
        (WAITS, (10, None), "waits longer for Graph than a POST may take"),
        (replace(WAITS, lease=WAITS.post), (10,), "may be over before the POST is"),
        (replace(WAITS, step=WAITS.lease - SECOND), (10,), "less than a lease"),
    ],
)
def test_what_contradicts_itself_is_said(waits, client, said):
    """A settle time that is too short, a client that outlasts it, a lease that no POST fits into."""
    (problem,) = waits.problems(client=client)

    assert said in problem


async def test_it_does_not_start_with_waits_that_contradict_themselves():
    """By the time-outs of the client that it would use, before anything is connected."""
    patient = machine.Machine(graph_client=lambda: httpx.AsyncClient(timeout=30))

    with pytest.raises(ConfigurationError, match="waits longer for Graph"):
        async with app.running(Settings(), machine=patient):
            raise AssertionError("it started")
