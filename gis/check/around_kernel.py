"""Compiled check of sites against the pieces around them: put in order, laid over, summed up by feature.

:func:`around` is the one entry. Sums are taken in the order of the pieces' numbers; whatever those of a site are, they
do not depend on the other sites of the call.

Importing this module loads numba (half a second); :mod:`gis.check.overlay` does so on the first use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gis.check.once_kernel import area_once
from gis.check.overlay_kernel import area_in, box_of, edges_of, is_near, length_in, length_of
from gis.check.wkb_kernel import areas_at, compiled, unpack

MOST_BINS = 4096


@compiled
def around(
    data: Any,
    numbers: Any,
    starts: Any,
    outlines: Any,
    sites: Any,
    versions: Any,
    limits: Any,
    counted: Any,
    share: float,
) -> Any:
    """Features that overlap each site or come near it.

    Args:
        data: EWKB of the pieces.
        numbers: request (which site), number, layer version and feature of each piece; a piece that meets several boxes
            of a site may be there several times.
        starts: where each piece begins in ``data``.
        outlines: WKB of the sites (Polygons and MultiPolygons); ``sites``: where each of them begins.
        versions: layer versions, ascending; pieces of others are left out.
        limits: by version, how near a piece has to be to touch.
        counted: by version, whether area under several of its features is to be counted once.
        share: part of a site's area that features of a layer must have in common for that to matter.

    Returns:
        the pieces in order; of each feature found its request, position in ``versions``, number and first and last (not
        included) of its pieces in that order; its area in common with the site and most of its outline there; request
        and position in ``versions`` of each layer counted once; and the area under it.
    """
    rows, layers = _in_order(numbers, versions)
    parts, owners = areas_at(outlines, sites)
    coordinates, first, begin, sign = unpack(((outlines, parts), (data, starts[rows])))
    pieces = begin[len(parts) :]
    features = numbers[:, 3][rows]
    areas = np.zeros(len(rows), np.float64)
    found = np.empty((len(rows), 5), np.int64)
    sums = np.empty((len(rows), 2), np.float64)
    single = np.empty((len(rows), 2), np.int64)
    under = np.empty(len(rows), np.float64)
    shapes = coordinates, first, pieces, sign
    n, many, at = 0, 0, 0
    for s in range(len(sites)):
        if at == len(rows) or numbers[rows[at], 0] != s:
            continue
        rings = begin[owners[s]], begin[owners[s + 1]]
        box = box_of(coordinates, first[rings[0]], first[rings[1]])
        bins = min(max((first[rings[1]] - first[rings[0]]) // 2, 8), MOST_BINS)
        site = edges_of(coordinates, first, sign, rings[0], rings[1], box, bins)
        while at < len(rows) and numbers[rows[at], 0] == s:
            layer, stop, before = layers[at], at, n
            while stop < len(rows) and numbers[rows[stop], 0] == s and layers[stop] == layer:
                stop += 1
            n, inside, hits = _features(
                shapes, features, areas, at, stop, rings, site, box, limits[layer], found, sums, n
            )
            found[before:n, 0], found[before:n, 1] = s, layer
            if hits > 1 and counted[layer]:
                boxes = _boxes(shapes, inside, box)
                enough = share * max(_size(coordinates, first, sign, rings), 1.0)
                once = area_once(
                    coordinates, first, pieces, sign, boxes, inside, features, areas, rings, enough
                )
                if not np.isnan(once):
                    single[many, 0], single[many, 1], under[many] = s, layer, once
                    many += 1
            at = stop
    return rows, found[:n], sums[:n], single[:many], under[:many]


@compiled
def _features(
    shapes: Any,
    features: Any,
    areas: Any,
    start: int,
    stop: int,
    rings: Any,
    site: Any,
    box: Any,
    limit: float,
    found: Any,
    sums: Any,
    n: int,
) -> Any:
    """Features of one layer, whose pieces are those from ``start`` to ``stop``; they are written from row ``n`` on.

    Returns:
        the next free row, the pieces that overlap the site, and how many features do.
    """
    coordinates, first, pieces, sign = shapes
    west, south, east, north = box
    nothing = max(1e-6, 1e-12 * (east - west) * (north - south))
    inside = np.empty(stop - start, np.int64)
    outline = length_of(coordinates, first, rings[0], rings[1])
    most, hits, at = 0, 0, start
    while at < stop:
        feature_from, total, length = at, 0.0, 0.0
        while at < stop and features[at] == features[feature_from]:
            areas[at] = area_in(coordinates, first, sign, pieces[at], pieces[at + 1], site)
            total += areas[at]
            at += 1
        touches = total > nothing
        if touches:
            hits += 1
            for k in range(feature_from, at):
                if areas[k] > nothing:
                    length += outline + length_of(coordinates, first, pieces[k], pieces[k + 1])
                    inside[most] = k
                    most += 1
            if 2 * total <= limit * length:  # perhaps a sliver: look more closely
                length = 0.0
                for k in range(feature_from, at):
                    if areas[k] > nothing:
                        own = box_of(coordinates, first[pieces[k]], first[pieces[k + 1]])
                        length += length_in(coordinates, first, pieces[k], pieces[k + 1], box)
                        length += length_in(coordinates, first, rings[0], rings[1], own)
        else:
            total = 0.0
            for k in range(feature_from, at):
                touches = touches or is_near(coordinates, first, pieces[k], pieces[k + 1], limit, site)
        if touches:
            found[n, 2], found[n, 3], found[n, 4] = features[feature_from], feature_from, at
            sums[n, 0], sums[n, 1] = total, length
            n += 1
    return n, inside[:most], hits


@compiled
def _in_order(numbers: Any, versions: Any) -> Any:
    """Rows by request, layer, feature and number, without others' versions and repeated ones; the layer of each."""
    keys = np.empty((len(numbers), 4), np.int64)
    rows = np.empty(len(numbers), np.int64)
    n = 0
    for row in range(len(numbers)):
        layer = np.searchsorted(versions, numbers[row, 2])
        if layer < len(versions) and versions[layer] == numbers[row, 2]:
            keys[n, 0], keys[n, 1] = numbers[row, 0], layer
            keys[n, 2], keys[n, 3] = numbers[row, 3], numbers[row, 1]
            rows[n] = row
            n += 1
    order = np.arange(n)
    for column in (3, 2, 1, 0):
        order = order[np.argsort(keys[:, column][order], kind="mergesort")]
    kept = np.empty(n, np.int64)
    layers = np.empty(n, np.int64)
    most = 0
    for k in range(n):
        this = order[k]
        if k and keys[this, 0] == keys[order[k - 1], 0] and keys[this, 3] == keys[order[k - 1], 3]:
            continue  # met in two boxes of the site
        kept[most], layers[most] = rows[this], keys[this, 1]
        most += 1
    return kept[:most], layers[:most]


@compiled
def _size(coordinates: Any, first: Any, sign: Any, rings: Any) -> float:
    """Area of a site."""
    twice = 0.0
    x, y = coordinates[first[rings[0]], 0], coordinates[first[rings[0]], 1]
    for ring in range(rings[0], rings[1]):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0] - x, coordinates[k, 1] - y
            bx, by = coordinates[k + 1, 0] - x, coordinates[k + 1, 1] - y
            twice += sign[ring] * (ax * by - ay * bx)
    return twice / 2


@compiled
def _boxes(shapes: Any, inside: Any, box: Any) -> Any:
    """Boxes of the pieces ``inside`` a site, as far as they lie in its own; a row for each of all pieces."""
    coordinates, first, pieces, _ = shapes
    west, south, east, north = box
    boxes = np.empty((len(pieces), 4), np.float64)
    for k in inside:
        w, u, e, o = box_of(coordinates, first[pieces[k]], first[pieces[k + 1]])
        boxes[k, 0], boxes[k, 1] = max(w, west), max(u, south)
        boxes[k, 2], boxes[k, 3] = min(e, east), min(o, north)
    return boxes
