"""The tables of sign-ins that have been begun, and of connected Microsoft accounts with their sealed tokens."""
