"""Compare what people have in Entra with what was approved, and let admins say what is right."""
