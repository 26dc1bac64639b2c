"""Who is asked to decide, and what becomes of their decision."""
