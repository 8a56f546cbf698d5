"""Named functions: spacing of buildings pair by pair, for sun, by city rule and for fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from elements.calculators.spacing import FireKinds, fire_kinds, fire_metres
from elements.engine.functions import function
from elements.engine.rounding import plain_number
from elements.engine.trace import Rows, num, pair_refs
from elements.engine.values import Computed, Missing, Step, Undecided, union_evidence
from project_box.kernel.finding import Outcome


@dataclass(slots=True)
class _Need:
    """One distance a pair must keep: ``least``–``most`` m (equal when all is known) against what was measured."""

    name: str
    measured: Decimal
    least: Decimal
    most: Decimal
    how: str
    clause: str = ""
    missing: tuple[Missing, ...] = ()
    checked: bool = True

    @property
    def outcome(self) -> Outcome:
        if self.measured < self.least:
            return Outcome.FAIL
        return Outcome.UNDECIDED if self.measured < self.most or self.missing else Outcome.PASS


@dataclass(slots=True)
class _Pair:
    row: Mapping[str, Any]
    needs: list[_Need] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        found = {n.outcome for n in self.needs}
        for outcome in (Outcome.FAIL, Outcome.UNDECIDED):
            if outcome in found:
                return outcome
        return Outcome.PASS

    @property
    def missing(self) -> tuple[Missing, ...]:
        return tuple(m for n in self.needs if n.outcome is Outcome.UNDECIDED for m in n.missing)

    def plain(self) -> dict[str, Any]:
        row = self.row
        needed = max((n.least for n in self.needs), default=Decimal(0))
        return {
            "a": row["a"],
            "b": row["b"],
            "kind": row.get("kind") or "own",
            "relation": row.get("relation"),
            "distance": row["distance"],
            "overlap": row.get("overlap"),
            "gap": row.get("gap"),
            "needed": needed,
            "by": [
                {
                    "name": n.name,
                    "measured": n.measured,
                    "least": n.least,
                    "most": n.most,
                    "how": n.how,
                    "outcome": n.outcome.value,
                }
                for n in self.needs
            ],
            "outcome": self.outcome.value,
            "missing": [m.reason for m in self.missing],
            "nearest": row.get("nearest"),
            "refs": list(row.get("refs") or ()),
        }

    def step(self) -> Step:
        row = self.row
        words = ";".join(f"{n.name} {n.how}" for n in self.needs) or "无间距要求"
        needed = max((n.least for n in self.needs), default=Decimal(0))
        return Step(
            f"{row['a']} – {row['b']}({row.get('relation') or '—'})",
            f"间距 {num(Decimal(row['distance']))} m，须 ≥{plain_number(needed)} m:{words}",
            self.outcome.zh,
            ";".join(dict.fromkeys(n.clause for n in self.needs if n.clause)),
            pair_refs(row),
        )


def _records(
    spacings: Rows, buildings: Rows
) -> list[tuple[Mapping[str, Any], dict[str, Any], dict[str, Any]]]:
    """Each pair with what is known of its two buildings."""
    known = {str(b.get("label") or b["building"]): dict(b) for b in buildings}
    out = []
    for s in spacings:
        other = dict(known.get(str(s["b"]), {})) if s.get("kind") != "adjacent" else {}
        other |= {
            k.removeprefix("b_"): s[k]
            for k in ("b_height_mm", "b_fire_height_mm", "b_fire_class", "b_usage")
            if s.get(k) is not None
        }
        out.append((s, known.get(str(s["a"]), {}), other))
    return out


def _fire_need(
    s: Mapping[str, Any], a: dict[str, Any], b: dict[str, Any], fire: Rows, heights: Rows
) -> _Need:
    one, other = fire_kinds(a, heights), fire_kinds(b, heights)
    least, most, clause = fire_metres(fire, one, other)
    missing: list[Missing] = []
    for name, kinds in ((s["a"], one), (s["b"], other)):
        missing += [Missing(m, m, f"{name} 未注{m}", f"{m} of {name} is not given") for m in kinds.missing]
    distance = Decimal(s["distance"])
    kinds_text = "–".join(_kinds_text(k) for k in (one, other))
    span = plain_number(least) if least == most else f"{plain_number(least)}～{plain_number(most)}"
    note = "（按规划高度判别高层）" if one.by_planning or other.by_planning else ""
    open_ = tuple(missing) if least <= distance < most else ()
    return _Need("防火", distance, least, most, f"{kinds_text} ≥{span} m{note}", clause, open_)


def _kinds_text(kinds: FireKinds) -> str:
    return next(iter(kinds.kinds)) if len(kinds.kinds) == 1 else "未定"


def _asks_for_sun(use: Any, uses: Rows) -> bool | None:
    """Whether a building's use asks for sun; None when its use is not known."""
    text = str(use or "")
    if not text:
        return None
    return bool(next((str(r["case"]) for r in uses if str(r["word"]) in text), ""))


