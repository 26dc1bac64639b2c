"""Packages as code: a file says what people may ask for, and the tenant is made to agree."""
