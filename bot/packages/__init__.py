"""Know what is offered, under which rules, and who may have it."""
