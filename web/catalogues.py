"""Every room's catalogue, loaded at start-up, so that a fault in a file is told then and not to a user."""

from __future__ import annotations

from approval.item import load_items
from drawings.standards.standards import load_standards
from elements.engine.engine import load_catalogue
from gis.layers.layer import layer_catalogue
from intermediaries.trigger_catalogue import catalogue as load_triggers
from project_box.kernel.calendar import load_calendar


def load_all() -> None:
    """Load and validate plan layers, drawing standards, elements, evaluations, items and the calendar.

    Raises:
        CatalogueError: names file, line and field of the first fault.
    """
    for load in (load_calendar, layer_catalogue, load_standards, load_catalogue, load_triggers, load_items):
        load()
