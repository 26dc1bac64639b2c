"""The tables of requests: states, claims, holds, forms and lists."""
