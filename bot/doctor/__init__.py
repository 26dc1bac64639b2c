"""Look at everything that the bot needs, for `latchkey doctor`: one module a subject, and a table of the checks."""
