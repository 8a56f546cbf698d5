"""The tree below an evaluated element: what it was computed from, down to what was handed in."""

from __future__ import annotations

from typing import Any

from elements.engine.evaluation import Evaluation
from project_box.kernel.errors import NotFound


def explain(evaluation: Evaluation, code: str) -> dict[str, Any]:
    """One element and, under ``inputs``, what it was computed from.

    What stands in several places is unfolded at the first; elsewhere it is ``repeated`` and shows no inputs, so that
    the tree never has more branches than the elements have references.

    Raises:
        NotFound: the code was not evaluated.
    """
    if code not in evaluation.elements:
        raise NotFound(f"要素 {code} 未参与求值", f"{code} was not evaluated")
    return _node(evaluation, code, set())


def _node(evaluation: Evaluation, code: str, seen: set[str]) -> dict[str, Any]:
    found = evaluation[code]
    below = [c for c in found.inputs if c in evaluation.elements]
    repeated = code in seen and bool(below)
    seen.add(code)
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "value": found.display,
        "unit": found.unit,
        "formula": found.formula,
        "substituted": found.substituted,
        "steps": [
            {"name": s.name, "expression": s.expression, "value": s.value, "clause": s.clause}
            for s in found.intermediates
        ],
        "clause": found.clause,
        "documents": list(found.documents),
        "verified": found.verified,
        "source": found.source,
        "missing": [{"code": m.code, "name": m.name, "reason": m.reason} for m in found.missing],
        "entities": [{"file": r.file, "handle": r.handle, "layer": r.layer} for r in found.evidence],
        "outcome": found.outcome.value if found.outcome is not None else None,
        "repeated": repeated,
        "inputs": [] if repeated else [_node(evaluation, c, seen) for c in below],
    }
