"""Follow the access that people have, as Entra shows it."""
