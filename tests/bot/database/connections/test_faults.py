"""Test what an error of the driver's means: that the database is not there, or that it cannot be used."""

import psycopg
import psycopg.errors
import pytest
import sqlalchemy as sa

from bot.database import Unusable
from bot.database.connections.faults import meaning


def wrapped(error):
    """The error as SQLAlchemy hands it on."""
    return sa.exc.DBAPIError.instance("SELECT 1", None, error, psycopg.Error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        # As seen while a server stopped at once, for lack of room.
        psycopg.InternalError("unexpected result status"),
    ],
)
def test_without_a_code_of_the_server_it_is_gone(error):
    """That passes: nothing is noted that waiting does not mend."""
    assert not isinstance(meaning(wrapped(error)), Unusable)


def test_with_a_code_the_code_decides():
    """An internal error that the server itself tells of is one."""
    assert isinstance(meaning(wrapped(psycopg.errors.DataCorrupted("block 3"))), Unusable)
