"""From CAD entities to a drawing with roles: surveyed, placed, measured, audited."""
