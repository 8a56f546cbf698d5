"""Named functions of the catalogue: what a formula cannot say, by subject."""
