"""Looking for a name on the map: the same before and after the worker has noted the names."""

import pytest
from sqlalchemy import text

from gis import service
from gis.layers.name_store import named, pattern
from tests.integration.gis.conftest import rectangle

pytestmark = pytest.mark.integration


@pytest.fixture
def parcels(load):
    """Nine parcels of one name, one of another, one with signs that mean something in a pattern."""

    def bring(version, first="样江村"):
        names = [first] * 9 + ["样江村东区 Lot-A", "一半50%_的地"]
        load(
            "DLTB",
            [
                (rectangle(n * 10, 0, n * 10 + 9, 9), {"DLBM": "0101", "DLMC": name})
                for n, name in enumerate(names)
            ],
            version=version,
        )

    bring("2026.1")
    return bring


def found(session, words, limit=12):
    return [(n.layer, n.label, n.count, n.extent is not None) for n in named(session, words, limit)]


def test_names_are_found_before_and_after_they_are_noted(session, parcels):
    asked = ["样江村", "东区", "lot-a", "50%_", "%", "_", "没有", "\\"]
    before = [found(session, words) for words in asked]
    assert [(label.split()[0].removeprefix("0101"), count) for _, label, count, _ in before[0]] == [
        ("样江村", 9), ("样江村东区", 1),
    ]  # fmt: skip
    assert [len(b) for b in before] == [2, 1, 1, 1, 1, 1, 0, 0] and all(e for _, _, _, e in before[0])
    while service.note_names(session):
        pass
    assert session.scalar(text("SELECT count(*) FROM gis.feature_name")) >= 3
    assert [found(session, words) for words in asked] == before
    assert len(found(session, "样", 1)) == 1


def test_names_of_a_version_go_with_it(session, parcels):
    while service.note_names(session):
        pass
    parcels("2026.2", "新江村")
    assert [n.label for n in named(session, "新江村", 5)] and not [
        n for n in named(session, "样江村", 5) if n.count == 9
    ]
    while service.note_names(session):
        pass
    noted = "SELECT count(DISTINCT version_id) FROM gis.feature_name JOIN gis.layer_version v ON v.id = version_id"
    versions = session.scalar(text(f"{noted} WHERE v.layer_code = 'DLTB'"))
    assert versions == 1


def test_the_index_answers(session, parcels):
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = session.scalars(
        text("EXPLAIN SELECT * FROM gis.feature_name WHERE label ILIKE :words"),
        {"words": pattern("样江村东")},
    ).all()
    assert any("ix_feature_name_label" in line for line in plan)
