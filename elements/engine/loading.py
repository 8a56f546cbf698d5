"""Reading the whole catalogue: every fault that can be known beforehand is found here, with file and line."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import elements.library
from elements.engine.display import placeholders
from elements.engine.element import BusinessFile, ElementSpec, Literal_, TariffRef, Type
from elements.engine.functions import REGISTRY
from elements.engine.reading import read_yaml
from elements.engine.rulebook import JURISDICTION, Catalogue, Entry, dependency_order
from elements.engine.soundness import faults
from elements.engine.tariffs import Tariffs, load_tariffs
from elements.engine.values import Value
from project_box.formula import Formula, FormulaError, FormulaFault
from project_box.kernel.catalogue import line_of, parse, uncollected
from project_box.kernel.errors import CatalogueError

# the named functions register themselves: every module of elements.library
for _module in pkgutil.iter_modules(elements.library.__path__):
    importlib.import_module(f"elements.library.{_module.name}")

CATALOGUE_DIR = Path(__file__).parents[1] / "catalogue"

_NUMERIC = (Type.NUMBER, Type.INTEGER)
_RESULT = {
    Type.NUMBER: "number",
    Type.INTEGER: "number",
    Type.TEXT: "text",
    Type.BOOL: "bool",
    Type.OUTCOME: "bool",
}
#: values on which every formula is tried when it is loaded
_SAMPLES: dict[Type, Value] = {
    Type.NUMBER: Decimal("1.5"),
    Type.INTEGER: 2,
    Type.TEXT: "x",
    Type.BOOL: True,
    Type.DATE: "x",
}


@dataclass(frozen=True)
class _Draft:
    """A definition with its place, not yet checked."""

    spec: ElementSpec
    file: BusinessFile
    path: Path
    line: int

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    def fault(self, code: str, zh: str, en: str) -> CatalogueError:
        """What is wrong with it."""
        return CatalogueError(
            f"要素 {self.spec.code}：{zh}",
            f"{self.place}: {self.spec.code}: {en}",
            code=code,
            place=self.place,
        )


@lru_cache(maxsize=4)
def load_catalogue(folder: Path = CATALOGUE_DIR) -> Catalogue:
    """Read and check the whole catalogue (cached per folder).

    Raises:
        CatalogueError: the first fault, with file and line: bad YAML or field; ``duplicate_element``,
            ``unknown_name``, ``bad_formula``, ``bad_arguments``, ``cycle``, ``not_in_force``, ``missing_unit``,
            ``dead_input``, ``unreachable_conclusion``.
    """
    with uncollected():
        return _load(folder)


def _load(folder: Path) -> Catalogue:
    tariffs = load_tariffs(folder / "tariffs")
    drafts: list[_Draft] = []
    businesses: dict[str, BusinessFile] = {}
    for path, file, lines in _files(folder):
        businesses[file.business] = file
        drafts += [_Draft(spec, file, path, line) for spec, line in zip(file.elements, lines, strict=True)]
    types = _types(drafts)
    numeric = frozenset(code for code, kind in types.items() if kind in _NUMERIC)
    entries = [_compile(draft, types, numeric, tariffs) for draft in drafts]
    _check_uses(folder, businesses, types)
    catalogue = Catalogue(entries, tariffs, businesses, _version(entries, tariffs))
    latest = {e.spec.code: e for e in entries}
    order = dependency_order(latest)
    catalogue.at(dt.date.today())  # what holds today must hang together
    shown = [code for file in businesses.values() for code in file.uses]
    for fault in faults(latest, order, shown, tariffs):
        raise fault
    return catalogue


def _files(folder: Path) -> Iterator[tuple[Path, BusinessFile, list[int]]]:
    """The files of the businesses with the lines of their elements."""
    known: set[str] = set()
    for path in sorted(folder.glob("*/*.yaml")):
        if path.parent.name == "tariffs":
            continue
        raw, lines = read_yaml(path)
        file = parse(BusinessFile, path, raw)
        if file.business in known:
            line = line_of(path, ("business",))
            raise CatalogueError(
                f"业务 {file.business} 重复",
                f"{path}:{line}: business {file.business!r} defined twice",
                code="duplicate_business",
                place=f"{path}:{line}",
            )
        known.add(file.business)
        yield path, file, lines


def _check_uses(folder: Path, businesses: Mapping[str, BusinessFile], types: Mapping[str, Type]) -> None:
    for file in businesses.values():
        for code in file.uses:
            if code in types:
                continue
            path = next(p for p, f, _ in _files(folder) if f.business == file.business)
            line = line_of(path, ("uses",))
            raise CatalogueError(
                f"业务 {file.name} 引用未知要素 {code}",
                f"{path}:{line}: business {file.business}: unknown element {code}",
                code="unknown_name",
                place=f"{path}:{line}",
            )


def _types(drafts: list[_Draft]) -> dict[str, Type]:
    """Type of every code; a code may have several versions, one after the other and of one type."""
    types: dict[str, Type] = {}
    earlier: dict[str, list[_Draft]] = {}
    for draft in drafts:
        code = draft.spec.code
        for other in earlier.setdefault(code, []):
            if _overlap(other.spec, draft.spec):
                raise draft.fault(
                    "duplicate_element", "重复定义，且有效期重叠", f"already defined at {other.place}"
                )
        earlier[code].append(draft)
        if types.setdefault(code, draft.spec.type) is not draft.spec.type:
            raise draft.fault("duplicate_element", "各版本类型不同", "changes its type")
    return types


def _overlap(a: ElementSpec, b: ElementSpec) -> bool:
    start = max(a.valid_from or dt.date.min, b.valid_from or dt.date.min)
    end = min(a.valid_to or dt.date.max, b.valid_to or dt.date.max)
    return start <= end


def _version(entries: list[Entry], tariffs: Tariffs) -> str:
    """Hash of the whole rule set: definitions, tables, jurisdictions, versions of the named functions."""
    content = {
        "elements": [e.spec.model_dump(mode="json", by_alias=True) for e in entries],
        "tables": {c: t.model_dump(mode="json") for c, t in tariffs.tables.items()},
        "chains": tariffs.chains,
        "functions": {f.name: [f.version, f.formula] for f in REGISTRY.values()},
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- one definition


def _compile(draft: _Draft, types: Mapping[str, Type], numeric: frozenset[str], tariffs: Tariffs) -> Entry:
    spec = draft.spec
    formula = _formula(draft, types, numeric) if spec.formula is not None else None
    if spec.function is not None:
        _check_arguments(draft, spec.function)
    for reference in [spec.tariff, *spec.args.values()]:
        if isinstance(reference, TariffRef):
            _check_lookup(draft, reference, tariffs)
    needs = list(formula.names) if formula is not None else []
    for argument in [*spec.args.values(), *([spec.tariff] if spec.tariff is not None else [])]:
        needs += _codes_in(argument)
    if spec.of is not None:
        needs.append(spec.of)
    if spec.fee is not None:
        needs += [c for c in (spec.fee.basis, spec.fee.quantity, spec.fee.rate) if c is not None]
    if spec.text is not None:
        for sentence in (spec.text.passed, spec.text.failed, spec.text.undecided, spec.text.note):
            needs += [code for code in placeholders(sentence) if code != "limit"]
    needs = list(dict.fromkeys(needs))
    unknown = [n for n in needs if n not in types]
    if unknown:
        raise draft.fault(
            "unknown_name",
            f"引用了不存在的要素：{'、'.join(unknown)}",
            f"refers to unknown elements: {', '.join(unknown)}",
        )
    return Entry(spec, draft.file, draft.path, draft.line, formula, tuple(needs), spec.computed)


def _codes_in(argument: str | TariffRef | Literal_) -> list[str]:
    if isinstance(argument, str):
        return [argument.removesuffix("?")]
    if isinstance(argument, TariffRef):
        return [JURISDICTION] + [k.removesuffix("?") for k in argument.keys.values() if isinstance(k, str)]
    return []


def _check_arguments(draft: _Draft, function: str) -> None:
    named = REGISTRY.get(function)
    if named is None:
        raise draft.fault("unknown_name", f"没有函数 {function}", f"unknown function {function!r}")
    odd = sorted(set(draft.spec.args) - set(named.arguments))
    lacking = sorted(set(named.required) - set(draft.spec.args))
    if odd or lacking:
        raise draft.fault(
            "bad_arguments",
            f"函数 {function} 的参数不符：多 {odd} 缺 {lacking}",
            f"arguments of {function}: unknown {odd}, lacking {lacking}",
        )


def _check_lookup(draft: _Draft, reference: TariffRef, tariffs: Tariffs) -> None:
    table = tariffs.tables.get(reference.table)
    if table is None:
        raise draft.fault(
            "unknown_name", f"没有费率表 {reference.table}", f"unknown table {reference.table!r}"
        )
    odd = sorted(set(reference.keys) - set(table.keys))
    if odd:
        raise draft.fault(
            "bad_arguments",
            f"费率表 {reference.table} 没有键 {odd}",
            f"unknown keys {odd} of {reference.table}",
        )
    if not reference.rows and (
        set(reference.keys) != set(table.keys) or reference.column not in table.columns
    ):
        raise draft.fault(
            "bad_arguments",
            f"费率表 {reference.table} 的键或列不符",
            f"keys or column do not fit table {reference.table}",
        )


def _formula(draft: _Draft, types: Mapping[str, Type], numeric: frozenset[str]) -> Formula:
    """The compiled formula, run once on sample values so that operands which do not fit are found at load."""
    spec = draft.spec
    if spec.type not in _RESULT:
        raise draft.fault(
            "bad_formula", f"类型 {spec.type} 不能由公式得出", f"a formula cannot yield type {spec.type}"
        )
    try:
        formula = Formula(spec.formula or "", numeric, _RESULT[spec.type])
    except FormulaError as error:
        raise draft.fault("bad_formula", str(error), str(error)) from error
    if any(n not in types for n in formula.names):
        return formula  # reported as unknown names
    for name in formula.names:
        if types[name] not in _SAMPLES:
            raise draft.fault(
                "bad_formula",
                f"公式不能使用{types[name]}类型的要素 {name}",
                f"a formula cannot read {name} of type {types[name]}",
            )
    try:
        formula.evaluate({name: _SAMPLES[types[name]] for name in formula.names})
    except FormulaFault as error:
        if not error.by_zero:
            raise draft.fault(
                "bad_formula", f"公式类型不符：{error}", f"formula does not fit its operands: {error}"
            ) from error
    return formula
