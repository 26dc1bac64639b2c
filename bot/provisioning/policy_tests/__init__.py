"""Read the policy tests in the file, and tell whether they hold."""
