"""Named functions: setbacks per side, against the planning conditions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from elements.calculators.setbacks import ALL, FACES, SetbackLimit, read_setback_limits
from elements.engine.functions import function
from elements.engine.limits import judge, limit_text
from elements.engine.rounding import round_to
from elements.engine.trace import Rows, num, pair_refs
from elements.engine.values import Computed, Missing, Step, Undecided, union_evidence
from project_box.kernel.finding import Outcome

_ROLES = {
    "road_red_line": "道路红线",
    "green_line": "绿线",
    "blue_line": "蓝线",
    "control_line": "建筑控制线",
}


def _sides(setbacks: Rows, below: bool) -> list[dict[str, Any]]:
    """Per side and line: the row of the building that comes nearest, with what lies outside the site."""
    kind = "basement" if below else "site_boundary"
    lines = {f"basement_{k}" if below else k: v for k, v in _ROLES.items()}
    nearest: dict[str, dict[str, Any]] = {}
    for row in setbacks:
        own = str(row["kind"])
        if own != kind and own not in lines:
            continue
        name = str(row["b"])
        record = {
            "b": name,
            "a": row["a"],
            "side": lines.get(own) or row.get("side") or name[: name.find("侧")],
            "adjacent": row.get("adjacent") or "",
            "position": row.get("position"),
            "distance": Decimal(row["distance"]),
            "outside": Decimal(row.get("outside") or 0),
            "nearest": row.get("nearest"),
            "refs": list(row.get("refs") or ()),
        }
        before = nearest.get(name)
        if before is None or (-record["outside"], record["distance"]) < (
            -before["outside"],
            before["distance"],
        ):
            nearest[name] = record
    return list(nearest.values())


@function("setback.sides", "每边 min(建筑轮廓到该边的水平距离)")
def setback_sides(setbacks: Rows, below: bool = False) -> Computed:
    """Least setback m of every side of the site and of every drawn line, with the building and the nearest points.

    ``below``: basements in place of buildings.
    """
    rows = _sides(setbacks, below)
    if not rows:
        word = "地下室轮廓" if below else "退让量测"
        raise Undecided(Missing(word, word, f"没有可量的{word}", "nothing to measure"))
    return Computed(
        rows,
        substituted=";".join(f"{_title(r)} {num(round_to(r['distance'], 2))} m" for r in rows[:12]),
        steps=tuple(
            Step(_title(r), f"{r['a']}{_between(r)}", f"{num(r['distance'])} m", "", pair_refs(r))
            for r in rows
        ),
        evidence=union_evidence(pair_refs(r) for r in rows) or None,
    )


def _title(row: Mapping[str, Any]) -> str:
    face = f"，{FACES[row['position']]}" if row.get("position") else ""
    adjacent = f"，邻{row['adjacent']}" if row.get("adjacent") else ""
    return f"{row['b']}{face}{adjacent}"


def _between(row: Mapping[str, Any]) -> str:
    points = row.get("nearest") or []
    return "".join(f" ({x:.3f}, {y:.3f})" for x, y in points) if points else ""


@function("setback.check", "每边退让 ≥ 规划条件对该边的要求")
def setback_check(setbacks: Rows, limit: dict[str, Any]) -> Computed:
    """Every demand of the conditions against the sides it is about: records with limit, distance and outcome.

    A demand about a side or line that is not drawn is 无法判定; a building outside the site does not comply.
    """
    demands = read_setback_limits(limit)
    rows: list[dict[str, Any]] = []
    for demand in demands:
        measured = _sides(setbacks, demand.below)
        known = [r for r in measured if demand.fits(r)]
        if any(
            r["side"] == demand.side for r in known
        ):  # the drawn line itself, not the side that runs along it
            known = [r for r in known if r["side"] == demand.side]
        if demand.side == ALL:
            known = [r for r in known if r["side"] not in _ROLES.values()]
        if not known:
            rows.append(_open(demand, setbacks))
        rows += [_judged(r, demand) for r in known]
    return Computed(
        rows,
        substituted=";".join(f"{r['b']} {r['shown']}" for r in rows[:12]) or "规划条件不作要求",
        steps=tuple(
            Step(str(r["b"]), str(r["shown"]), Outcome(r["outcome"]).zh, "", pair_refs(r)) for r in rows
        ),
        evidence=union_evidence(pair_refs(r) for r in rows) or None,
    )


def _open(demand: SetbackLimit, setbacks: Rows) -> dict[str, Any]:
    where = f"{'地下室' if demand.below else '建筑'} {demand.side}"
    reason = f"图中没有“{demand.side}”这一侧或这条线可量（{demand.text}）"
    if demand.side in FACES.values():
        told = next((str(r["front_why"]) for r in setbacks if r.get("front_why")), "图中没有用地红线的边可量")
        reason = f"{demand.side}无法判定：{told}（{demand.text}）"
    elif demand.below:
        reason = f"图中没有地下室轮廓或“{demand.side}”可量（{demand.text}）"
    return {
        "a": "",
        "b": where,
        "outcome": Outcome.UNDECIDED.value,
        "missing": [reason],
        "shown": f"{limit_text(demand.limit)} m,{reason}",
        "refs": [],
        "nearest": None,
        "needed": demand.limit.get("value"),
    }


def _judged(row: Mapping[str, Any], demand: SetbackLimit) -> dict[str, Any]:
    holds = judge(row["distance"], demand.limit) and not row["outside"]
    over = f"，超出用地 {num(round_to(row['outside'], 2))}㎡" if row["outside"] else ""
    distance = num(round_to(row["distance"], 3))
    return {
        **row,
        "outcome": (Outcome.PASS if holds else Outcome.FAIL).value,
        "missing": [],
        "needed": demand.limit.get("value"),
        "shown": f"{row['a']} {distance} m，要求 {limit_text(demand.limit)} m{over}",
    }
