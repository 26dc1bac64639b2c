"""Make what every message is made of: text, buttons, pages, tables; it knows no subject."""
