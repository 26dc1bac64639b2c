"""Look at the tenant and change it: what there is to give, packages as code, Microsoft's tutorial."""
