"""`latchkey rehearse`: try in a real tenant and workspace what docs/explanation/not-verified.md lists, and write a report without names."""
