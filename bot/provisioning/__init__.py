"""Make the tenant agree with a file that says what people may ask for: packages as code."""
