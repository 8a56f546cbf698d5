"""CQL2 filters in both languages find what they say, and no filter does harm."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from .conftest import epsg, get

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("RJL_MAX > 2", lambda p: (p["RJL_MAX"] or 0) > 2),
        ("YDDM LIKE '07%' AND NOT RJL_MAX > 2",
         lambda p: p["YDDM"].startswith("07") and p["RJL_MAX"] is not None and p["RJL_MAX"] <= 2),
        ("RJL_MAX BETWEEN 1 AND 2.5", lambda p: p["RJL_MAX"] is not None and 1 <= p["RJL_MAX"] <= 2.5),
        ("class IN ('07', '09')", lambda p: p["class"] in ("07", "09")),
        ("CASEI(DKBH) LIKE CASEI('%a%')", lambda p: "a" in p["DKBH"].lower()),
        ("RJL_MIN IS NULL", lambda p: p.get("RJL_MIN") is None),
        ("area_m2 / 1000 > 5 + 3", lambda p: p["area_m2"] > 8000),
        ("valid_from > DATE('1990-01-01') AND RJL_MAX <> 2", lambda p: p["RJL_MAX"] not in (None, 2)),
        ("T_AFTER(valid_from, INTERVAL('1990-01-01', '1991-01-01'))", lambda p: True),
    ],
)  # fmt: skip
def test_filters_find_what_they_say(client, plots, written, meant):
    found = get(client, "/collections/KG_DK/items", limit=10_000, filter=written)["features"]
    assert [f["id"] for f in found] == [f["id"] for f in plots if meant(f["properties"])]


def test_spatial_filters_in_both_languages(client, plots):
    shape = shapely.geometry.shape(plots[5]["geometry"]).buffer(0.001)
    expected = [f["id"] for f in plots if shapely.geometry.shape(f["geometry"]).intersects(shape)]
    tree = {"op": "s_intersects", "args": [{"property": "geometry"}, json.loads(shapely.to_geojson(shape))]}
    asks = [
        {"filter": f"S_INTERSECTS(geometry, {shape.wkt})"},
        {"filter": json.dumps(tree), "filter-lang": "cql2-json"},
        {
            "filter": f"S_INTERSECTS(geometry, {shapely.transform(shape, lambda c: c[:, ::-1]).wkt})",
            "filter-crs": epsg(4326),
        },
    ]
    for ask in asks:
        found = get(client, "/collections/KG_DK/items", limit=10_000, **ask)["features"]
        assert [f["id"] for f in found] == expected
    apart = get(client, "/collections/KG_DK/items", filter=f"S_DISJOINT(geometry, {shape.wkt})")
    assert apart["numberMatched"] == len(plots) - len(expected)


_names = st.sampled_from(
    ["label", "RJL_MAX", "valid_from", "geometry", "x'; DROP TABLE gis.feature; --", "用途"]
)
_words = st.one_of(
    st.text(max_size=12), st.sampled_from(["'", "''; DROP TABLE box.user; --", "%", "\\", ":q0", "\0"])
)
_leaf = st.one_of(
    _words, st.floats(), st.integers(), st.booleans(), st.none(), _names.map(lambda n: {"property": n}),
    _words.map(lambda w: {"date": w}),
    st.lists(st.floats(allow_nan=False), min_size=3, max_size=5).map(lambda b: {"bbox": b}),
    st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(lambda c: {"type": "Point", "coordinates": list(c)}),
)  # fmt: skip
_trees = st.recursive(
    _leaf,
    lambda inner: st.builds(
        lambda op, args: {"op": op, "args": args},
        st.sampled_from(["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "+", "/", "^", "casei",
                         "s_intersects", "s_within", "t_after", "pg_sleep", "1=1"]),
        st.lists(st.one_of(inner, st.lists(inner, max_size=2)), max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_trees)
def test_no_filter_does_harm(client, town, tree):
    answer = client.get(
        "/ogc/collections/KG_DK/items",
        params={"filter": json.dumps(tree), "filter-lang": "cql2-json", "limit": 1},
    )
    assert answer.status_code in (200, 400), answer.text
    with town.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM gis.feature")) > 0


_tokens = st.sampled_from(["label", "=", "LIKE", "AND", "(", ")", "'", "RJL_MAX", ";", "--"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.one_of(_words, _tokens), max_size=8))
def test_no_filter_text_does_harm(client, words):
    answer = client.get("/ogc/collections/KG_DK/items", params={"filter": " ".join(words), "limit": 1})
    assert answer.status_code in (200, 400), answer.text
