"""The three sample projects: one is permitted, two are refused for the reasons found."""

from __future__ import annotations

from web.demo.walk import Walk

_FORM = {"address": "样例新区文昌街 8 号", "phone": "13800138000", "agent_id": "11010519491231002X"}
_PLANNING_UPLOADS = {
    "land_right": "国有建设用地使用权出让合同",
    "authorization": "授权委托书及经办人身份证明",
}


def walk_a(walk: Walk) -> None:
    """Project A passes and goes on to the next item."""
    walk.open_project()
    walk.check_plans()
    walk.hand_in_drawings()
    case = walk.file_case("planning-permit", _PLANNING_UPLOADS, _FORM)
    _submit(walk, case)
    walk.act("window", case, "accept", "accept", "经审查，申报材料齐全，符合法定形式。")
    walk.say("受理", "窗口受理，时限开始计算")
    walk.review(
        case,
        {
            "planner": ("agree", "用地红线、退让与规划条件一致。"),
            "architect": ("agree", "单体面积与总平面一致，阳台、飘窗计算正确。"),
            "fire": ("agree", "消防车道与登高面满足要求。"),
        },
    )
    walk.evaluate(case)
    walk.act("handler", case, "handle", "agree", _draft(walk, "handler", case))
    walk.act("reviewer", case, "review", "agree", _draft(walk, "reviewer", case))
    walk.say("审核", "经办、审核同意，报请签发")
    walk.act("signer", case, "sign", "approve", _draft(walk, "signer", case))
    walk.act("window", case, "deliver", "deliver")
    walk.say("签发", "准予许可，证照入库、成果入盒")
    walk.permit(case)
    second = walk.file_case(
        "construction-permit",
        {
            "contract": "施工合同",
            "drawing_certificate": "施工图设计文件审查合格书",
            "quality_safety": "质量安全措施",
            "funds": "建设资金落实承诺书",
        },
        {
            "phone": "13800138000", "contract_price": "21000", "start_date": "2027-01-04", "end_date": "2028-12-29",
            "contractor": "样例建工集团有限公司", "contractor_person": "钱施工", "designer": "样例建筑设计院有限公司",
        },
    )  # fmt: skip
    findings = walk.people["developer"].post(f"/cases/{second}/self-check")
    words = "可以提交" if findings["open"] else "尚有未通过项"
    walk.say("下一事项", f"施工许可自查：{words}；复用 {walk.report['materials']['reused']} 项")


def walk_b(walk: Walk) -> None:
    """Project B collides with plans: the bureau refuses the permit and names every collision."""
    walk.open_project()
    walk.check_plans()
    walk.hand_in_drawings()
    _refuse(
        walk,
        {**_PLANNING_UPLOADS, "planning_conditions": "规划条件"},
        {
            "planner": ("disagree", "用地压占永久基本农田、生态保护红线和道路红线，选址不可行。"),
            "architect": ("modify", "厂房跨越西环快速路道路红线，总平面须重新布置。"),
            "fire": ("modify", "快速路隔断消防车道，须重新组织。"),
        },
    )


def walk_c(walk: Walk) -> None:
    """Project C breaks its planning conditions: the bureau refuses the permit and names every figure."""
    walk.open_project()
    walk.check_plans()
    walk.hand_in_drawings()
    _refuse(
        walk,
        _PLANNING_UPLOADS,
        {
            "planner": ("disagree", "容积率、建筑高度超出规划条件，绿地率不足。"),
            "architect": ("modify", "须压缩层数，重新核算面积。"),
            "fire": ("agree", "消防车道与登高面满足要求。"),
        },
    )


def _refuse(walk: Walk, uploads: dict[str, str], verdicts: dict[str, tuple[str, str]]) -> None:
    """File all the same: disciplines disagree, evaluations are dropped, the signer denies with the reasons found."""
    case = walk.file_case("planning-permit", uploads, _FORM)
    _submit(walk, case)
    walk.act("window", case, "accept", "accept", "经审查，申报材料齐全，符合法定形式。")
    walk.say("受理", "窗口受理，时限开始计算")
    walk.review(case, verdicts)
    walk.drop_evaluations(case, "方案不符合管控要求，拟不予许可，不再要求评估")
    gates = walk.people["handler"].get(f"/cases/{case}/gates")
    causes = [f["message"] for f in gates["findings"] if f["outcome"] == "fail"]
    draft = _draft(walk, "handler", case)
    walk.act("handler", case, "handle", "disagree", draft)
    walk.act("reviewer", case, "review", "disagree", _draft(walk, "reviewer", case))
    walk.say("审核", f"经办、审核拟不予许可：{len(causes)} 项不符合")
    denied = walk.act("signer", case, "sign", "deny", _draft(walk, "signer", case))
    walk.note_engagements(case)
    walk.refused(f"{denied['decision_name']}：{'；'.join(causes)}")
    for cause in causes:
        walk.say("理由", cause)
    walk.say("签发", f"{denied['decision_name']}（{denied['state_name']}）")


def _submit(walk: Walk, case: str) -> None:
    developer = walk.people["developer"]
    findings = developer.post(f"/cases/{case}/self-check")
    walk.say("自查", f"{len(findings['findings'])} 条，{'可以提交' if findings['open'] else '有问题'}")
    submitted = developer.post(f"/cases/{case}/submit")
    walk.say("提交", f"流水号 {submitted['serial']}")


def _draft(walk: Walk, who: str, case: str) -> str:
    text: str = walk.people[who].get(f"/cases/{case}/draft-opinion")["text"]
    return text
