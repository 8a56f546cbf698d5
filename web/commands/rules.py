"""``project-box elements rerun | amendments | rule-sets``: past cases under other rules, what was amended."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress as Bar

from elements.rulesets import amendment_service as amendments
from elements.rulesets import ruleset_repository as repository
from elements.rulesets import ruleset_service as rules
from elements.rulesets.amendment_preview import preview
from project_box.accounts import actor_of
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from web.cli_elements import AtOption, JsonOption, parse_day
from web.cli_support import database, emit_json, err, explained, out, table
from web.commands.elements import group

#: who reads past cases on the command line: nobody's colleague; each case is read as its owner sees it
_READER = Actor(uuid.UUID(int=0), "命令行", frozenset(), uuid.UUID(int=0))


def rerun_(
    amendment: Annotated[
        int | None, typer.Option("--amendment", help="按一件修订重算并记入其预览 (preview of an amendment)")
    ] = None,
    rule_set: Annotated[
        str, typer.Option("--rules", metavar="HASH", help="按这个规则版本 (rule set; default: in force)")
    ] = "",
    at: AtOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="最多多少个项目 (projects at most)")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """重算以往办件，列出数值和结论的变化 (past cases under other rules, with progress and counts; nothing is recorded).

    Each project is compared with the rules that hold for it: an accepted case with those of its day of acceptance.
    """
    import approval.rule_pins  # noqa: F401 - tells which case a project's computations are for

    with (
        explained(as_json=as_json),
        database() as opened,
        opened.transaction() as session,
        Bar(console=err, disable=not err.is_terminal, transient=True) as bar,
    ):
        task = bar.add_task("重算 re-run", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not err.is_terminal and (done == total or done % 100 == 0):
                err.print(f"{done}/{total}", highlight=False)

        if amendment is not None:
            found = repository.amendment(session, amendment)
            if found is None:
                raise NotFound(f"没有修订 {amendment}", f"no amendment {amendment}")
            author = actor_of(found.author)
            found = amendments.preview_amendment(session, author, amendment, limit=limit, progress=progress)
            result: dict[str, Any] = dict(found.preview or {})
        else:
            wanted = rules.find_rule_set(session, rule_set)
            result = preview(session, _READER, wanted, parse_day(at), limit=limit, progress=progress)
    if as_json:
        emit_json(result)
        return
    _show(result)


def _show(result: dict[str, Any]) -> None:
    table(
        f"{result['day']} · 规则版本 {result['to']} · 项目 {result['read']}/{result['projects']} 个，"
        f"重算成果 {result['evaluated']} 份",
        ["项目代码", "项目", "成果", "受理", "数值", "结论"],
        [
            [
                c["code"],
                c["name"],
                c["kind_name"],
                "已受理" if c["pinned"] else "",
                c["values"],
                c["conclusions"],
            ]
            for c in result["cases"]
        ],
        right=[4, 5],
    )
    out.print(
        f"有变化 {result['cases_changed']} 份，数值 {result['values_changed']} 项，"
        f"结论 {result['conclusions_changed']} 项，未能重算 {len(result['failed'])} 份",
        highlight=False,
    )
    for failed in result["failed"]:
        err.print(f"✕ {failed['project']} {failed['kind']}：{failed['message']}", highlight=False)


def amendments_(
    export: Annotated[
        Path | None,
        typer.Option("--export", help="把已批准的修订写成补丁，- 为标准输出 (patch of the YAML files)"),
    ] = None,
    only: Annotated[
        list[int] | None, typer.Option("--number", "-n", help="只导出这一件，可重复 (only this one)")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """列出规则修订，或导出为目录文件的补丁 (amendments of the rules; --export for ``git apply``)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        if export is not None:
            patch = amendments.export_patch(session, None, only or [])
            if str(export) == "-":
                sys.stdout.write(patch)
                return
            try:
                export.write_text(patch, encoding="utf-8")
            except OSError as error:
                raise BadInput(f"无法写入 {export}", f"{export}: {error}", place=str(export)) from error
            facts = {"file": str(export), "lines": len(patch.splitlines())}
            emit_json(facts) if as_json else out.print(f"{export} · {facts['lines']} 行", highlight=False)
            return
        rows = [
            {
                "number": a.number, "kind": a.kind, "target": a.target, "name": a.target_name, "state": a.state,
                "effective_from": a.effective_from, "author": a.author.name,
                "approver": a.approver.name if a.approver is not None else None, "reason": a.reason,
                "result": a.result, "trouble": a.trouble,
            }
            for a in repository.amendments(session)
        ]  # fmt: skip
    if as_json:
        emit_json({"amendments": rows})
        return
    table(
        f"规则修订 {len(rows)} 件",
        ["编号", "对象", "名称", "状态", "生效日期", "起草", "审批"],
        [
            [r["number"], r["target"], r["name"], amendments.STATES[str(r["state"])], r["effective_from"],
             r["author"], r["approver"]]
            for r in rows
        ],
        right=[0],
    )  # fmt: skip


def rule_sets_(as_json: JsonOption = False) -> None:
    """列出规则版本和各自的起始日 (rule sets and the days from which they hold)."""
    from web.views.rules import rule_sets_plain

    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = rule_sets_plain(session)
    if as_json:
        emit_json(plain)
        return
    starts = {c["hash"]: c["from"] or "随平台发布" for c in plain["calendar"]}
    table(
        f"规则版本 {len(plain['rule_sets'])} 个，现行 {plain['in_force']}",
        ["规则版本", "自何日起", "来源", "说明", "起草", "审批"],
        [
            [r["hash"], starts.get(r["hash"], ""), r["origin"], r["note"], r["author"], r["approver"]]
            for r in plain["rule_sets"]
        ],
    )


def register(app: typer.Typer) -> None:
    """Add to ``elements``."""
    group.command("rerun")(rerun_)
    group.command("amendments")(amendments_)
    group.command("rule-sets")(rule_sets_)
