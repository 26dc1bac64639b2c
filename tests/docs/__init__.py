"""The documentation says what the code is."""