def _city_needs(
    s: Mapping[str, Any],
    a: dict[str, Any],
    b: dict[str, Any],
    city: Rows | None,
    factor: Decimal | None,
    uses: Rows,
) -> list[_Need]:
    relation = str(s.get("relation") or "")
    south_is_a = s.get("south") == s["a"]
    south, north = (a, b) if south_is_a else (b, a)
    names = (s["a"], s["b"]) if south_is_a else (s["b"], s["a"])
    shaded = _asks_for_sun(north.get("usage"), uses)
    rows = [r for r in city or [] if r["relation"] == relation and r["shaded"] in (None, shaded)]
    needs = []
    distance = Decimal(s["distance"])
    for row in rows:
        if row["minimum"] is not None:
            least = Decimal(row["minimum"])
            needs.append(
                _Need("最小", distance, least, least, f"≥{plain_number(least)} m", str(row["clause"]))
            )
    if relation != "南北相对" or shaded is False or s.get("gap") is None:
        return needs
    ruled = [r for r in city or [] if r["relation"] == relation and r["shaded"] is True]
    coefficient = factor if factor is not None else ruled[0]["factor"] if ruled else None
    gap, height = Decimal(s["gap"]), south.get("height_mm")
    lacking: list[Missing] = []
    if coefficient is None:
        lacking.append(
            Missing(
                "table:building-spacing",
                "日照间距系数",
                "没有日照间距系数（城市规定或规划条件）",
                "no sun spacing factor",
            )
        )
    if height is None:
        lacking.append(
            Missing("建筑高度", "建筑高度", f"{names[0]} 未注建筑高度", f"no height on {names[0]}")
        )
    if coefficient is None or height is None:
        needs.append(_Need("日照", gap, Decimal(0), Decimal(0), "无法判定", "", tuple(lacking)))
        return needs
    least = Decimal(coefficient) * Decimal(height) / 1000
    how = f"{plain_number(Decimal(coefficient))}×{names[0]} 高 {num(Decimal(height) / 1000)} = {num(least)} m"
    clause = "规划条件" if factor is not None else str(ruled[0]["clause"])
    if shaded is None and gap < least:
        unknown = Missing("用途", "用途", f"{names[1]} 未注用途", f"use of {names[1]} is not given")
        needs.append(_Need("日照", gap, Decimal(0), least, how, clause, (unknown,)))
    else:
        needs.append(_Need("日照", gap, least, least, how, clause))
    return needs


def _judge(pairs: list[_Pair]) -> Outcome:
    found = {p.outcome for p in pairs}
    return next((o for o in (Outcome.FAIL, Outcome.UNDECIDED) if o in found), Outcome.PASS)


