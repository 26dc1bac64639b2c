"""Post what happens to other programs, signed: SIEM, ticket systems, and whatever else listens."""
