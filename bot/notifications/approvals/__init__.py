"""Tell whoever decides: cards, questions, delegations, nudges, and clicks that did not count."""
