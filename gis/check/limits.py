"""Words and outcomes of limits: elevations under airport surfaces, heights above ground, protection distances. Pure.

Heights are compared in whole millimetres. What is not known (an elevation, a distance) makes it 无法判定.
"""

from __future__ import annotations

from collections.abc import Sequence

from gis.check.conditions import number
from gis.check.conflict import Intent, Overlap
from gis.check.lines import Words
from gis.layers.layer import LayerDefinition, Policy
from project_box.kernel.finding import Outcome


def _m(metres: float) -> str:
    """Metres to the millimetre that is compared, without zeros that say nothing."""
    return f"{metres:.3f}".rstrip("0").rstrip(".")


def height_words(definition: LayerDefinition, hits: Sequence[Overlap], top_m: float | None) -> Words:
    """The lowest limit of the features met (a constant, or the runway surface at the site's lowest point)."""
    assert definition.height is not None
    limits: list[tuple[float, str, str]] = []
    unknown: list[str] = []
    for hit in hits:
        own = number(hit.attributes.get(definition.height.field))
        detail = hit.detail or {}
        if detail.get("limit_m") is not None:
            limits.append(
                (detail["limit_m"], f"{hit.label} {detail['surface']}".strip(), detail["surface_en"])
            )
        elif "surface" in detail:
            continue  # below no surface of this runway
        elif own is not None:
            limits.append((own, "", ""))
        else:
            unknown.append(detail.get("missing") or "图层没有限制高程")
    datum, name = definition.height.datum, definition.name
    if unknown:
        return (
            Outcome.UNDECIDED,
            f"位于{name}区，但{'；'.join(dict.fromkeys(unknown))}，无法判定",
            f"{definition.name_en}: the layer holds no limit",
        )
    if not limits:
        return Outcome.PASS, f"不在{name}的任何限制面以下", f"Below no surface: {definition.name_en}"
    limit, surface, surface_en = min(limits)
    where = f"（{surface}，用地最不利点）" if surface else ""
    where_en = f" ({surface_en} surface at the site's lowest point)" if surface_en else ""
    if top_m is None:
        return (
            Outcome.UNDECIDED,
            f"位于{name}区，限制海拔 {_m(limit)} m({datum}){where}；建筑顶部海拔未知，无法判定。{definition.advice}",
            f"{definition.name_en}: limit {_m(limit)} m{where_en}; the top elevation of the buildings is not known. "
            f"{definition.advice_en}",
        )
    fits = round(top_m * 1000) <= round(limit * 1000)
    return (
        Outcome.PASS if fits else Outcome.FAIL,
        f"建筑顶部海拔 {_m(top_m)} m，{'未超过' if fits else '超过'}{name}限制海拔 {_m(limit)} m({datum}){where}",
        f"Top elevation {_m(top_m)} m, {'within' if fits else 'above'} the limit {_m(limit)} m{where_en}: "
        f"{definition.name_en}",
    )


def measured_words(
    definition: LayerDefinition, hits: Sequence[Overlap], words: Words, intent: Intent
) -> Words:
    """``words``, with the distances to lines and points, and the height a building may have there."""
    if definition.buffer is not None:
        words = _distances(definition, hits, words)
    if definition.building_limit is not None:
        words = _building(definition, hits, words, intent)
    return words


def _distances(definition: LayerDefinition, hits: Sequence[Overlap], words: Words) -> Words:
    outcome, zh, en = words
    known = [(h, h.detail) for h in hits if h.detail is not None and "required_m" in h.detail]
    near = [(h, d) for h, d in known if d["required_m"] is not None]
    unknown = [h for h, d in known if d["required_m"] is None]
    if near:
        hit, detail = min(near, key=lambda p: p[1]["distance_m"] - p[1]["required_m"])
        zh += f"。距{hit.label or definition.name} {_m(detail['distance_m'])} m，"
        zh += f"小于保护距离 {_m(detail['required_m'])} m（{detail['clause']}）"
        en += f" Distance {_m(detail['distance_m'])} m, required {_m(detail['required_m'])} m."
    if unknown and len(unknown) == len(hits):
        assert definition.buffer is not None
        field = definition.fields[definition.buffer.field]
        return (
            Outcome.UNDECIDED,
            f"附近有{definition.name}（{unknown[0].label}，距用地 {_m((unknown[0].detail or {})['distance_m'])} m），"
            f"但{field.name}“{unknown[0].attributes.get(definition.buffer.field) or ''}”没有对应的保护距离，无法判定",
            f"{definition.name_en} nearby, but no protection distance is known for its {field.name_en.lower()}",
        )
    if unknown and outcome is not Outcome.FAIL:
        outcome = Outcome.UNDECIDED
    return outcome, zh, en


def _building(definition: LayerDefinition, hits: Sequence[Overlap], words: Words, intent: Intent) -> Words:
    """A height limit above ground; one that is kept leaves what the policy says."""
    assert definition.building_limit is not None
    limits = [v for h in hits if (v := number(h.attributes.get(definition.building_limit))) is not None]
    if not limits or intent.building_m is None or definition.policy is Policy.HEIGHT:
        return words
    limit = min(limits)
    outcome, zh, en = words
    if round(intent.building_m * 1000) > round(limit * 1000):
        return (
            Outcome.FAIL,
            f"建筑高度 {_m(intent.building_m)} m，超过{definition.name}限高 {_m(limit)} m。{zh}",
            f"Building height {_m(intent.building_m)} m exceeds the limit {_m(limit)} m. {en}",
        )
    return (
        outcome,
        f"{zh}；建筑高度 {_m(intent.building_m)} m，未超过限高 {_m(limit)} m",
        f"{en} Building height {_m(intent.building_m)} m, limit {_m(limit)} m",
    )
