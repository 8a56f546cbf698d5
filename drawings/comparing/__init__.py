"""What changed between two revisions: shapes, attributes and area lines."""
