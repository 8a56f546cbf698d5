"""The catalogue counted: as much as promised, no copies, both outcomes shown; re-runs; the page is current.

Units, dead inputs and conclusions no data can reach are found when it loads: test_broken_catalogues.py.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from elements.coverage import coverage, coverage_markdown
from elements.engine.element import Kind
from elements.engine.engine import evaluate, load_catalogue, read_inputs
from elements.places import with_settings
from elements.rerun import Job, outcome_line, rerun
from project_box.kernel.plain import canonical_json

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
RULES = CATALOGUE.at(AT)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "elements.md"


def test_as_many_as_promised() -> None:
    counted = coverage(CATALOGUE, AT)
    totals, goals = counted["totals"], counted["goals"]
    assert totals["elements"] >= goals["elements"]
    assert totals["kinds"]["指标"] >= goals["指标"]
    assert totals["kinds"]["结论"] >= goals["结论"]
    assert sum(b["elements"] for b in counted["businesses"]) == totals["elements"]
    assert sum(c["elements"] for c in counted["classes"]) == totals["elements"]


def test_no_copies_within_a_class() -> None:
    seen: dict[tuple[str, ...], str] = {}
    copies = []
    for code, entry in RULES.entries.items():
        spec = entry.spec
        rule = spec.formula or spec.model_dump_json(include={"function", "args", "tariff", "source"})
        key = (entry.business.clas, spec.name, rule)
        if key in seen:
            copies.append((seen[key], code))
        seen[key] = code
    assert copies == []


def test_no_rule_twice_under_two_names() -> None:
    seen: dict[tuple[str, str, str], str] = {}
    copies = []
    for code, entry in RULES.entries.items():
        spec = entry.spec
        if spec.formula is None or spec.kind is not Kind.INDICATOR:
            continue
        key = (re.sub(r"\s", "", spec.formula), spec.unit, str(spec.precision))
        if key in seen and not re.fullmatch(r"[A-Z0-9_]+", key[0]):
            copies.append((seen[key], code))
        seen[key] = code
    assert copies == []


def test_every_conclusion_has_an_example_that_passes_and_one_that_fails() -> None:
    """Except those judged on measured drawings: their examples are drawings, in tests/integration/elements."""
    lacking = [
        code
        for code, entry in RULES.entries.items()
        if entry.spec.kind is Kind.CONCLUSION
        and entry.business.business != "planning-permit"
        and not {"符合", "不符合"} <= {str(x.expect) for x in entry.spec.examples}
    ]
    assert lacking == []


def test_the_page_has_the_catalogue_s_shape() -> None:
    """Every business has its row; figures are those of the last ``elements coverage --write``."""
    shown = PAGE.read_text(encoding="utf-8")
    fresh = coverage_markdown(coverage(CATALOGUE, AT))

    def shape(text: str) -> list[str]:
        return [
            re.sub(r"\d+|\(\)|%|`[0-9a-f#]{4,}`", "#", line) for line in text.splitlines() if "|" not in line
        ]

    assert [s for s in shape(shown) if s.startswith("##")] == [s for s in shape(fresh) if s.startswith("##")]
    for business in re.findall(r"^\| \w+ \| `([a-z-]+)`", shown, re.M):
        assert business in CATALOGUE.businesses


def test_a_rerun_gives_the_same_bytes_however_it_is_split() -> None:
    codes = tuple(dict.fromkeys([*CATALOGUE.codes_of("fees", AT), *CATALOGUE.codes_of("verification", AT)]))
    job = Job(codes, AT)
    projects = [
        with_settings(CATALOGUE, read_inputs(CATALOGUE, {"HX_PERMITTED": 900 + i, "HX_ACTUAL": 950}, AT), AT)
        for i in range(23)
    ]
    done: list[tuple[int, int]] = []
    whole = rerun(job, projects, processes=1, progress=lambda a, b: done.append((a, b)))
    assert done == [(23, 23)]
    assert len(set(whole)) > 1
    for processes, chunk in ((1, 7), (2, 4), (3, 1)):
        assert rerun(job, projects, processes=processes, chunk=chunk) == whole


def test_a_rerun_says_what_a_full_evaluation_says() -> None:
    codes = tuple(CATALOGUE.codes_of("verification", AT))
    inputs = with_settings(CATALOGUE, read_inputs(CATALOGUE, {"HX_PERMITTED": 900}, AT), AT)
    found = evaluate(CATALOGUE, inputs, AT, codes)
    rows = [[e.code, e.display, e.outcome, [m.code for m in e.missing]] for e in (found[c] for c in codes)]
    assert outcome_line(CATALOGUE, Job(codes, AT), inputs) == canonical_json([CATALOGUE.version, rows])
    short = evaluate(CATALOGUE, inputs, AT, codes, trace=False)
    for code, full in found.elements.items():
        one = short[code]
        assert (one.value, one.outcome, one.missing, one.verified) == (
            full.value,
            full.outcome,
            full.missing,
            full.verified,
        )
