"""Esri personal geodatabases (个人地理数据库, .mdb): feature classes in an Access database, turned into a GeoPackage.

Access databases are read by the programs of mdbtools (Debian package ``mdbtools``), one child process at a time with
bounds of memory and time; shapes by :mod:`gis.deliveries.esri_shape`. See docs/adr/0014-personal-geodatabases.md.
"""

from __future__ import annotations

import base64
import json
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError

from gis.deliveries.esri_shape import UnreadableShapeError, read_shape
from gis.deliveries.gdal import quietly
from project_box.kernel.errors import BadInput

#: how an Access database begins, from its fifth byte
SIGNATURES = (b"Standard Jet DB", b"Standard ACE DB")
#: bounds of one run of a program of mdbtools
MEMORY_BYTES, CPU_SECONDS, LINE_BYTES = 2 << 30, 1_800, 512 << 20
_PROGRAMS = ("mdb-tables", "mdb-schema", "mdb-json")
_CLASSES, _SYSTEMS = "GDB_GeomColumns", "GDB_SpatialRefs"
#: kind of shapes by Esri's number, as GDAL calls it
_KINDS = {1: "Point", 2: "MultiPoint", 3: "MultiLineString", 4: "MultiPolygon"}
_INTEGERS, _REALS = (
    ("Byte", "Integer", "Long Integer", "Boolean"),
    ("Single", "Double", "Currency", "Numeric"),
)
_FEATURES_AT_ONCE = 5_000
_COLUMN = re.compile(r"^\t\[(.+)\]\t+([A-Za-z ]+)")


@dataclass(slots=True)
class FeatureClass:
    """A feature class.

    Attributes:
        name, column: the table and its column of shapes.
        kind: of its shapes, as GDAL calls it.
        definition: the coordinate system as WKT, empty when none is stated.
        unreadable: numbers (from 1) of features whose shape cannot be read.
        arcs, flattened: whether it holds circular arcs, and other curves that became lines.
    """

    name: str
    column: str
    kind: str
    definition: str
    unreadable: list[int] = field(default_factory=list)
    arcs: bool = False
    flattened: bool = False


def is_access(head: bytes) -> bool:
    """Whether a file that begins so is an Access database."""
    return head[4:19] in SIGNATURES


def to_geopackage(source: Path, target: Path, name: str, *, only: str | None = None) -> list[FeatureClass]:
    """Write the feature classes of a personal geodatabase as layers of a GeoPackage.

    Args:
        source: the database; ``name`` as the person knows it.
        target: the GeoPackage to write.
        only: the one feature class that is wanted, when there is one of that name.

    Raises:
        BadInput: mdbtools is not installed (``MDB-NO-PROGRAM``), the database cannot be read (``MDB-UNREADABLE``) or
            holds no feature classes (``MDB-NO-SHAPES``).
    """
    found = _classes(source, name)
    wanted = [c for c in found if only is not None and c.name.casefold() == only.casefold()]
    try:
        for feature_class in wanted or found:
            _copy(source, target, name, feature_class)
    except (DataSourceError, DataLayerError, FeatureError, FieldError, ValueError) as error:
        raise _unreadable(name, str(error)) from error
    return wanted or found


def _classes(source: Path, name: str) -> list[FeatureClass]:
    tables = set(_lines("mdb-tables", ["-1", str(source)], name))
    if _CLASSES not in tables:
        raise BadInput(
            f"{name} 是 Access 数据库，但不是 Esri 个人地理数据库（没有 {_CLASSES} 表），没有图形",
            f"{name} is an Access database without the tables of a personal geodatabase",
            code="MDB-NO-SHAPES",
            place=name,
            remedy="导入含要素类的个人地理数据库，或将图形另存为 GPKG、SHP",
            remedy_en="import a personal geodatabase with feature classes, or save the shapes as GPKG or SHP",
        )
    systems = {}
    if _SYSTEMS in tables:
        systems = {row.get("SRID"): _definition(row.get("SRTEXT")) for row in _rows(source, _SYSTEMS, name)}
    found = []
    for row in _rows(source, _CLASSES, name):
        table, column = row.get("TableName"), row.get("FieldName")
        kind = _KINDS.get(row.get("ShapeType", 0))
        if table in tables and column and kind is not None:
            found.append(FeatureClass(str(table), str(column), kind, systems.get(row.get("SRID"), "")))
    if not found:
        raise BadInput(
            f"个人地理数据库 {name} 里没有点、线、面要素类",
            f"the personal geodatabase {name} holds no feature class of points, lines or areas",
            code="MDB-NO-SHAPES",
            place=name,
            remedy="核对文件，导入含面要素类的数据",
            remedy_en="check the file; import data with areas",
        )
    return found


def _definition(text: Any) -> str:
    """A stated coordinate system; Esri writes a code in braces where there is none."""
    try:
        return pyproj.CRS.from_wkt(str(text or "")).to_wkt()
    except pyproj.exceptions.CRSError:
        return ""


