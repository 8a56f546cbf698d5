"""DWG: the same drawing as its DXF, and nothing but issues for anything else."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawings.cad import CadEntity, CadFile, read
from drawings.cad.curve import Curve, arc
from drawings.cad.dwg import is_dwg
from drawings.cad.dwg_arcs import CHORD, rebuild_arcs
from drawings.cad.dwg_dimensions import factor_of
from project_box.kernel.finding import Level

SAMPLES = Path(__file__).resolve().parents[4] / "shared/data/drawings/acadsharp"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="sample drawings are not on this machine")
#: what is not read from DWG (said so in the issues): entities, and the pictures of multileaders
NOT_READ = {"ATTRIB", "ACAD_TABLE", "LEADER"}


def by_handle(cad: CadFile) -> dict[str, CadEntity]:
    return {e.handle: e for e in cad.entities}


def area(entity: CadEntity) -> float:
    return sum(abs(c.area()) for c in entity.curves if c.closed)


def length(entity: CadEntity) -> float:
    return sum(c.length() for c in entity.curves)


@pytest.fixture(scope="module")
def oracle() -> CadFile:
    return read(SAMPLES / "sample_AC1032_ascii.dxf")


@needs_samples
@pytest.mark.parametrize("name", ["sample_AC1032.dwg", "sample_AC1018.dwg"])
def test_dwg_and_dxf_give_the_same_drawing(oracle: CadFile, name: str) -> None:
    cad = read(SAMPLES / name)
    assert cad.readable and cad.format == "dwg"
    assert (cad.units.unit, cad.units.source) == (oracle.units.unit, oracle.units.source) == ("in", "header")
    assert cad.extents == pytest.approx(oracle.extents)
    expected, found = by_handle(oracle), by_handle(cad)
    missing = Counter(expected[h].kind for h in expected.keys() - found.keys())
    assert set(missing) <= NOT_READ and not found.keys() - expected.keys()
    compared = 0
    for handle, entity in found.items():
        other = expected[handle]
        assert (entity.kind, entity.layer, entity.in_block) == (other.kind, other.layer, other.in_block)
        if entity.kind in ("MULTILEADER", "DIMENSION", "SPLINE"):
            continue
        assert (entity.text or "") == (other.text or "")
        assert area(entity) == pytest.approx(area(other), abs=1e-6)
        assert length(entity) == pytest.approx(length(other), rel=1e-4 if entity.kind == "ELLIPSE" else 1e-9)
        assert entity.filled == other.filled
        # tags of attributes of several lines get a number in releases that do not know them
        assert list(entity.attributes.values()) == list(other.attributes.values())
        if entity.at is not None and other.at is not None and entity.kind != "ELLIPSE":
            assert entity.at == pytest.approx(other.at)
        compared += 1
    assert compared > 90
    for layer in oracle.layers.values():
        mine = cad.layers[layer.name]
        assert (mine.color, mine.visible, mine.frozen, mine.locked) == (
            layer.color, layer.visible, layer.frozen, layer.locked
        )  # fmt: skip


@needs_samples
def test_dimensions_measure_the_same(oracle: CadFile) -> None:
    found = {d.handle: d for d in read(SAMPLES / "sample_AC1032.dwg").dimensions}
    assert len(found) == len(oracle.dimensions) == 11
    for other in oracle.dimensions:
        mine = found[other.handle]
        assert (mine.kind, mine.layer, mine.text) == (other.kind, other.layer, other.text)
        assert mine.measured is not None and other.measured is not None
        measured = min(other.measured, 360 - other.measured) if other.kind == "angular" else other.measured
        assert mine.measured == pytest.approx(measured)


@needs_samples
def test_what_is_not_read_is_said(oracle: CadFile) -> None:
    issues = read(SAMPLES / "sample_AC1032.dwg").issues
    kinds = {i.message_en.split("type ")[1].split(" are")[0] for i in issues if i.code == "DXF-UNSUPPORTED"}
    assert {"ACAD_TABLE", "LEADER", "IMAGE", "MESH"} <= kinds
    assert "DWG-NO-XDATA" in {i.code for i in issues}


@needs_samples
def test_empty_drawing_with_its_georeference() -> None:
    dwg, dxf = read(SAMPLES / "geoloc.dwg"), read(SAMPLES / "geoloc.dxf")
    assert dwg.readable and not dwg.entities and not dxf.entities
    assert dwg.units.unit == dxf.units.unit
    assert dwg.geodata["coordinate_type"] == "1"
    assert "DXF-EMPTY" in {i.code for i in dwg.issues}


def only_issues(data: bytes) -> CadFile:
    cad = read(data, "x.dwg")
    if not cad.readable:
        assert any(i.level is Level.ERROR for i in cad.issues)
        assert all(i.message and i.remedy for i in cad.issues if i.level is Level.ERROR)
    return cad


def test_cut_old_and_locked_files_have_codes() -> None:
    assert only_issues(b"AC1032" + bytes(400)).issues[0].code in ("DWG-CUT", "DWG-UNREADABLE")
    assert [i.code for i in only_issues(b"AC1009" + bytes(400)).issues] == ["DWG-VERSION"]
    locked = bytearray(b"AC1018" + bytes(400))
    locked[0x18] = 1
    assert [i.code for i in only_issues(bytes(locked)).issues] == ["DWG-ENCRYPTED"]
    assert is_dwg(b"AC1032") and not is_dwg(b"  0\nSECTION") and not is_dwg(b"ACDC12")


@needs_samples
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_cut_file(share: float) -> None:
    data = (SAMPLES / "sample_AC1018.dwg").read_bytes()
    only_issues(data[: int(len(data) * share)])


@needs_samples
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 46_959), st.integers(0, 255)), min_size=1, max_size=40))
def test_fuzzed_bytes_never_raise(changes: list[tuple[int, int]]) -> None:
    data = bytearray((SAMPLES / "geoloc.dwg").read_bytes())
    for place, value in changes:
        data[max(6, place % len(data))] = value
    only_issues(bytes(data))


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([b"AC1015", b"AC1018", b"AC1021", b"AC1032"]), st.binary(max_size=2000))
def test_noise_never_raises(head: bytes, noise: bytes) -> None:
    only_issues(head + noise)


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from drawings.reading import reading

    plain = reading()
    quick = plain.model_copy(update={"limits": plain.limits.model_copy(update={"seconds": 0.001})})
    cad = read(b"AC1032" + bytes(400), "x.dwg", settings=quick)
    assert [i.code for i in cad.issues] == ["DWG-BOUND"]


# --- arcs put together again -----------------------------------------------------------------------------------------


def inscribed(curve: Curve) -> list[tuple[float, float]]:
    """Points on the arcs, as the reader flattens them."""
    out: list[tuple[float, float]] = []
    for p, q, bulge in curve.segments():
        out.append(p)
        if bulge:
            angle = 4 * math.atan(bulge)
            radius = math.dist(p, q) / (2 * math.sin(abs(angle) / 2))
            count = max(3, math.ceil(abs(angle) / (2 * math.acos(1 - CHORD / radius))))
            mx, my = (p[0] + q[0]) / 2, (p[1] + q[1]) / 2
            away = math.dist(p, q) / 2 / math.tan(angle / 2)
            ux, uy = (q[0] - p[0]) / math.dist(p, q), (q[1] - p[1]) / math.dist(p, q)
            cx, cy = mx - uy * away, my + ux * away
            start = math.atan2(p[1] - cy, p[0] - cx)
            out += [
                (
                    cx + radius * math.cos(start + angle * k / count),
                    cy + radius * math.sin(start + angle * k / count),
                )
                for k in range(1, count)
            ]
    if not curve.closed:
        out.append(curve.points[-1])
    return out


@settings(max_examples=80, deadline=None)
@given(
    st.floats(1, 60), st.floats(1, 60), st.floats(-0.95, 0.95), st.floats(-0.95, 0.95),
    st.sampled_from([(0.0, 0.0), (388_000.0, 3_120_000.0)]),
)  # fmt: skip
def test_rebuilt_arcs_have_the_exact_area(
    w: float, h: float, b1: float, b2: float, at: tuple[float, float]
) -> None:
    x, y = at
    bulges = (b1 if abs(b1) > 0.05 else 0.0, 0.0, b2 if abs(b2) > 0.05 else 0.0, 0.0)
    curve = Curve(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), bulges, True)
    again = rebuild_arcs(inscribed(curve), True, CHORD)
    assert again.area() == pytest.approx(curve.area(), abs=2e-3 if x else 1e-6)
    if not x:
        assert len(again.points) == 4


def test_straight_polygons_stay_polygons() -> None:
    octagon = [(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) for k in range(8)]
    assert rebuild_arcs(octagon, True, CHORD).bulges is None
    assert rebuild_arcs([(0, 0), (1, 0), (2, 0), (3, 0)], False, CHORD).bulges is None
    assert len(rebuild_arcs(inscribed(arc((0, 0), 5, 0, 1)), False, CHORD).points) <= 3


def test_factor_of_a_typed_number() -> None:
    assert factor_of("12000", 12.0) == 1000.0
    assert factor_of("12500", 12.0) == 1.0
    assert factor_of(None, 12.0) == 1.0
