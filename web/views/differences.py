"""差异图斑 between plans with the editor's decisions, as page, API and files show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shapely.geometry import shape
from sqlalchemy.orm import Session

from gis import service
from gis.differences import decision_service, difference_service
from gis.differences.decision import Verdict
from gis.differences.decision_service import Page
from gis.differences.difference_service import Asked, Pair
from gis.differences.differences import Relation
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.identity import Actor
from web.views.gis import lonlat
from web.views.plans import SHOWN, drawn, framed

#: rows of a page of the list
ROWS = 200
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Query:
    """What a page or a call asks for, as it stands in the address."""

    a: str = ""
    b: str = ""
    relation: str = ""
    class_a: str = ""
    class_b: str = ""
    verdict: str = ""
    kind: str = ""
    page: int = 1

    def asked(self) -> Asked:
        """The comparison.

        Raises:
            BadInput: no such relation.
        """
        return Asked(self.a, self.b, relation_of(self.relation), self.class_a.strip(), self.class_b.strip())

    def what(self) -> dict[str, str]:
        """The comparison as parameters of an address."""
        return {
            "a": self.a,
            "b": self.b,
            "relation": self.relation or Relation.OVERLAP.value,
            "class_a": self.class_a,
            "class_b": self.class_b,
        }

    def address(self, **changed: str | int) -> str:
        """The page's address, some of it changed."""
        words = self.what() | {"verdict": self.verdict, "kind": self.kind, "page": str(self.page)}
        words |= {k: str(v) for k, v in changed.items()}
        return "/map/differences?" + urlencode(
            {k: v for k, v in words.items() if v and (k, v) != ("page", "1")}
        )


def comparisons_view() -> list[dict[str, Any]]:
    """The comparisons offered by name."""
    return [c.model_dump(mode="json") for c in decision_service.comparisons().values()]


def preset_query(code: str) -> Query | None:
    """A comparison offered by name."""
    named = decision_service.comparisons().get(code)
    if named is None:
        return None
    return Query(named.a, named.b, named.relation.value, named.classes_a or "", named.classes_b or "")


def differences_view(session: Session, actor: Actor, query: Query, *, preset: str = "") -> dict[str, Any]:
    """The differences page: what may be compared and, once chosen and computed, the list with its decisions."""
    named = preset_query(preset)
    query = named or query
    layers = [x for x in service.list_layers(session) if x["version"]]
    view: dict[str, Any] = {
        "presets": [
            p | {"ready": {p["a"], p["b"]} <= {x["code"] for x in layers}} for p in comparisons_view()
        ],
        "preset": preset if named else "",
        "layers": layers,
        "asked": query.what(),
        "ask": query,
        "relations": [{"code": r.value, "name": r.zh, "name_en": r.en} for r in Relation],
        "verdicts": [{"code": v.value, "name": v.zh, "name_en": v.en} for v in Verdict],
        "may_decide": decision_service.may_decide(actor),
        "result": None,
        "running": None,
        "shapes": [],
        "map": None,
    }
    if not (query.a and query.b):
        return view
    pair = difference_service.ask(session, query.asked())
    if not pair.ready:
        address = f"/api/v1/differences/{query.a}/{query.b}/state?{urlencode(query.what())}"
        return view | {"running": difference_service.state_of(pair) | {"pair": pair, "address": address}}
    return view | _result_view(session, pair, query)


def _result_view(session: Session, pair: Pair, query: Query) -> dict[str, Any]:
    skip = (max(query.page, 1) - 1) * ROWS
    plain = decision_service.decisions(
        session, pair, Page(query.verdict, kinds_of(query.kind), most=SHOWN, skip=skip)
    )
    for row in plain["by_class"]:
        row["kind"] = f"{row['class_a'] or _NOTHING}~{row['class_b'] or _NOTHING}"
    shapes = [
        drawn(d["code"], d["decision"]["verdict"] if d["decision"] else "open", d["geometry"], plain["crs"])
        for d in plain["differences"]
    ]
    shapes = [s for s in shapes if s["geometry"]]
    return {
        "result": plain,
        "shown": plain["differences"][:ROWS],
        "first": skip + 1,
        "pages": max(1, -(-plain["found"] // ROWS)),
        "shapes": shapes,
        "map": framed(session, shapes, (plain["a"]["code"], plain["b"]["code"])),
    }


def kinds_of(text: str) -> tuple[str | None, str | None] | None:
    """A pair of legend keys as the address has it (``0701~-``)."""
    if not text:
        return None
    a, _, b = text.partition("~")
    return (None if a == _NOTHING else a), (None if b == _NOTHING else b)


def relation_of(text: str) -> Relation:
    """A relation by name.

    Raises:
        BadInput: there is none of that name.
    """
    try:
        return Relation(text or "overlap")
    except ValueError as error:
        raise BadInput(
            f"没有比对方式“{text[:20]}”",
            "no such relation",
            code="unknown_relation",
            place="relation",
            remedy=f"可选：{'、'.join(r.value for r in Relation)}",
            remedy_en=f"choose one of {', '.join(r.value for r in Relation)}",
        ) from error


def finished(session: Session, asked: Asked) -> Pair:
    """A comparison that has been computed.

    Raises:
        Conflict: it is still being computed.
    """
    pair = difference_service.ask(session, asked)
    if not pair.ready:
        raise Conflict(
            "比对还在进行",
            "the comparison is still under way",
            code="not_finished",
            remedy="稍后再取，或先看进度",
            remedy_en="fetch it later, or look at the progress",
            details=difference_service.state_of(pair),
        )
    return pair


def differences_geojson(plain: dict[str, Any]) -> dict[str, Any]:
    """The differences as GeoJSON in longitude and latitude, with class, area and decision."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": d["code"],
                "properties": {
                    "code": d["code"],
                    "a": d["a"]["label"],
                    "b": d["b"]["label"] if d["b"] else None,
                    "class_a": d["a"]["class"],
                    "class_b": d["b"]["class"] if d["b"] else None,
                    "area_m2": d["area_m2"],
                    "decision": d["decision"]["verdict"] if d["decision"] else None,
                    "reason": d["decision"]["reason"] if d["decision"] else None,
                },
                "geometry": lonlat(shape(d["geometry"]), plain["crs"]),
            }
            for d in plain["differences"]
        ],
    }
