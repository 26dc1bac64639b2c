"""Connect to SQLite or PostgreSQL, run a transaction, and classify what fails."""
