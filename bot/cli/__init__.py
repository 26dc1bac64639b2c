"""The commands that work on the tenant, one module a subject."""
