"""Bring a database to the schema that this version needs, with the rights of its roles, and identify its installation."""
