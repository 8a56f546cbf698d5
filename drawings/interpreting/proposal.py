"""What a drawing no standard explains would give if the proposed roles were accepted: a preview, never a result."""

from __future__ import annotations

from typing import Any

from drawings.cad.model import CadFile
from drawings.drawing import DrawingModel
from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import Survey, survey
from drawings.reading import Reading
from drawings.report import drawing_report
from drawings.standards.guess import accepted, guesses, proposed
from drawings.standards.standards import Standard

#: a drawing of more entities that a standard explains in part, and more of its layers, are not looked at once more
_MOST_BESIDE, _MOST_LAYERS = 100_000, 300
_SHOWN = ("kind", "roles", "sums", "measures", "attributes")


def proposal(
    cad: CadFile, facts: Survey, settings: Reading, base: Standard | None = None
) -> dict[str, Any] | None:
    """``layers`` (layer → role) with the ``kind, roles, sums, measures, attributes`` they would give.

    None if no layer's role is sure enough to be proposed, or it takes too long. Nothing else rests on it.

    Args:
        settings: of reading, with the time that is left.
        base: the standard that explains some of the layers; the others are proposed beside it.
    """
    found = {n: g for n, g in facts.guesses().items() if g and g[0].role != "reference"}
    layers = proposed({n: g for n, g in found.items() if base is None or base.match(n) is None})
    if not layers or not cad.readable:
        return None
    standard = accepted(layers, base)
    model = interpret(cad, standard, settings=settings)
    if not model.readable:
        return None
    report = drawing_report(model, standard=standard, settings=settings)
    return {"layers": layers, **{key: report[key] for key in _SHOWN}}


def proposal_for(
    cad: CadFile, model: DrawingModel, settings: Reading, base: Standard | None
) -> dict[str, Any] | None:
    """The proposal for a drawing that is handed in; None where its standard leaves no layer open that tells a role.

    Args:
        base: the standard the model was made with; None if none fits.
    """
    if not model.readable or cad.ifc is not None:
        return None
    open_layers = [x.name for x in model.layers if x.role is None and x.entities]
    if base is not None and (
        len(cad.entities) > _MOST_BESIDE or not any(_plans(name) for name in open_layers[:_MOST_LAYERS])
    ):
        return None
    return proposal(cad, survey(cad, settings), settings, base)


def _plans(layer: str) -> bool:
    """True if a layer's name speaks for a role that is computed with."""
    return any(g.role != "reference" for g in guesses(layer)[:1])
