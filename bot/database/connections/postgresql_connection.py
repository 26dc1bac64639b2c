"""A connection to PostgreSQL on which no answer is waited for for ever."""

from typing import Any

import psycopg

from bot.database.connections.postgresql_limits import QUICK


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server takes too long to answer."""

    answer_ms = QUICK.answer_ms

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        # Each statement, BEGIN and COMMIT come through here; psycopg gives no limit of its own.
        if self.answer_ms:
            kwargs.setdefault("timeout", self.answer_ms / 1000)
        try:
            return super().wait(gen, *args, **kwargs)
        except psycopg.errors._WaitTimeout:
            # What the server would say later belongs to nobody any more.
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer") from None
