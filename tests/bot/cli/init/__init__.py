"""`latchkey init`: what it writes is what each reader takes, and no secret is shown."""
