"""The evaluation catalogue: complete, and a wrong file is refused with file and line."""

from __future__ import annotations

import shutil

import pytest

from intermediaries.trigger_catalogue import CATALOGUE, catalogue, load, names_in
from project_box.kernel.errors import CatalogueError


def test_the_named_evaluations_are_there():
    names = {e.name for e in catalogue().evaluations.values()}
    for word in ("地质灾害", "矿产", "水土保持", "洪水", "考古", "节能", "交通影响", "地震", "林地"):
        assert any(word in name for name in names), word
    assert {e.qualification for e in catalogue().evaluations.values()} == set(catalogue().qualifications)


def test_every_fact_is_used_or_shown():
    used = {
        name
        for e in catalogue().evaluations.values()
        for name in [
            *(n for r in e.rules for p in r.when for n in names_in(p)),
            *(n for r in e.rules for n in r.show),
            *(n for p in (e.scope.any if e.scope else ()) for n in names_in(p)),
            *([e.stated.fact] if e.stated else []),
        ]
    }
    spare = set(catalogue().facts) - used
    assert spare <= {"height_m", "parking_cars"}, "facts kept for city rules on height and parking"


def test_names_in():
    assert names_in("a >= limit.b and not (c == 'hit or d') or e in ['x', 'y']") == ("a", "limit.b", "c", "e")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("layer_YFK == 'hit'", "layer_YFKK == 'hit'", "未登记的 layer_YFKK"),
        ("layer_YFK == 'hit'", "layer_YFK == ", "无法解析"),
        ("qualification: minerals", "qualification: mining", "没有资质 mining"),
        ("layer_YFK == 'hit'", "site_area_m2 > limit.none", "未登记的 limit.none"),
        ("code: YFK", "code: yfk", "code"),
        ("deliverable:", "deliverables:", "deliverable"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, old, new, words):
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    path = folder / "minerals.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    assert words in caught.value.zh and "minerals.yaml:" in (caught.value.place or "")


def test_the_hash_follows_the_content(tmp_path):
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    assert load(folder).hash == catalogue().hash
    path = folder / "energy.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 1000,", "value: 900,"), encoding="utf-8")
    assert load(folder).hash != catalogue().hash
