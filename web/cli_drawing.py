"""The report of a drawing as tables in a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from project_box.kernel.plain import to_plain
from web import cli_support

_MARKS = {"error": "[red]✕ 错误[/red]", "warning": "[yellow]▲ 警告[/yellow]", "info": "[dim]· 提示[/dim]"}


def as_json(report: Mapping[str, Any]) -> Iterator[str]:
    """A report as one JSON document, piece by piece: one line for every entry of a list, so that the text of a drawing
    with hundreds of thousands of shapes never stands in memory whole.

    Raises:
        ValueError: a number is not finite.
    """
    yield "{"
    for number, (key, value) in enumerate(report.items()):
        yield f"{',' if number else ''}\n  {json.dumps(key)}: "
        if isinstance(value, (list, tuple)) and value:
            for k, entry in enumerate(value):
                yield f"{',' if k else '['}\n    {_line(entry)}"
            yield "\n  ]"
        else:
            yield _line(value)
    yield "\n}\n"


_line = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=to_plain).encode


def show(report: dict[str, Any]) -> None:
    """Print a report."""
    out = cli_support.out
    standard = report["standard"]["name"] if report["standard"] else "未识别"
    kind = {"site_plan": "总平面图", "building": "单体图"}.get(report["kind"], "未识别")
    out.print(
        f"[bold]{report['file']}[/bold]  {report['format']} {report['version']}  {kind}  制图标准：{standard}",
        highlight=False,
    )
    if report["readable"]:
        units = report["units"]
        said = [_UNIT_FROM[units["source"]], f"把握 {units['confidence']:.0%}", *units["evidence"]]
        out.print(f"单位 {units['unit']}（{'；'.join(said)}）", highlight=False, style="dim")
    _place(report)
    _roles_and_layers(report)
    _rings(report)
    _measures(report["measures"])
    if not report.get("proposed"):  # else all above rests on what is proposed
        _proposal(report.get("proposal"))
    edited = [d for d in report["dimensions"] if d["edited"]]
    if edited:
        rows = [(d["handle"], d["kind"], d["text"], f"{d['measured']:.2f}") for d in edited]
        cli_support.table("被改写的标注", ["句柄", "类型", "显示", "实测"], rows, right=(2, 3))
    _repairs(report)
    _issues(report)


def _place(report: dict[str, Any]) -> None:
    place = report.get("georeference")
    if not place:
        return
    cli_support.out.print(f"位置 {place['reason']}", highlight=False, style="dim")
    fit = place.get("fit")
    if fit:
        checked = "" if fit["checked"] else "（只有两个点，不能检验）"
        cli_support.out.print(
            f"定位 比例 {fit['scale']:.9g} m/单位（与图形单位之比 {fit['unit_ratio']:.6f}），"
            f"旋转 {fit['rotation_deg']:.6f}°，最大残差 {fit['greatest_m']:.4f} m{checked}",
            highlight=False,
        )


def _roles_and_layers(report: dict[str, Any]) -> None:
    if report["roles"]:
        rows = [
            (r["name"], code, r["count"], f"{r['area_m2']:,.2f}" if r["area_m2"] is not None else None)
            for code, r in report["roles"].items()
        ]
        cli_support.table("角色", ["角色", "代码", "数量", "面积 ㎡"], rows, right=(2, 3))
    layers = []
    for layer in report["layers"]:
        if not layer["entities"] and not layer.get("rings"):
            continue
        guess = next(iter(layer.get("proposed") or []), None)
        role = layer["role"] or (f"可能 {guess['role']} {guess['confidence']:.0%}" if guess else None)
        area = layer.get("area_m2")
        layers.append(
            (
                layer["name"],
                role,
                layer["entities"],
                layer.get("rings") or None,
                f"{area:,.2f}" if area else None,
            )
        )
    if layers:
        cli_support.table(
            "图层", ["图层", "角色", "实体", "闭合线框", "线框面积 ㎡"], layers, right=(2, 3, 4)
        )


def _rings(report: dict[str, Any]) -> None:
    """The largest closed rings without a role: facts of a drawing no standard explains."""
    rings = [a for a in report["areas"] if a["role"] is None][:20]
    if rings:
        rows = [
            (
                a["layer"],
                a["handle"],
                a["kind"],
                f"{a['area_m2']:,.2f}",
                f"{a['length_m']:,.2f}",
                a["closed_by"],
            )
            for a in rings
        ]
        cli_support.table(
            "没有角色的闭合线框（最大的 20 个）",
            ["图层", "句柄", "实体", "面积 ㎡", "周长 m", "闭合"],
            rows,
            right=(3, 4),
        )


def _proposal(found: dict[str, Any] | None) -> None:
    """What the proposed roles would give."""
    if found is None:
        return
    cli_support.out.print(
        "[bold]如果采纳提议的角色[/bold]（--accept-guesses，或用 --layer 图层=角色 改动；以下只是预览）",
        highlight=False,
    )
    rows = [
        (
            r["name"],
            code,
            "、".join(r["layers"]),
            r["count"],
            f"{r['area_m2']:,.2f}" if r["area_m2"] else None,
        )
        for code, r in found["roles"].items()
    ]
    cli_support.table("提议的角色", ["角色", "代码", "图层", "数量", "面积 ㎡"], rows, right=(3, 4))
    _measures(found["measures"])


def _estimate(found: dict[str, Any] | None) -> None:
    """Ground covered and floor area from outlines and storeys."""
    if not found:
        return
    rows = [
        (name, f"{found[key]:,.2f}" if found[key] is not None else "无法判定", share)
        for name, key, share in (
            ("用地面积", "site_m2", None),
            ("建筑占地", "coverage_m2", _percent(found["coverage_share"])),
            ("绿地（图上）", "green_m2", _percent(found["green_share"])),
            (
                "地上建筑面积（估算）",
                "above_m2",
                f"容积率 {found['far']:.2f}" if found["far"] is not None else None,
            ),
        )
        if found[key] is not None or key == "above_m2"
    ]
    cli_support.table("总平面估算", ["项目", "㎡", "占用地"], rows, right=(1, 2))
    cli_support.out.print("；".join(m["zh"] for m in found["missing"]), highlight=False, style="dim")


def _percent(share: float | None) -> str | None:
    return f"{share:.2%}" if share is not None else None


_UNIT_FROM = {"header": "文件头", "extents": "图上迹象", "assumed": "暂定", "confirmed": "已确认"}
_POSITIONS = {"front": "前", "rear": "后", "left": "左", "right": "右"}


def _measures(found: dict[str, Any]) -> None:
    """Setbacks of each building, smallest first, floors with their areas, and the estimate."""
    from drawings.standards.standards import roles

    _estimate(found.get("estimate"))
    nearest = sorted(found["setbacks"], key=lambda r: r["distance_m"])[:20]
    if nearest:
        rows = [
            (
                r["building"],
                f"{r['side']}侧用地红线" if "side" in r else roles().roles[r["to"]].zh,
                _POSITIONS.get(r.get("position")),
                f"{r['distance_m']:.3f}",
            )
            for r in nearest
        ]
        cli_support.table("退让（最小的 20 个）", ["建筑", "对象", "临路", "距离 m"], rows, right=(3,))
        _frontage(found.get("frontage"))
    if found["floors"]:
        floors = [
            (f["building"], f["name"], f["floors"], f["storeys"], f"{sum(f['area_m2'].values()):,.2f}")
            for f in found["floors"]
        ]
        cli_support.table("楼层", ["楼号", "层名", "起止层", "层数", "框内线框 ㎡"], floors, right=(3, 4))


def _frontage(front: dict[str, Any] | None) -> None:
    """Which side is the front, or why that cannot be told."""
    if front is None:
        return
    said = f"前侧：{front['side'] or '—'}（{front['why']}）；左、右为从道路看向用地"
    open_ = f"前后侧无法判定：{front['why']}。{front['remedy']}"
    cli_support.out.print(said if front["known"] else open_, highlight=False, style="dim")


def _repairs(report: dict[str, Any]) -> None:
    rows = [
        (r["id"], r["role"], r["message"], "、".join(r["handles"][:4]), r["by"] or "待确认")
        for r in sorted(report["repairs"], key=lambda r: r["accepted"])[:30]
    ]
    if rows:
        cli_support.table("修复（采纳：--accept 编号）", ["编号", "角色", "内容", "句柄", "采纳"], rows)


def _issues(report: dict[str, Any]) -> None:
    out = cli_support.out
    for issue in report["issues"]:
        place = " ".join(
            part
            for part in (
                f"第 {issue['line']} 行" if issue["line"] else "",
                f"句柄 {issue['handle']}" if issue["handle"] else "",
                f"图层 {issue['layer']}" if issue["layer"] else "",
                f"({issue['at'][0]:.3f}, {issue['at'][1]:.3f})" if issue["at"] else "",
            )
            if part
        )
        out.print(_MARKS[issue["level"]], end=" ")
        out.print(f"{issue['code']}  {issue['message']}", highlight=False, markup=False)
        if place:
            out.print(f"    位置：{place}", highlight=False, markup=False, style="dim")
        if issue["remedy"] and issue["level"] != "info":
            out.print(f"    怎么办：{issue['remedy']}", highlight=False, markup=False, style="dim")