def _copy(source: Path, target: Path, name: str, feature_class: FeatureClass) -> None:
    """One feature class, some thousand features at a time."""
    columns = dict(_columns(source, feature_class.name, name))
    columns.pop(feature_class.column, None)
    rows = _rows(source, feature_class.name, name)
    first = 0
    while (batch := list(islice(rows, _FEATURES_AT_ONCE))) or not first:
        shapes = [_shape(row, feature_class, first + n + 1) for n, row in enumerate(batch)]
        _write(target, feature_class, columns, batch, shapes, append=first > 0)
        first += len(batch)
        if not first:  # a class without features is a layer all the same
            break


def _shape(row: Mapping[str, Any], feature_class: FeatureClass, number: int) -> bytes | None:
    value = row.get(feature_class.column)
    packed = value.get("$binary") if isinstance(value, dict) else None
    if not packed:
        return None
    try:
        shape = read_shape(base64.b64decode(packed))
    except UnreadableShapeError:
        feature_class.unreadable.append(number)
        return None
    feature_class.arcs |= shape.arcs
    feature_class.flattened |= shape.flattened
    return shape.wkb


def _write(
    target: Path,
    feature_class: FeatureClass,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    shapes: Sequence[bytes | None],
    *,
    append: bool,
) -> None:
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = shapes
    values = [_values([row.get(name) for row in rows], kind) for name, kind in columns.items()]
    with quietly():
        pyogrio.raw.write(
            target,
            geometry,
            [v for v, _ in values],
            np.array(list(columns), dtype=object),
            field_mask=[m for _, m in values],
            layer=feature_class.name,
            driver="GPKG",
            geometry_type=feature_class.kind,
            crs=feature_class.definition or None,
            append=append,
        )


def _values(values: Sequence[Any], kind: str) -> tuple[Any, Any]:
    """A column of attributes, and where it has none (numbers only; a text has None there)."""
    if kind in _INTEGERS or kind in _REALS:
        empty = np.array([not isinstance(v, (int, float)) for v in values], dtype=bool)
        numbers = [0 if e else v for e, v in zip(empty, values, strict=True)]
        return np.array(numbers, dtype=np.int64 if kind in _INTEGERS else np.float64), empty
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if v is None or isinstance(v, dict) else str(v) for v in values]
    return texts, None


# --- the programs ----------------------------------------------------------------------------------------------------


def _columns(source: Path, table: str, name: str) -> Iterator[tuple[str, str]]:
    """(name, kind) of the columns of a table; binary ones hold nothing to show."""
    for line in _lines(
        "mdb-schema", [f"--table={table}", "--no-indexes", "--no-relations", "--", str(source)], name
    ):
        found = _COLUMN.match(line)
        if found is not None:
            kind = found[2].removesuffix(" NOT NULL").strip()
            if kind not in ("OLE", "Binary"):
                yield found[1], kind


def _rows(source: Path, table: str, name: str) -> Iterator[dict[str, Any]]:
    arguments = ["-D", "%Y-%m-%d", "-T", "%Y-%m-%dT%H:%M:%S", "--", str(source), table]
    for line in _lines("mdb-json", arguments, name):
        try:
            row = json.loads(line, strict=False)
        except ValueError as error:
            raise _unreadable(name, str(error)) from error
        if isinstance(row, dict):
            yield row


def _lines(program: str, arguments: Sequence[str], name: str) -> Iterator[str]:
    """The lines a program writes, as it writes them."""
    where = shutil.which(program)
    if where is None:
        raise _no_program(name)
    command = [where, *arguments]
    environment = {"LC_ALL": "C.UTF-8", "MDBICONV": "UTF-8"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        assert process.stdout is not None
        read_all = False
        try:
            while line := process.stdout.readline(LINE_BYTES):
                yield line.decode("utf-8", "replace").rstrip("\r\n")
            read_all = True
        finally:
            if not read_all:
                process.kill()
    if process.returncode != 0:
        raise _unreadable(name, f"{program} ended with {process.returncode}")


def _no_program(name: str) -> BadInput:
    return BadInput(
        f"{name} 是 Access 数据库（个人地理数据库 MDB），读取它需要服务器上的 mdbtools 程序，现在没有安装",
        f"{name} is an Access database; reading it needs the programs of mdbtools, which are not installed",
        code="MDB-NO-PROGRAM",
        place=name,
        remedy="请管理员安装系统软件包 mdbtools（apt-get install mdbtools），"
        "或在 ArcGIS 中另存为文件地理数据库（.gdb）",
        remedy_en="have the system package mdbtools installed (apt-get install mdbtools), or save the data as a file "
        "geodatabase (.gdb)",
    )


def _unreadable(name: str, reason: str) -> BadInput:
    return BadInput(
        f"读不了 {name}：Access 数据库损坏、加密或版本不支持",
        f"cannot read {name}: broken, encrypted or of an unknown version ({reason})",
        code="MDB-UNREADABLE",
        place=name,
        remedy="在 Access 或 ArcGIS 中压缩修复并去掉密码，或另存为文件地理数据库（.gdb）后再导入",
        remedy_en="repair it and remove its password in Access or ArcGIS, or save it as a file geodatabase (.gdb)",
    )
