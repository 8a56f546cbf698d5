"""Colours of CAD as they are kept: ``#rrggbb``."""

from __future__ import annotations

from ezdxf.colors import aci2rgb


def of_index(index: int) -> str:
    """The colour of an index (ACI) from 1 to 255.

    Raises:
        IndexError: there is no such index.
    """
    return "#{:02x}{:02x}{:02x}".format(*aci2rgb(index))
