"""Test what is in deploy/ and the Dockerfile, as the tools that will read it read it."""