@function("spacing.matrix", "逐对：须保持的间距 = max(日照间距系数×南侧建筑高度, 城市最小间距, 防火间距)")
def spacing_matrix(
    spacings: Rows,
    buildings: Rows,
    fire: Rows,
    heights: Rows,
    uses: Rows,
    city: Rows | None = None,
    factor: Decimal | None = None,
) -> Computed:
    """Every pair of buildings, new and adjacent, with distance, facing overlap, what it must keep, and the outcome.

    Args:
        spacings: records of the pairs (m); buildings: records with height, use and fire class.
        fire, heights: fire spacing table and high-rise limits. uses: words of uses that ask for sun.
        city: rows of the city's spacing rules, None without one. factor: 日照间距系数 of the planning conditions.

    Fire and least distances are compared with the shortest distance, that for sun with the gap across the facing parts.
    A pair that hangs on something nobody stated is 无法判定 on its own; the others keep their outcome.
    """
    pairs = []
    for s, a, b in _records(spacings, buildings):
        pair = _Pair(s, _city_needs(s, a, b, city, factor, uses))
        pair.needs.append(_fire_need(s, a, b, fire, heights))
        pairs.append(pair)
    counts = {o: sum(p.outcome is o for p in pairs) for o in (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED)}
    return Computed(
        [p.plain() for p in pairs],
        substituted=f"{len(pairs)} 对：" + "、".join(f"{o.zh} {n}" for o, n in counts.items() if n)
        if pairs
        else "只有一栋建筑",
        steps=tuple(p.step() for p in pairs),
        evidence=union_evidence(pair_refs(p.row) for p in pairs) or None,
    )


@function("rows.outcome", "各行均符合为符合，有一行不符合为不符合，其余为无法判定")
def rows_outcome(rows: Rows, what: str = "项目") -> Computed:
    """Verdict over judged records (``outcome``, ``missing``): 不符合 before 无法判定 before 符合; no record is 提示."""
    if not rows:
        return Computed(Outcome.NOTE, substituted=f"没有须核对的{what}")
    failed = [r for r in rows if r.get("outcome") == Outcome.FAIL.value]
    opened = [r for r in rows if r.get("outcome") == Outcome.UNDECIDED.value]
    if opened and not failed:
        reasons = dict.fromkeys(str(m) for r in opened for m in r.get("missing") or ())
        raise Undecided(
            *(Missing(what, what, reason, reason) for reason in reasons),
            evidence=union_evidence(pair_refs(r) for r in opened),
        )
    names = "、".join(f"{r.get('a', '')} – {r.get('b', '')}" for r in failed[:8])
    judged = [r for r in rows if r.get("outcome") != Outcome.NOTE.value]
    if not judged:
        return Computed(Outcome.NOTE, substituted=f"规划条件对{what}不作要求")
    worst = failed or judged
    limit = max((Decimal(r["needed"]) for r in worst if r.get("needed") is not None), default=None)
    return Computed(
        Outcome.FAIL if failed else Outcome.PASS,
        substituted=f"不符合：{names}" if failed else f"{len(judged)} 项均符合",
        limit=f"≥{plain_number(limit)}m" if limit is not None else None,
        evidence=union_evidence(pair_refs(r) for r in worst) or None,
    )


@function("fire_spacing", "各栋间距 ≥ 防火间距（高层、耐火等级）", version=2)
def fire_spacing(spacings: Rows, buildings: Rows, rules: Rows, heights: Rows) -> Computed:
    """Each pair's distance against the fire spacing table by height class and fire resistance class.

    What is not stated (height, class) only matters where the distance lies between what the possibilities ask for.
    """
    if not spacings:
        return Computed(Outcome.NOTE, substituted="只有一栋建筑，无间距可核")
    pairs = [_Pair(s, [_fire_need(s, a, b, rules, heights)]) for s, a, b in _records(spacings, buildings)]
    outcome = _judge(pairs)
    if outcome is Outcome.UNDECIDED:
        opened = [p for p in pairs if p.outcome is Outcome.UNDECIDED]
        missing = dict.fromkeys(m for p in opened for m in p.missing)
        raise Undecided(*missing, evidence=union_evidence(pair_refs(p.row) for p in opened))
    tightest = min((p.needs[0] for p in pairs), key=lambda n: n.measured - n.least)
    worst = [p for p in pairs if p.outcome is Outcome.FAIL] or pairs
    return Computed(
        outcome,
        steps=tuple(p.step() for p in pairs),
        substituted=";".join(
            f"{p.row['a']} – {p.row['b']}:{num(n.measured)} "
            f"{'≥' if n.measured >= n.least else '<'} {plain_number(n.least)}"
            for p in pairs[:8]
            for n in p.needs
        ),
        evidence=union_evidence(pair_refs(p.row) for p in worst) or None,
        limit=f"≥{plain_number(tightest.least)}m",
    )
