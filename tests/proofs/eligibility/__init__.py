"""One answer about who may have what: Slack, command line and policy tests, held against the stand-in's own rules."""
