"""Tests of `latchkey rehearse`."""
