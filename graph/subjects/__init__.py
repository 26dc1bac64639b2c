"""Call Graph in v1.0's words: one module a subject, none of which knows another."""
