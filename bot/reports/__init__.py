"""Count who has what, what was decided and how fast: the figures of the digest and of `latchkey report`."""
