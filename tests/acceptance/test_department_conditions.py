"""A department's condition, put by form in the planning stage, decides about the drawings of the permit stage."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tests.acceptance.conftest import Caller, boundary_of, drawings_of, new_project

Sign = Callable[[str], Caller]


def page(caller: Caller, path: str, form: Mapping[str, object] | None = None):
    """A page as this person sees it, or after handing in its form."""
    if form is None:
        return caller.client.get(path, headers=caller.headers)
    return caller.client.post(path, headers=caller.headers, data=form)


def height(found: dict) -> dict:
    """The conclusion about the height of the buildings."""
    return next(e for e in found["elements"] if e["code"] == "JZGD")


def test_a_limit_of_24_m_fails_the_drawings(sign: Sign) -> None:
    developer, fire, planner = sign("developer"), sign("fire"), sign("planner")
    project = new_project(developer, "部门条件")
    name, data = boundary_of("A")
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (name, data)})
    developer.done("POST", f"/projects/{project}/conflict-check", json={})
    developer.done("POST", f"/projects/{project}/drawings", files=drawings_of("A"))
    before = height(developer.done("POST", f"/projects/{project}/indicators"))
    assert before["outcome"] == "pass"

    address = f"/projects/{project}/conditions"
    offered = set(re.findall(r'name="invite" value="([^"]+)"', page(developer, address).text))
    assert {"discipline:fire", "discipline:planning"} <= offered and any(
        o.startswith("organisation:") for o in offered
    )
    missing = {"act": "open", "own_name": "文物局", "own_who": "", "working_days": "5"}
    refused = page(developer, address, missing)
    assert refused.status_code == 422 and "文物局" in refused.text
    invited = {
        "act": "open", "invite": ["discipline:fire"], "own_name": "文物局", "own_who": "discipline:planning",
        "working_days": "5",
    }  # fmt: skip
    assert page(developer, address, invited).status_code == 303

    put = {
        "act": "put",
        "department": "消防",
        "code": "JZGD",
        "operator": "<=",
        "value": "二十四",
        "clause": "登高救援能力",
    }
    refused = page(fire, address, put)
    assert refused.status_code == 422 and "二十四" in refused.text
    assert page(fire, address, put | {"value": "24", "evaluations": ["DZZH"]}).status_code == 303
    assert page(planner, address, {"act": "put", "department": "文物局", "none": "1"}).status_code == 303
    assert page(developer, address, {"act": "close"}).status_code == 303
    assert "地质灾害危险性评估" in page(developer, address).text
    developer.done("POST", f"/projects/{project}/conflict-check", json={})
    assert "消防：登高救援能力" in page(developer, f"/projects/{project}/check").text

    table = developer.done("POST", f"/projects/{project}/indicators")
    after = height(table)
    assert after["outcome"] == "fail" and after["value"] == before["value"] == "49.5"
    assert "24" in str(after["limit"])
    said = [f for f in table["findings"] if f["outcome"] == "fail"]
    assert len(said) == 1 and "消防：登高救援能力" in str(said[0])
    shown = page(developer, f"/projects/{project}/indicators").text
    assert "不符合" in shown and "24" in shown
