"""Reading the whole catalogue: every fault that can be known beforehand is found here, with file and line."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import elements
from elements.element import BusinessFile, ElementSpec, Literal_, TariffRef, Type
from elements.formula import Formula, FormulaError, FormulaFault
from elements.functions import REGISTRY
from elements.reading import read_yaml
from elements.rulebook import JURISDICTION, Catalogue, Entry, dependency_order
from elements.tariffs import Tariffs, load_tariffs
from elements.values import Value
from project_box.kernel.catalogue import line_of, parse
from project_box.kernel.errors import CatalogueError
from project_box.kernel.plain import content_hash

# the named functions register themselves: every elements.library_<subject>
for _module in pkgutil.iter_modules(elements.__path__):
    if _module.name.startswith("library_"):
        importlib.import_module(f"elements.{_module.name}")


CATALOGUE_DIR = Path(__file__).parent / "catalogue"


_RESULT = {
    Type.NUMBER: "number",
    Type.INTEGER: "number",
    Type.TEXT: "text",
    Type.BOOL: "bool",
    Type.OUTCOME: "bool",
}


@lru_cache(maxsize=4)
def load_catalogue(folder: Path = CATALOGUE_DIR) -> Catalogue:
    """Read and check the whole catalogue (cached per folder).

    Raises:
        CatalogueError: names file and line: bad YAML, bad field, double code with overlapping validity, unknown name or
            function or table, a formula outside the language or with operands that do not fit, a cycle.
    """
    tariffs = load_tariffs(folder / "tariffs")
    businesses: dict[str, BusinessFile] = {}
    drafts: list[tuple[ElementSpec, BusinessFile, Path, int]] = []
    for path in sorted(folder.glob("*/*.yaml")):
        if path.parent.name == "tariffs":
            continue
        raw, lines = read_yaml(path)
        file = parse(BusinessFile, path, raw)
        if file.business in businesses:
            raise _fault(
                path, ("business",), f"业务 {file.business} 重复", f"business {file.business!r} defined twice"
            )
        businesses[file.business] = file
        drafts += [(spec, file, path, lines[i]) for i, spec in enumerate(file.elements)]

    types: dict[str, Type] = {}
    earlier: dict[str, list[tuple[ElementSpec, Path, int]]] = {}
    for spec, _, path, line in drafts:
        for other, other_path, other_line in earlier.setdefault(spec.code, []):
            if _overlap(other, spec):
                raise CatalogueError(
                    f"要素 {spec.code} 重复定义,且有效期重叠",
                    f"{path}:{line}: {spec.code} already defined at {other_path}:{other_line}",
                    place=f"{path}:{line}",
                )
        earlier[spec.code].append((spec, path, line))
        if types.setdefault(spec.code, spec.type) is not spec.type:
            raise CatalogueError(
                f"要素 {spec.code} 各版本类型不同",
                f"{path}:{line}: {spec.code} changes its type",
                place=f"{path}:{line}",
            )
    numeric = frozenset(c for c, t in types.items() if t in (Type.NUMBER, Type.INTEGER))
    entries = [_compile(spec, file, path, line, types, numeric, tariffs) for spec, file, path, line in drafts]
    for file in businesses.values():
        for code in file.uses:
            if code not in types:
                raise CatalogueError(
                    f"业务 {file.name} 引用未知要素 {code}",
                    f"business {file.business}: unknown element {code}",
                )
    version = content_hash(
        {
            "elements": [e.spec.model_dump(mode="json", by_alias=True) for e in entries],
            "tables": {c: t.model_dump(mode="json") for c, t in tariffs.tables.items()},
            "chains": tariffs.chains,
            "functions": {f.name: [f.version, f.formula] for f in REGISTRY.values()},
        }
    )[:16]
    catalogue = Catalogue(entries, tariffs, businesses, version)
    dependency_order({e.spec.code: e for e in entries})
    catalogue.at(dt.date.today())  # what holds today must hang together
    return catalogue


def _fault(path: Path, where: tuple[int | str, ...], zh: str, en: str) -> CatalogueError:
    line = line_of(path, where)
    return CatalogueError(zh, f"{path}:{line}: {en}", place=f"{path}:{line}")


def _overlap(a: ElementSpec, b: ElementSpec) -> bool:
    start = max(a.valid_from or dt.date.min, b.valid_from or dt.date.min)
    end = min(a.valid_to or dt.date.max, b.valid_to or dt.date.max)
    return start <= end


def _argument_codes(argument: str | TariffRef | Literal_) -> list[str]:
    if isinstance(argument, str):
        return [argument.removesuffix("?")]
    if isinstance(argument, TariffRef):
        return [JURISDICTION] + [k.removesuffix("?") for k in argument.keys.values() if isinstance(k, str)]
    return []


def _compile(
    spec: ElementSpec,
    file: BusinessFile,
    path: Path,
    line: int,
    types: Mapping[str, Type],
    numeric: frozenset[str],
    tariffs: Tariffs,
) -> Entry:
    def fail(zh: str, en: str) -> CatalogueError:
        return CatalogueError(
            f"要素 {spec.code}:{zh}", f"{path}:{line}: {spec.code}: {en}", place=f"{path}:{line}"
        )

    formula: Formula | None = None
    needs: list[str] = []
    if spec.formula is not None:
        if spec.type not in _RESULT:
            raise fail(f"类型 {spec.type} 不能由公式得出", f"a formula cannot yield type {spec.type}")
        try:
            formula = Formula(spec.formula, numeric, _RESULT[spec.type])
        except FormulaError as error:
            raise fail(str(error), str(error)) from error
        needs = list(formula.names)
        _try_formula(formula, types, fail)
    elif spec.function is not None:
        named = REGISTRY.get(spec.function)
        if named is None:
            raise fail(f"没有函数 {spec.function}", f"unknown function {spec.function!r}")
        odd = set(spec.args) - set(named.arguments)
        lacking = set(named.required) - set(spec.args)
        if odd or lacking:
            raise fail(
                f"函数 {spec.function} 的参数不符:多 {sorted(odd)} 缺 {sorted(lacking)}",
                f"arguments of {spec.function}: unknown {sorted(odd)}, lacking {sorted(lacking)}",
            )
        for argument in spec.args.values():
            needs += _argument_codes(argument)
    elif spec.tariff is not None:
        needs = _argument_codes(spec.tariff)
    for reference in [spec.tariff, *spec.args.values()]:
        if isinstance(reference, TariffRef):
            table = tariffs.tables.get(reference.table)
            if table is None:
                raise fail(f"没有费率表 {reference.table}", f"unknown table {reference.table!r}")
            if set(reference.keys) - set(table.keys):
                raise fail(
                    f"费率表 {reference.table} 没有键 {sorted(set(reference.keys) - set(table.keys))}",
                    "unknown keys",
                )
            if not reference.rows and (
                set(reference.keys) != set(table.keys) or reference.column not in table.columns
            ):
                raise fail(
                    f"费率表 {reference.table} 的键或列不符",
                    f"keys or column do not fit table {reference.table}",
                )
    if spec.of is not None:
        needs.append(spec.of)
    unknown = [n for n in dict.fromkeys(needs) if n not in types]
    if unknown:
        raise fail(f"引用了不存在的要素:{'、'.join(unknown)}", f"unknown elements: {', '.join(unknown)}")
    if spec.fee is not None:
        for code in (spec.fee.basis, spec.fee.quantity, spec.fee.rate):
            if code is not None and code not in types:
                raise fail(f"费用引用了不存在的要素 {code}", f"fee refers to unknown element {code}")
            if code is not None and code not in needs:
                needs.append(code)
    if spec.text is not None:
        for sentence in (spec.text.passed, spec.text.failed, spec.text.undecided, spec.text.note):
            for code in re.findall(r"\{([^}]*)\}", sentence):
                if code != "limit" and code not in types:
                    raise fail(f"结论文字引用了不存在的要素 {code}", f"text refers to unknown element {code}")
                if code != "limit" and code not in needs:
                    needs.append(code)
    return Entry(spec, file, path, line, formula, tuple(dict.fromkeys(needs)), spec.computed)


def _try_formula(formula: Formula, types: Mapping[str, Type], fail: Any) -> None:
    """Run the formula once on sample values so that operands which do not fit are found at load."""
    samples: dict[Type, Value] = {
        Type.NUMBER: Decimal("1.5"),
        Type.INTEGER: 2,
        Type.TEXT: "x",
        Type.BOOL: True,
        Type.DATE: "x",
    }
    if any(n not in types for n in formula.names):
        return  # reported as unknown names
    values: dict[str, Value] = {}
    for name in formula.names:
        if types[name] not in samples:
            raise fail(
                f"公式不能使用{types[name]}类型的要素 {name}",
                f"a formula cannot read {name} of type {types[name]}",
            )
        values[name] = samples[types[name]]
    try:
        formula.evaluate(values)
    except FormulaFault as error:
        if "除数为零" not in str(error):
            raise fail(f"公式类型不符:{error}", f"formula does not fit its operands: {error}") from error
