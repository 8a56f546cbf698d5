"""OGC API - Features: collections, their filters and their SQL."""
