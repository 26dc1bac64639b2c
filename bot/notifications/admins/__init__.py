"""Tell admins and owners what needs them: trouble, drift, emergencies, and the digest."""
