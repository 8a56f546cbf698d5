"""The element engine: definitions read from the catalogue, inputs typed, values computed and explained."""
