"""Every worked example of the data file, straight through the catalogue and the one evaluator."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from shapely.geometry import Polygon

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.engine import evaluate, load_catalogue, read_inputs
from elements.engine.rounding import plain_number
from elements.extraction.extract import extract
from elements.service import extract_rules

DATA = Path(__file__).resolve().parents[1] / "data" / "worked_examples.yaml"
AT = dt.date(2026, 6, 3)


def _examples() -> list[dict[str, Any]]:
    loaded: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return list(loaded["examples"])


def _model(shapes: list[dict[str, Any]]) -> DrawingModel:
    made = [
        RoleShape(
            role=s["role"],
            geometry=Polygon(s["ring"]),
            attributes={
                k: float(v) if isinstance(v, (int, float)) else v for k, v in s.get("attributes", {}).items()
            },
            handle=s.get("handle", f"H{i:X}"),
            layer=s["role"],
            parent=s.get("parent"),
        )
        for i, s in enumerate(shapes)
    ]
    return DrawingModel("例-总平图.dxf", "0" * 64, "project-box", "site_plan", {}, shapes=tuple(made))


@pytest.mark.parametrize("example", _examples(), ids=lambda e: str(e["id"]))
def test_worked_example(example: dict[str, Any]) -> None:
    catalogue = load_catalogue()
    values = read_inputs(catalogue, example["set"], AT)
    if "drawing" in example:
        rules = extract_rules(catalogue, str(example["set"]["JURISDICTION"]), AT)
        for value in extract([_model(example["drawing"])], None, rules):
            values.setdefault(value.code, value)
    evaluation = evaluate(catalogue, values, AT, example["expect"])
    for code, expected in example["expect"].items():
        found = evaluation[code]
        if expected is None:
            assert found.value is None, f"{code} should be undecided, is {found.display}"
            assert found.missing, f"{code} does not say what is missing"
            assert found.display == "无法判定"
        else:
            assert found.display == expected, [m.reason for m in found.missing] or found.substituted
            assert found.rule_version == catalogue.version
            assert found.clause
    for code, exact in example.get("exact", {}).items():
        assert plain_number(evaluation[code].value) == exact  # type: ignore[arg-type] # a number by the catalogue
    for code, words in example.get("missing", {}).items():
        reasons = ";".join(m.reason for m in evaluation[code].missing)
        assert all(w in reasons for w in words), reasons
    for code in example.get("unverified", []):
        assert not evaluation[code].verified


def test_every_section_is_covered() -> None:
    have = {str(e["id"])[:5] for e in _examples()}
    wanted = {
        f"WE-{n:02d}"
        for n in (1, 2, 3, 4, 6, 7, 8, 13, 14, 16, 17, 18, 19, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 34, 46)
    }
    assert wanted <= have
