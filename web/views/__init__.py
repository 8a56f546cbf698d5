"""View functions: plain dicts that a page shows and its JSON twin returns."""
