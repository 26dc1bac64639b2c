"""The tables of requests: states, claims, holds, decisions, forms, and whom each is shown to."""
