"""Tests of how long things are kept."""
