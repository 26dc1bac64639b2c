"""The socket that Slack's requests come in by."""

import socket

from bot.serving import web


def test_an_answer_is_sent_at_once():
    """Nagle's algorithm would keep the second part of it back for 40 ms, on whatever is accepted."""
    with (
        web.listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
