"""Let admins see and do everything in one modal: what waits, who has what and why, what is stuck, the audit log."""
