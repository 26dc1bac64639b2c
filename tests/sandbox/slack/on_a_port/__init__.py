"""What only a real connection can show."""
