"""Connected Microsoft accounts."""
