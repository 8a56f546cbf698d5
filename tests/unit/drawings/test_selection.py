"""Entities wanted of a drawing: the table of a large file gives what filtering all of them gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drawings.cad.fast.reader import read_fast
from drawings.cad.fast.table import EntityTable
from drawings.cad.selection import OUTLINES, Wanted, kinds_by_layer, layers_drawn, outlines, picked
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
    for with_texts in (False, True):
        pairs = zip(
            outlines(table, wanted, with_texts=with_texts),
            outlines(every, wanted, with_texts=with_texts),
            strict=True,
        )
        for fast, plain in pairs:
            assert fast.layer == plain.layer and fast.z.tolist() == plain.z.tolist()
            assert fast.owner.tolist() == plain.owner.tolist()
            assert fast.in_block.tolist() == plain.in_block.tolist()
            assert fast.curves.start.tolist() == plain.curves.start.tolist()
            assert fast.curves.xy.tolist() == plain.curves.xy.tolist()
            assert fast.curves.bulge.tolist() == plain.curves.bulge.tolist()
            assert fast.curves.closed.tolist() == plain.curves.closed.tolist()
            numbers = np.arange(len(fast.z))[::-1]
            assert fast.entities(numbers) == plain.entities(numbers)
            assert fast.entity(0) is fast.entities(np.array([0]))[0]
    assert set(layers_drawn(every, wanted)) <= set(layers_drawn(table, wanted))


def test_kinds_on_layers(table: EntityTable) -> None:
    every = tuple(table[:])
    found, plain = kinds_by_layer(table), kinds_by_layer(every)
    assert found == plain and list(found) == list(plain)


def test_beside_some_blocks(table: EntityTable) -> None:
    inserts = [e.handle for e in picked(table, Wanted(kinds={"INSERT"})) if not e.in_block]
    within, beside = Wanted(under=inserts[::3]), Wanted(beside=inserts[::3])
    found = list(picked(table, beside))
    assert found == [e for e in table if beside.holds(e)]
    assert len(found) + len(list(picked(table, within))) == len(table)


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
