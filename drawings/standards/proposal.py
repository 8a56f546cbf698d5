"""What a drawing no standard explains would give if the proposed roles were accepted: a preview, never a result."""

from __future__ import annotations

from typing import Any

from drawings.cad.model import CadFile
from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import Survey
from drawings.reading import Reading
from drawings.report import drawing_report
from drawings.standards.guess import accepted, proposed

_SHOWN = ("kind", "roles", "sums", "measures", "attributes")


def proposal(cad: CadFile, facts: Survey, settings: Reading) -> dict[str, Any] | None:
    """``layers`` (layer → role) with the ``kind, roles, sums, measures, attributes`` they would give.

    None if no layer's role is sure enough to be proposed, or it takes too long. Nothing else rests on it.

    Args:
        settings: of reading, with the time that is left.
    """
    layers = proposed({n: g for n, g in facts.guesses().items() if g and g[0].role != "reference"})
    if not layers or not cad.readable:
        return None
    standard = accepted(layers)
    model = interpret(cad, standard, settings=settings)
    if not model.readable:
        return None
    report = drawing_report(model, standard=standard)
    return {"layers": layers, **{key: report[key] for key in _SHOWN}}
