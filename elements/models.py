"""Tables of the elements room (schema ``elements``), gathered for the metadata."""

from elements.register_models import RegisterLine

__all__ = ["RegisterLine"]
