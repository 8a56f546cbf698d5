"""异议: the applicant contests a finding in words. The finding itself stays; who decides reads both. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from approval import projection
from approval.case import RULES, Action, CaseState
from approval.casefile import CaseFile, get_case, open_file
from approval.models import Case
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor
from project_box.service import clean_text, record_audit

#: kind of the line in 流转记录
CONTESTED = "contested"


def contestable(file: CaseFile) -> Sequence[Mapping[str, Any]]:
    """Findings the applicant may contest: those of the results the case rests on that are not plainly 符合."""
    found = (f for kind in file.item.findings_from for f in _findings(file, kind))
    return [f for f in found if f["outcome"] != Outcome.PASS.value]


def _findings(file: CaseFile, kind: str) -> Sequence[Mapping[str, Any]]:
    result = file.results.get(kind)
    return result.payload.get("findings", ()) if result is not None else ()


def may_contest(state: CaseState) -> bool:
    """From handing in up to the decision, as long as the application can be taken back."""
    return state in RULES[Action.WITHDRAW].sources


def contest(session: Session, actor: Actor, case_id: uuid.UUID, code: str, reason: str) -> Case:
    """Contest one finding with a reason; it is kept in 流转记录 for everybody who handles the case.

    Raises:
        NotFound: no such case for this person. Forbidden: another's project. Conflict: not handed in, or decided.
        BadInput: no such finding, or no reason.
    """
    case = get_case(session, actor, case_id, lock=True)
    box.get_own_project(session, actor, case.project_id)
    if not may_contest(case.state):
        raise Conflict(
            f"办件处于“{case.state.zh}”，不能提出异议", f"the case is {case.state.value}", code="case_state",
            remedy="提交之后、作出决定之前可以提出；对决定不服的，依法申请复议或提起诉讼",
            remedy_en="a finding is contested between handing in and the decision; a decision by review or in court",
        )  # fmt: skip
    said = clean_text(reason, field="reason", label="异议理由", limit=2000)
    finding = next((f for f in contestable(open_file(session, actor, case)) if f["code"] == code), None)
    if finding is None:
        raise BadInput(
            "没有这一条可以提出异议的结论", f"no finding {code[:80]!r}", code="unknown_finding", place="code",
            remedy="从列出的结论中选择", remedy_en="choose one of the findings listed",
        )  # fmt: skip
    title, title_en = str(finding.get("title") or code), str(finding.get("title_en") or code)
    projection.log(
        session, case, actor, CONTESTED, f"对“{title}”提出异议：{said}", f"Contested “{title_en}”: {said}"
    )
    record_audit(session, actor, "case.contested", f"case:{case.id}", {"code": code, "reason": said})
    session.flush()
    return case
