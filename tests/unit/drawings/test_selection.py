"""Entities wanted of a drawing: the table of a large file gives what filtering all of them gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings.cad.fast.reader import read_fast
from drawings.cad.fast.table import EntityTable
from drawings.cad.selection import OUTLINES, Wanted, layer_by_layer, layers_drawn, picked
from drawings.reading import reading
from tests.unit.drawings.test_fast_oracle import everything, saved


@pytest.fixture(scope="module")
def table() -> EntityTable:
    found = read_fast(saved(everything("R2010", 7)), "a.dxf", reading(), None)
    assert found is not None and isinstance(found.entities, EntityTable)
    return found.entities


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(layers={"绿地", "0"}),
        Wanted(kinds={"INSERT", "SPLINE"}),
        Wanted(without=OUTLINES),
        Wanted(layers={"JZJD"}, without={"TEXT", "MTEXT", "INSERT"}),
    ],
)
def test_picking_is_filtering(table: EntityTable, wanted: Wanted) -> None:
    every = tuple(table[:])
    assert list(picked(table, wanted)) == [e for e in every if wanted.holds(e)] == list(picked(every, wanted))
    assert dict(layer_by_layer(table, wanted)) == dict(layer_by_layer(every, wanted))
    assert set(layers_drawn(every, wanted)) <= set(layers_drawn(table, wanted))


def test_parts_of_some_blocks(table: EntityTable) -> None:
    inserts = [e.handle for e in picked(table, Wanted(kinds={"INSERT"})) if not e.in_block]
    wanted = Wanted(under=inserts[::3])
    found = list(picked(table, wanted))
    assert found and found == [e for e in table if wanted.holds(e)]
    assert all(e.in_block for e in found)


def test_entities_of_a_large_drawing_are_not_kept(
    table: EntityTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drawings.cad.fast.table._KEPT", 10)
    fresh = EntityTable(table._words, table._instances, table.layer_names, table._shown)
    assert len(list(fresh)) == len(list(fresh)) == len(table) and fresh._kept is None


def test_without_curves_nothing_else_is_lost(table: EntityTable) -> None:
    for entity in table:
        assert entity.without_curves() == replace(entity, curves=())
