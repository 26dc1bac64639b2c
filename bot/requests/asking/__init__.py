"""Know what somebody must know to ask: packages, policies, forms; and ask for several at once."""
