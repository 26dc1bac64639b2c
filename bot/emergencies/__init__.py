"""Give access at once in an emergency, and have somebody else review it afterwards."""
