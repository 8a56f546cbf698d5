"""What a drawing no standard explains would give if the proposed roles were accepted: a preview, never a result."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from drawings.cad.model import CadFile
from drawings.drawing import DrawingModel
from drawings.interpreting.clues import evidence
from drawings.interpreting.divided import divided, part_name
from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import Survey, survey
from drawings.interpreting.verdict import Sorted
from drawings.issues import issue
from drawings.reading import Reading
from drawings.report import drawing_report
from drawings.standards.guess import Guess, accepted, guesses, proposed
from drawings.standards.standards import Standard
from project_box.kernel.plain import to_plain

#: a drawing of more entities that a standard explains in part, and more of its layers, are not looked at once more
_MOST_BESIDE, _MOST_LAYERS = 100_000, 300
_SHOWN = ("kind", "roles", "sums", "measures", "attributes")


@dataclass(frozen=True, slots=True)
class Applied:
    """Proposed roles as an interpretation takes them: the drawing with divided layers and a one-off standard.

    Attributes:
        layers: layer → role. rings: single rings with roles of their own.
    """

    cad: CadFile
    standard: Standard
    layers: Mapping[str, str]
    rings: tuple[Sorted, ...]


def applied(
    cad: CadFile, facts: Survey, base: Standard | None = None, given: Mapping[str, str] | None = None
) -> Applied | None:
    """The proposed roles, taken; None if there is none that is sure enough.

    Args:
        base: the standard that explains some of the layers; the others are proposed beside it.
        given: layer → role as a person gives it; goes before what is proposed.
    """
    given = given or {}
    open_layers = {n: g for n, g in _planned(facts).items() if base is None or base.match(n) is None}
    layers = {**proposed(open_layers), **given}
    few = len(cad.entities) <= evidence().most["divided"]  # every entity of a divided drawing is made anew
    rings = tuple(
        s
        for s in facts.apart
        if few and s.layer not in given and (base is None or base.match(s.layer) is None)
    )
    if not layers and not rings:
        return None
    parts = {handle: (s.layer, s.guess.role) for s in rings for handle in s.members}
    roles = {part_name(s.layer, s.guess.role): s.guess.role for s in rings}
    return Applied(divided(cad, parts), accepted({**layers, **roles}, base), layers, rings)


#: roles without which a drawing says little: a site plan has the first two, a building its floors
_SITE = frozenset({"site_boundary"})
_BUILT = frozenset({"footprint", "outline", "covered"})
_AREAS = frozenset({"area_full"})
_FRAMES = frozenset({"floor_frame"})


def decided(facts: Survey, taken: Applied, base: Standard | None = None) -> bool:
    """True if the drawing's main roles are so sure that it is read with what is proposed, and marked so.

    A standard that knows the main layers is left to explain the drawing alone; frames of floors without any area in
    them explain nothing.
    """
    known = {m.role for n, x in facts.layers.items() if base is not None and x.kinds and (m := base.match(n))}
    if _told(known - _FRAMES):
        return False
    offers = {n: g[0] for n, g in facts.guesses().items() if n in taken.layers and g}
    least = evidence().decide_from
    sure = {g.role for g in offers.values() if g.confidence >= least}
    sure |= {s.guess.role for s in taken.rings if s.guess.confidence >= least}
    return _told(sure | known) if known.isdisjoint(_FRAMES) else not sure.isdisjoint(_AREAS)


def _told(roles: AbstractSet[str]) -> bool:
    return bool((roles & _SITE and roles & _BUILT) or roles & (_AREAS | _FRAMES))


def _planned(facts: Survey) -> dict[str, tuple[Guess, ...]]:
    return {n: g for n, g in facts.guesses().items() if g and g[0].role != "reference"}


def proposal(
    cad: CadFile, facts: Survey, settings: Reading, base: Standard | None = None
) -> dict[str, Any] | None:
    """``layers`` (layer → role), ``rings`` (of layers that hold several roles) and what they would give:
    ``kind, roles, sums, measures, attributes`` they would give.

    None if no layer's role is sure enough to be proposed, or it takes too long. Nothing else rests on it.

    Args:
        settings: of reading, with the time that is left.
        base: the standard that explains some of the layers; the others are proposed beside it.
    """
    taken = applied(cad, facts, base) if cad.readable else None
    if taken is None:
        return None
    model = interpret(taken.cad, taken.standard, settings=settings)
    if not model.readable:
        return None
    report = drawing_report(model, standard=taken.standard, settings=settings)
    rings = [ring_to_plain(ring) for ring in taken.rings]
    return {"layers": taken.layers, "rings": rings, **{key: report[key] for key in _SHOWN}}


def ring_to_plain(ring: Sorted) -> dict[str, Any]:
    """JSON form of a ring's own role."""
    guess = ring.guess
    return {"handle": ring.handle, "layer": ring.layer, "role": guess.role, "confidence": guess.confidence,
            "why": guess.why, "why_en": guess.why_en}  # fmt: skip


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


def mark_proposed(report: dict[str, Any], facts: Survey, taken: Applied) -> None:
    """Say in a report which of its roles are proposed and why; no person has confirmed them."""
    offers = facts.guesses()
    for layer in report["layers"]:
        if layer["name"] in taken.layers:
            layer["proposed"] = to_plain(list(offers.get(layer["name"], ())[:3]))
    report["standard"] = None
    report["proposed_roles"] = dict(taken.layers)
    report["proposal"] = {
        "layers": dict(taken.layers),
        "rings": [ring_to_plain(ring) for ring in taken.rings],
        **{key: report[key] for key in _SHOWN},
    }
    told = issue("DXF-ROLES-PROPOSED", file=report["file"], layers=len(taken.layers), rings=len(taken.rings))
    report["issues"].insert(0, to_plain(told))
