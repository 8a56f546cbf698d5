"""Imported once by the process that helpers of a batch are forked from, so that they start with all that is needed."""

from __future__ import annotations

from gis.check.portion import load

load()
