"""Judging overlaps, without a database."""

import datetime as dt

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from gis.check.conflict import LayerFacts, LoadedVersion, Overlap, Status
from gis.check.judging import judge
from gis.layers.layer import LayerCatalogue, Policy, layer_catalogue
from gis.layers.pieces import MAX_VERTICES, cut, repair, subdivide
from gis.rules import CATALOGUE
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import canonical_json

V = LoadedVersion(1, "2026.1", dt.date(2026, 1, 1), 4547)
DAY = dt.date(2026, 6, 1)
AREA = 8000.0


def facts(*overlaps, covered=None):
    total = sum(o.overlap_m2 for o in overlaps) if covered is None else covered
    return LayerFacts(V, tuple(overlaps), total)


def overlap(area, perimeter=None, fid=1, **attributes):
    return Overlap(fid, f"第{fid}号", area, perimeter if perimeter is not None else 4 * area**0.5, attributes)


def run(code, known, **options):
    report = judge(AREA, 4547, {code: known}, layer_catalogue(), on=DAY, **options).report()
    return next(entry for entry in report.layers if entry.code == code), report


@pytest.mark.parametrize(
    ("known", "status", "outcome"),
    [
        (LayerFacts(None), "not_checked", "undecided"),
        (facts(), "clear", "pass"),
        (facts(overlap(0, 0)), "touch", "note"),
        (facts(overlap(0.49)), "touch", "note"),  # below the minimum area
        (facts(overlap(5, 200)), "touch", "note"),  # 5 cm wide on average: a sliver
        (facts(overlap(5, 100)), "hit", "fail"),
        (facts(overlap(100)), "hit", "fail"),
    ],
)
def test_forbidden(known, status, outcome):
    entry, _ = run("YJJBNT", known)
    assert (entry.status, entry.outcome) == (status, outcome)


@pytest.mark.parametrize(
    ("overlaps", "covered", "status", "outcome", "area"),
    [
        ([overlap(0.4, fid=n) for n in (1, 2)], 0.8, "hit", "fail", 0.8),
        ([overlap(0.2, fid=n) for n in (1, 2)], 0.4, "touch", "note", 0.0),
        ([overlap(0.4, fid=n) for n in (1, 2)], 0.4, "touch", "note", 0.0),  # over one another
        ([overlap(0.4), overlap(5, 200, fid=2)], 5.4, "touch", "note", 0.0),  # a sliver does not add
    ],
)
def test_a_minimum_of_the_layer_together(monkeypatch, overlaps, covered, status, outcome, area):
    catalogue = LayerCatalogue(CATALOGUE)
    farmland = catalogue.layers["YJJBNT"].model_copy(update={"minimum_area_per": "layer"})
    monkeypatch.setitem(catalogue.layers, "YJJBNT", farmland)
    report = judge(AREA, 4547, {"YJJBNT": facts(*overlaps, covered=covered)}, catalogue, on=DAY).report()
    entry = next(line for line in report.layers if line.code == "YJJBNT")
    assert (entry.status, entry.outcome, entry.overlap_m2) == (status, outcome, area)


def test_no_data_is_never_clear():
    report = judge(AREA, 4547, {}, layer_catalogue(), on=DAY).report()
    assert {entry.status for entry in report.layers} == {Status.NOT_CHECKED}
    assert not [f for f in report.findings if f.outcome is Outcome.PASS]
    assert report.outcome is Outcome.UNDECIDED
    assert report.zones["land_grade"] is None and report.zones["regional_evaluations"] is None


def test_share_never_exceeds_the_site():
    entry, _ = run("STBHHX", facts(overlap(AREA, fid=1), overlap(AREA, fid=2), covered=2 * AREA))
    assert (entry.overlap_m2, entry.share) == (AREA, 1.0)


def test_messages_carry_the_numbers_in_both_languages():
    entry, _ = run("YJJBNT", facts(overlap(1234.5)))
    assert "1,234.50 ㎡" in entry.message and "15.43%" in entry.message
    assert "1,234.50 m²" in entry.message_en and entry.message_en.isascii() is False
    for definition in layer_catalogue().layers.values():
        line, _ = run(definition.code, facts(overlap(100, JB=1, YT="x", XG_GC=5)))
        assert line.message and line.message_en


def test_information_layers_do_not_speak_up_unless_they_hold_something():
    _, report = run("QYPG", facts())
    assert "plan.QYPG" not in {f.code for f in report.findings}
    _, report = run("QYPG", facts(overlap(AREA, PGLX="YFK", YXQZ="2029-12-31")))
    assert next(f for f in report.findings if f.code == "plan.QYPG").outcome is Outcome.NOTE


