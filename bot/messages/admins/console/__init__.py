"""Draw the admins' console: a modal with a tab for each list, a search field, and pages."""
