"""Connect people's Microsoft accounts: their sign-ins, their tokens, and what a fresh sign-in proves."""
