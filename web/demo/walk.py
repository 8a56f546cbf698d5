"""One sample project on its way through the platform, step by step."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from project_box.seal import verify_pdf
from web.demo.person import API, DemoFailed, Person
from web.seed.programs import Program

DISTRICT = "439901"  # made-up 行政区划代码 of 样例新区
#: called with (project key, step, what happened)
Tell = Callable[[str, str, str], None]
_REGION_FACTORS = (
    "距小区级商服中心距离", "距汽车站距离", "临近道路状况", "距公交站点距离", "供水保证率", "供电保证率", "排水状况",
    "公用设施完善度", "人口密度", "噪声污染状况", "水污染状况", "道路规划",
)  # fmt: skip
#: what the applicant of project A states for the fees; everything else comes from the box
_FEE_INPUTS: dict[str, Any] = {
    "LP_TERM": "70",
    "LP_DATE": "2026-06-03",
    "LP_REGION": dict.fromkeys(_REGION_FACTORS, "一般"),
    "LP_SHAPE": "一般",
    "LP_LANDSCAPE": "一般",
    "LP_ORIENTATION": "南",
    "LP_DEVELOPMENT": "0",
    "HT_PRICE": "30000000",
}
#: what the handler states for the evaluations after asking the applicant
_STATED: dict[str, Any] = {
    "earthwork_m3": 42_000,
    "hilly_area": True,
    "energy_tce": 320,
    "electricity_kwh": 1_800_000,
    "special_works": "无",
    "traffic_assessment_stated": "否",
}
_CONCLUSIONS = {
    "DZZH": "经现场调查与评估，场地地质灾害危险性小，适宜建设；基坑开挖须做好支护与排水。",
    "STBC": "水土保持方案可行，落实表土剥离、临时拦挡和排水措施后，水土流失可以控制。",
}
_SCORES = {"quality": 5, "timeliness": 5, "attitude": 4, "fee": 4, "standard": 5}


@dataclass(slots=True)
class Walk:
    """One project on its way; ``report`` is what ``--json`` prints for it."""

    program: Program
    people: dict[str, Person]
    folder: Path
    out: Path
    tell: Tell
    keep: bool
    project_id: str = ""
    code: str = ""
    report: dict[str, Any] = field(default_factory=dict)

    def say(self, step: str, text: str) -> None:
        """Report one step."""
        self.tell(self.program.key, step, text)

    # --- the developer's part ----------------------------------------------------------------------------------------

    def open_project(self) -> None:
        """Project and boundary."""
        developer = self.people["developer"]
        self.code = f"2611-{DISTRICT}-04-01-{secrets.randbelow(10**6):06d}"
        new = {
            "code": self.code,
            "name": self.program.title,
            "location": self.program.location,
            "summary": self.program.summary,
        }
        self.project_id = developer.post("/projects", new)["id"]
        self.say("项目", f"{self.program.title} {self.code}")
        path = self._file("-界址点.txt")
        answer = developer.post(
            f"/projects/{self.project_id}/boundary",
            files={"file": (path.name, path.read_bytes(), "text/plain")},
        )
        boundary = answer["result"]
        payload = self._payload("boundary")
        self.report |= {
            "code": self.code,
            "name": self.program.title,
            "boundary": {"area_m2": payload["area_m2"], "crs": boundary["crs"]},
        }
        self.say("红线", f"{path.name}：{payload['area_m2']:,.2f} ㎡，EPSG:{boundary['crs']}")

    def check_plans(self) -> None:
        """Multi-plan check, and its offline map report."""
        developer = self.people["developer"]
        checked = developer.post(f"/projects/{self.project_id}/conflict-check")
        self.report["conflicts"] = [
            {
                "code": layer["code"],
                "name": layer["name"],
                "policy": layer["policy"],
                "status": layer["status"],
                "overlap_m2": layer["overlap_m2"],
                "outcome": layer["outcome"],
                "message": layer["message"],
            }
            for layer in checked["layers"]
            if layer["status"] != "clear"
        ]
        clear = sum(layer["status"] == "clear" for layer in checked["layers"])
        bad = [c["name"] for c in self.report["conflicts"] if c["outcome"] == "fail"]
        self.say(
            "多规合一",
            f"{len(checked['layers'])} 个图层，无冲突 {clear} 个"
            + (f"；不符合：{'、'.join(bad)}" if bad else "；无禁止性冲突"),
        )
        page = developer.send("GET", f"/projects/{self.project_id}/conflict-check/report.html").content
        if self.keep:
            self._keep("多规合一检查.html", page)

    def hand_in_drawings(self) -> None:
        """Drawings, indicators, fees."""
        developer = self.people["developer"]
        paths = sorted(self.folder.glob("*.dxf"))
        uploads = [("files", (p.name, p.read_bytes(), "application/dxf")) for p in paths]
        revision = developer.post(f"/projects/{self.project_id}/drawings", files=uploads)
        errors = [i for i in revision["issues"] if i["level"] == "error"]
        self.say("图纸", f"第 {revision['revision']} 版，{len(paths)} 个文件，错误 {len(errors)} 条")
        table = developer.post(f"/projects/{self.project_id}/indicators", {"inputs": {}})
        self.report["indicators"] = {
            e["code"]: {
                "value": None if e["value"] is None else e["display"],
                "unit": e["unit"] or "",
                "limit": e.get("limit"),
                "conclusion": e.get("outcome"),
            }
            for e in table["elements"]
            if e["kind"] == "指标" and e["code"] not in ("TCW_NEED",)
        }
        shown = ("RJL", "JZMD", "LDL", "JZGD", "TCW")
        line = "，".join(self._indicator(e) for e in table["elements"] if e["code"] in shown)
        self.say("指标", line)
        inputs = _FEE_INPUTS if self.program.key == "A" else {}
        fees = developer.post(f"/projects/{self.project_id}/fees", {"inputs": inputs})
        self.report["fees"] = [
            {
                "code": f["code"],
                "name": f["name"],
                "amount": f["amount"],
                "outcome": f["outcome"],
                "verified": f["verified"],
                "substituted": f["substituted"],
            }
            for f in fees["lines"]
        ]
        open_lines = [f["name"] for f in self.report["fees"] if f["amount"] is None]
        undecided = f"；无法判定：{'、'.join(open_lines)}" if open_lines else ""
        self.say("规费", f"测算合计 {fees['total']} 元" + undecided)
        findings = self._payload("conflict_report")["findings"] + table["findings"]
        self.report["findings"] = [
            {k: f.get(k) for k in ("code", "title", "outcome", "message")}
            for f in findings
            if f["outcome"] != "pass"
        ]

    @staticmethod
    def _indicator(element: dict[str, Any]) -> str:
        words = {"pass": "符合", "fail": "不符合", "undecided": "无法判定", "note": "提示", None: ""}
        limit = f"（{element['limit']}）" if element.get("limit") else " "
        shown = f"{element['name']} {element['display']}{element['unit'] or ''}"
        return f"{shown}{limit}{words[element.get('outcome')]}".strip()

    def file_case(self, item: str, uploads: dict[str, str], form: dict[str, str]) -> str:
        """Start a case, fill what the box does not know, upload what it does not hold, self-check."""
        developer = self.people["developer"]
        case: str = developer.post(f"/projects/{self.project_id}/cases", {"item": item})["id"]
        developer.send("PUT", f"/cases/{case}/form", json=form)
        for code, title in uploads.items():
            data = document_pdf(title, self.program.title)
            developer.post(
                f"/cases/{case}/materials/{code}", files={"file": (f"{title}.pdf", data, "application/pdf")}
            )
        materials = developer.get(f"/cases/{case}/materials")
        self.report["materials"] = {"asked": materials["asked"], "reused": materials["reused"]}
        held = [m["name"] for m in materials["materials"] if m.get("held")]
        self.say(
            "填报",
            f"材料：需提交 {materials['asked']} 项，已有 {materials['reused']} 项（{'、'.join(held)}）",
        )
        return case

    # --- the bureau's part -------------------------------------------------------------------------------------------

    def act(
        self, who: str, case: str, step: str, action: str, opinion: str = "", **extra: Any
    ) -> dict[str, Any]:
        """Do one thing with the person's open task of a step."""
        person = self.people[who]
        for task in person.get("/tasks")["tasks"]:
            if task["case_id"] == case and task["step"] == step:
                done: dict[str, Any] = person.post(
                    f"/tasks/{task['id']}", {"action": action, "opinion": opinion, **extra}
                )
                return done
        raise DemoFailed(f"{who} 没有“{step}”待办", f"{who} has no open task {step} of case {case}")

    def review(self, case: str, verdicts: dict[str, tuple[str, str]]) -> None:
        """Joint review: three disciplines mark and judge, the handler merges."""
        first = self.people["planner"].get(f"/cases/{case}/joint-review")
        review, files = first["id"], first["files"]
        plan = next((f for f in files if f["kind"] == "site_plan"), files[0])
        spots = self._spots(first["revision_id"], plan["n"])
        for who, (verdict, text) in verdicts.items():
            spot = spots[{"planner": "site_boundary", "architect": "footprint", "fire": "footprint"}[who]]
            mark = {
                "file": plan["n"],
                "kind": "point",
                "at": spot["at"],
                "handle": spot["handle"],
                "text": text,
                "severity": "general",
            }
            self.people[who].post(f"/joint-reviews/{review}/marks", mark)
            self.people[who].post(f"/joint-reviews/{review}/opinions", {"verdict": verdict, "text": text})
        merged = self.people["handler"].post(f"/joint-reviews/{review}/merge", {"entries": []})
        self.say(
            "联合审图", f"规划、建筑、消防三专业，{len(verdicts)} 处标注，联审意见：{merged['verdict_name']}"
        )

    def _spots(self, revision: str, number: int) -> dict[str, dict[str, Any]]:
        """A point and the CAD handle of one entity per role, to anchor marks to."""
        sheet = self.people["planner"].get(f"/revisions/{revision}/files/{number}/sheet.geojson")
        out: dict[str, dict[str, Any]] = {}
        for feature in sheet["features"]:
            role = feature["properties"].get("role")
            if role and role not in out and feature["geometry"]:
                at = feature["geometry"]["coordinates"]
                while isinstance(at[0], list):
                    at = at[0]
                out[role] = {"at": at[:2], "handle": feature["properties"]["handle"]}
        return out

    def evaluate(self, case: str) -> None:
        """Triggered evaluations: the handler states open facts; agencies accept and deliver; they are rated."""
        handler = self.people["handler"]
        view = handler.get(f"/cases/{case}/engagements")
        if view["facts_to_state"]:
            view = handler.post(f"/cases/{case}/engagements/facts", _STATED)
        for line in view["lines"]:
            if line["status"] in ("dispatched", "shared", "undecided"):
                self.say("评估触发", self._triggered(line))
        for who in ("agency", "agency2"):
            person = self.people[who]
            for engagement in person.get("/engagements")["engagements"]:
                if engagement["case_id"] != case:
                    continue
                person.post(f"/engagements/{engagement['id']}/accept")
                text = _CONCLUSIONS.get(
                    engagement["code"], "评估认为项目可行，落实报告提出的措施后可以实施。"
                )
                person.post(f"/engagements/{engagement['id']}/deliver", {"conclusion": text})
                handler.post(
                    f"/engagements/{engagement['id']}/rate",
                    {"scores": _SCORES, "comment": "按时提交，内容完整"},
                )
                self.say("中介评估", f"{engagement['name']}：{person.username} 接受、提交盖章报告，已评价")
        self.note_engagements(case)

    @staticmethod
    def _triggered(line: dict[str, Any]) -> str:
        if line["status"] == "undecided":  # the reason says so
            return f"{line['name']}：{line['reason']}"
        return f"{line['name']}：{line['status_name']}（{line['reason']}）"

    def drop_evaluations(self, case: str, reason: str) -> None:
        """No evaluation is asked of a project that is going to be refused: taken back or dropped, with the reason."""
        handler = self.people["handler"]
        for line in handler.get(f"/cases/{case}/engagements")["lines"]:
            if line["status"] in ("dispatched", "needed", "undecided"):
                handler.post(
                    f"/cases/{case}/engagements/{line['code']}/decide", {"decision": "drop", "reason": reason}
                )
                self.say("评估触发", f"{self._triggered(line)}，不再要求")

    def note_engagements(self, case: str) -> None:
        """What became of the evaluations, for the report."""
        view = self.people["handler"].get(f"/cases/{case}/engagements")
        self.report["engagements"] = [
            {
                "code": line["code"],
                "name": line["name"],
                "status": line["status"],
                "reason": line["reason"],
                "agencies": [e["agency"]["name"] for e in line["engagements"]],
            }
            for line in view["lines"]
            if line["status"] not in ("not_needed", "no")
        ]

    def permit(self, case: str) -> None:
        """The sealed permit: downloaded, kept, verified."""
        developer = self.people["developer"]
        licence = developer.get(f"/cases/{case}")["licence"]
        pdf = developer.send("GET", f"/licences/{licence['number']}/pdf").content
        path = self._keep(f"{licence['number']}.pdf", pdf)
        checked = verify_pdf(pdf)
        public = self.people["developer"].client.get(f"{API}/verify/{licence['verify_code']}").json()
        self.report["permit"] = {"path": str(path), "verified": checked.ok}
        self.say("许可证", f"{licence['number']} → {path}")
        shown = public["licence"]["status_name"]
        self.say(
            "核验",
            f"印章{'有效' if checked.ok else '无效'}；公开核验：{shown}，{'通过' if public['ok'] else '不通过'}",
        )

    def refused(self, message: str) -> None:
        """No permit, and why."""
        self.report["permit"] = {"path": None, "verified": False}
        self.report["findings"].append(
            {"code": "decision", "title": "决定", "outcome": "fail", "message": message}
        )

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _file(self, end: str) -> Path:
        return next(p for p in sorted(self.folder.iterdir()) if p.name.endswith(end))

    def _payload(self, kind: str) -> Any:
        rows = self.people["developer"].get(f"/projects/{self.project_id}/results")["results"]
        return max((r for r in rows if r["kind"] == kind), key=lambda r: r["version"])["payload"]

    def _keep(self, name: str, data: bytes) -> Path:
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / re.sub(r'[\\/:*?"<>|\s]', "_", f"{self.code}-{name}")
        path.write_bytes(data)
        return path


def document_pdf(title: str, project: str) -> bytes:
    """A one-page PDF that stands for a paper the applicant brings (land contract, power of attorney …)."""
    import typst

    source = (
        '#set page(paper: "a4", margin: 3cm)\n#set text(font: "Noto Sans CJK SC", size: 12pt)\n'
        f"#align(center)[#text(20pt)[#{_typst(title)}]]\n#v(2cm)\n项目名称：#{_typst(project)}\n\n"
        "本页为样例材料，仅用于演示。\n"
    )
    return bytes(typst.compile(source.encode()))


def _typst(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