def test_height_is_compared_in_whole_millimetres():
    known = facts(overlap(AREA, XG_GC="107"), overlap(50, fid=2, XG_GC=123.0))
    assert run("JCJK", known, height_m=107.0004)[0].outcome is Outcome.PASS
    assert run("JCJK", known, height_m=107.0006)[0].outcome is Outcome.FAIL
    assert run("JCJK", facts(overlap(AREA, XG_GC=None)), height_m=1)[0].outcome is Outcome.UNDECIDED


def test_policies_have_words_for_every_status():
    for policy in Policy:
        for status in Status:
            zh, en = status.words(policy)
            assert zh and en.isascii()


def test_payload_is_plain_and_stable():
    known = facts(overlap(100, DLMC="水田"))
    first = canonical_json(run("YJJBNT", known)[1].payload())
    assert first == canonical_json(run("YJJBNT", known)[1].payload())
    assert b'"status":"hit"' in first


PLOT = {
    "DKBH": "A-1",
    "YDDM": "070102",
    "RJL_MAX": 2.2,
    "RJL_MIN": 0.0,
    "JZMD_MAX": "22",
    "LDL_MIN": 35.0,
    "XG_MAX": None,
    "JRYT": "0702,0901、070101",
}


def test_conditions_keep_operator_and_leave_out_what_the_plot_does_not_set():
    _, report = run("KG_DK", facts(overlap(AREA, **PLOT)))
    assert report.planning is not None
    assert {c.code: (c.operator, c.value) for c in report.planning.conditions} == {
        "RJL": ("<=", "2.2"),
        "JZMD": ("<=", "22"),
        "LDL": (">=", "35"),
        "YDXZ": ("in", "070102;0702;0901;070101"),
    }


@pytest.mark.parametrize(("share", "status"), [(0.995, "decided"), (0.985, "undecided")])
def test_one_plot_must_hold_the_site(share, status):
    _, report = run("KG_DK", facts(overlap(AREA * share, **PLOT)))
    assert report.planning is not None and report.planning.status == status


def test_a_plot_without_a_code_is_called_by_its_number():
    _, report = run("KG_DK", facts(overlap(AREA * 0.6, YDDM="0701")))
    assert report.planning is not None
    assert "#1" in report.planning.reason and "None" not in report.planning.reason + report.planning.reason_en


def test_evaluations_cover_only_while_valid():
    def covers(until, area=AREA):
        _, report = run("QYPG", facts(overlap(area, PGLX="YFK", BGH="1", YXQZ=until)))
        return report.zones["regional_evaluations"][0]["covers"]

    for until in ("2026-06-01", "20260601", "2026/6/1", "2026年6月", "2026", "2026-06-01T00:00:00"):
        assert covers(until)
    for until in ("2026-05-31", "2026年5月", "2025", "2026-06-31", "长期", ""):
        assert not covers(until)
    assert not covers("2029-12-31", AREA / 2)


# --- pieces ----------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 3000), st.floats(0, 0.9), st.integers(1, 40))
def test_pieces_keep_the_area_and_do_not_overlap(n, wave, lobes):
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = 100 * (1 + wave * np.sin(lobes * angles))
    shape = Polygon(np.column_stack([radius * np.cos(angles), radius * np.sin(angles)]))
    if not shape.is_valid or shape.area < 1:
        return
    pieces = subdivide(shape)
    assert all(shapely.get_num_coordinates(p) <= MAX_VERTICES for p in pieces)
    assert sum(p.area for p in pieces) == pytest.approx(shape.area, rel=1e-9)
    assert shapely.union_all(pieces).area == pytest.approx(shape.area, rel=1e-9)


def test_pieces_of_many_features_know_their_owner():
    holed = box(0, 0, 100, 100).difference(Point(50, 50).buffer(20, quad_segs=500))
    shapes = np.array([holed, MultiPolygon([box(200, 0, 210, 10), box(220, 0, 230, 10)])], dtype=object)
    pieces, owners = cut(shapes, np.array([7, 9]))
    for number, shape in zip((7, 9), shapes, strict=True):
        assert sum(p.area for p in pieces[owners == number]) == pytest.approx(shape.area)


def test_repair_keeps_only_areas():
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert repair(bow).area == pytest.approx(0.5)
    assert repair(Polygon([(0, 0), (1, 0), (2, 0)])) is None
