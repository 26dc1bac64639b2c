"""Every statement of the store is run once, and how each database would go about it is read."""
