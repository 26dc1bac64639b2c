"""The tables of emergencies: each with its review, and what those who review it have said."""
