"""``project-box layers``: plans against plans, versions against versions, and what was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gis.differences import decision_export, decision_service, difference_service, version_change_service
from gis.differences.decision import Verdict
from gis.differences.differences import Relation
from web.cli_support import FAILED_CHECK, database, emit_json, explained, table
from web.commands.layers import layers, write_file

#: differences a table shows
_SHOWN = 40


def diff(
    a: Annotated[str, typer.Argument(help="图层 A 的代码 (layer A)")],
    b: Annotated[str, typer.Argument(help="图层 B 的代码 (layer B)")],
    relation: Annotated[
        Relation,
        typer.Option("--relation", help="overlap 两层重叠；outside A 在 B 范围以外的部分；mismatch 类别不同"),
    ] = Relation.OVERLAP,
    class_a: Annotated[
        str | None, typer.Option("--class-a", metavar="PATTERN", help="只看 A 的这些类别，如 07*")
    ] = None,
    class_b: Annotated[
        str | None, typer.Option("--class-b", metavar="PATTERN", help="只看 B 的这些类别")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """两个规划之间的差异图斑 (difference polygons between two layers); exit code 1 when there are any."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = difference_service.diff_layers(
            session,
            a,
            b,
            relation=relation,
            class_a=class_a,
            class_b=class_b,
            geometry=as_json,
            most=None if as_json else _SHOWN,
        )
    if as_json:
        emit_json(plain)
    else:
        table(
            f"{plain['a']['name']} / {plain['b']['name']} {plain['relation_name']}:"
            f"{plain['count']:,} 个图斑，{plain['area_m2']:,.2f} ㎡",
            ["A 类别", "B 类别", "图斑", "面积 ㎡"],
            [
                [
                    f"{r['class_a'] or ''} {r['class_a_name'] or ''}",
                    f"{r['class_b'] or ''} {r['class_b_name'] or ''}",
                    r["count"],
                    f"{r['area_m2']:,.2f}",
                ]
                for r in plain["by_class"]
            ],
            right=[2, 3],
        )
        table(
            f"差异图斑（最大 {_SHOWN} 个）",
            ["编号", "A", "B", "面积 ㎡"],
            [
                [d["code"], d["a"]["label"], d["b"]["label"] if d["b"] else "", f"{d['area_m2']:,.2f}"]
                for d in plain["differences"]
            ],
            right=[3],
        )
    if plain["count"]:
        raise typer.Exit(FAILED_CHECK)


def changes(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    old: Annotated[str, typer.Argument(help="旧版本 (old version)")],
    new: Annotated[str, typer.Argument(help="新版本 (new version)")],
    key: Annotated[str | None, typer.Option("--key", metavar="FIELD", help="图斑的唯一编号字段")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """两个版本之间的变化：增、删、改图形、改属性 (what a version changed)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = version_change_service.layer_changes(session, code, old, new, key=key, geometry=as_json)
    if as_json:
        emit_json(plain)
        return
    counts = plain["counts"]
    words = {
        "added": "新增",
        "removed": "删除",
        "geometry": "图形改变",
        "attributes": "属性改变",
        "both": "图形与属性改变",
    }
    table(
        f"{plain['name']} {old} → {new}",
        ["变化", "图斑"],
        [[w, counts[k]] for k, w in words.items()],
        right=[1],
    )
    table(
        "变化的图斑（前 40 个）",
        ["变化", "图斑", "原面积 ㎡", "新面积 ㎡", "属性"],
        [
            [
                words[c["kind"]],
                c["label"],
                c["old"] and c["old"]["area_m2"],
                c["new"] and c["new"]["area_m2"],
                ";".join(f"{f['field']} {f['old']}→{f['new']}" for f in c["fields"])
                if c["old"] and c["new"]
                else "",
            ]
            for c in plain["changes"][:40]
        ],
        right=[2, 3],
    )


_A = Annotated[str, typer.Argument(help="图层 A 的代码 (layer A)")]
_B = Annotated[str, typer.Argument(help="图层 B 的代码 (layer B)")]
_RELATION = Annotated[Relation, typer.Option("--relation", help="overlap、outside 或 mismatch")]


def decisions(
    a: _A,
    b: _B,
    relation: _RELATION = Relation.OVERLAP,
    export: Annotated[Path | None, typer.Option("--export", help="写入 .xlsx 或 .gpkg")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """差异图斑的决定清单 (differences with the editor's decisions)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = decision_service.decision_list(session, a, b, relation=relation)
        if export is not None:
            excel = export.suffix.lower() == ".xlsx"
            write_file(
                export, decision_export.workbook(plain) if excel else decision_export.geopackage(plain)
            )
    if as_json:
        emit_json(plain)
        return
    table(
        f"{plain['a']['name']} / {plain['b']['name']} {plain['relation_name']}",
        ["编号", "A", "B", "面积 ㎡", "决定", "理由", "决定人"],
        [[r["编号"], r["A 图斑"], r["B 图斑"], f"{r['面积㎡']:,.2f}", r["决定"], r["理由"], r["决定人"]]
         for r in decision_export.difference_rows(plain)[:60]],
        right=[3],
    )  # fmt: skip


def decide(
    a: _A,
    b: _B,
    polygons: Annotated[
        list[str], typer.Argument(metavar="POLYGON…", help="差异图斑的编号，可多个 (codes of the polygons)")
    ],
    verdict: Annotated[Verdict, typer.Option("--decision", help="决定 (what is to happen)")],
    reason: Annotated[str, typer.Option("--reason", help="理由 (why)")],
    by: Annotated[str, typer.Option("--by", help="决定人 (who decided)")],
    relation: _RELATION = Relation.OVERLAP,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """决定差异图斑 (decide about polygons; added to a log that is never changed)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = decision_service.decide(
            session, None, a, b, polygons, verdict.value, reason, relation=relation, operator=by
        )
    if as_json:
        emit_json(plain[0] if len(plain) == 1 else {"decisions": plain})
    else:
        table(
            "决定",
            ["编号", "决定", "理由", "决定人"],
            [[d["polygon"], verdict.zh, d["reason"], d["by"]] for d in plain],
        )


def register(app: typer.Typer) -> None:
    """Add to ``layers``."""
    layers.command("diff")(diff)
    layers.command("changes")(changes)
    layers.command("decisions")(decisions)
    layers.command("decide")(decide)
