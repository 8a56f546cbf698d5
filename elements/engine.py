"""The one evaluator: catalogue in, every element's value with its trace out.

``load_catalogue`` reads and checks all files (unknown names, cycles, doubles, formulas that do not compile: each with
file and line). ``evaluate`` computes the asked elements in dependency order; nothing is guessed: an element whose
input is missing is 无法判定 and names the input.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

import elements
from elements.element import BusinessFile, ElementSpec, Kind, Literal_, Source, TariffRef, Type
from elements.formula import Formula, FormulaError, FormulaFault
from elements.functions import REGISTRY
from elements.planning import limit_text
from elements.reading import read_yaml
from elements.rounding import Rounding, plain_number, round_to
from elements.tariffs import Lookup, Tariffs, load_tariffs
from elements.values import (
    OWN,
    Computed,
    ElementValue,
    Evaluated,
    Missing,
    Undecided,
    Value,
    union_evidence,
    union_missing,
)
from project_box.kernel.catalogue import line_of, parse
from project_box.kernel.errors import BadInput, CatalogueError, NotFound, PlatformError
from project_box.kernel.finding import EntityRef, Outcome
from project_box.kernel.plain import content_hash

# the named functions register themselves: elements.library and every elements.library_<subject>
for _module in pkgutil.iter_modules(elements.__path__):
    if _module.name == "library" or _module.name.startswith("library_"):
        importlib.import_module(f"elements.{_module.name}")

CATALOGUE_DIR = Path(__file__).parent / "catalogue"

#: elements that choose rule sets; every tariff lookup depends on the first
JURISDICTION = "JURISDICTION"

_RESULT = {
    Type.NUMBER: "number",
    Type.INTEGER: "number",
    Type.TEXT: "text",
    Type.BOOL: "bool",
    Type.OUTCOME: "bool",
}


@dataclass(frozen=True)
class Entry:
    """One definition with its place in the catalogue."""

    spec: ElementSpec
    business: BusinessFile
    path: Path
    line: int
    formula: Formula | None
    needs: tuple[str, ...]
    computed: bool

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Rules:
    """The catalogue as it holds on one day: definitions in dependency order."""

    at: dt.date
    entries: dict[str, Entry]
    order: tuple[str, ...]
    _closures: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def closure(self, codes: Iterable[str], own: frozenset[str] = frozenset()) -> list[str]:
        """The given codes and everything below them, in dependency order; nothing below a code of ``own``."""
        asked = tuple(codes)
        if own:
            return self._below(asked, own)
        known = self._closures.get(asked)
        if known is None:
            if len(self._closures) > 500:
                self._closures.clear()
            known = self._closures[asked] = self._below(asked)
        return list(known)

    def _below(self, codes: Iterable[str], own: frozenset[str] = frozenset()) -> list[str]:
        wanted: set[str] = set()
        stack = list(codes)
        while stack:
            code = stack.pop()
            if code in wanted:
                continue
            wanted.add(code)
            if code not in own:
                stack += self.entries[code].needs
        return [c for c in self.order if c in wanted]


@dataclass
class Catalogue:
    """All elements, tables and named functions; ``version`` is the hash of the whole rule set."""

    entries: list[Entry]
    tariffs: Tariffs
    businesses: dict[str, BusinessFile]
    version: str
    _rules: dict[dt.date, Rules] = field(default_factory=dict)

    def at(self, day: dt.date) -> Rules:
        """Definitions in force on a day.

        Raises:
            CatalogueError: on that day a definition needs one that is not in force.
        """
        if day not in self._rules:
            if len(self._rules) > 64:
                self._rules.clear()
            held = {e.spec.code: e for e in self.entries if e.spec.holds(day)}
            self._rules[day] = Rules(day, held, _order(held))
        return self._rules[day]

    def business(self, code: str) -> BusinessFile:
        """One business.

        Raises:
            NotFound: no such business.
        """
        try:
            return self.businesses[code]
        except KeyError as error:
            known = "、".join(sorted(self.businesses))
            raise NotFound(f"没有业务 {code};现有:{known}", f"no business {code!r}") from error

    def codes_of(self, business: str, day: dt.date) -> list[str]:
        """Codes on a business's table: its own and the shared ones it uses, in file order."""
        file = self.business(business)
        held = self.at(day).entries
        own = [s.code for s in file.elements if s.code in held and held[s.code].business.business == business]
        return list(dict.fromkeys([*file.uses, *own]))

    def resolve(self, name: str, day: dt.date) -> str:
        """Element code for a code (any case) or a Chinese name.

        Raises:
            BadInput: unknown, with the closest ones named.
        """
        entries = self.at(day).entries
        if name.upper() in entries:
            return name.upper()
        named = [c for c, e in entries.items() if e.spec.name == name]
        if len(named) == 1:
            return named[0]
        if named:
            raise BadInput(
                f"“{name}”有多个要素同名,请用代码:{'、'.join(named)}", f"ambiguous name {name!r}: {named}"
            )
        import difflib

        near = difflib.get_close_matches(name.upper(), entries, n=3, cutoff=0.5) or [
            c for c, e in entries.items() if name and name in e.spec.name
        ]
        hint = f";是否指 {'、'.join(f'{c}({entries[c].spec.name})' for c in near[:4])}?" if near else ""
        raise BadInput(
            f"没有要素“{name[:60]}”{hint}",
            f"unknown element {name[:60]!r}",
            code="unknown_element",
            place=name[:60],
        )


# ---------------------------------------------------------------- loading


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
    _order({e.spec.code: e for e in entries})
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


def _order(entries: Mapping[str, Entry]) -> tuple[str, ...]:
    done: dict[str, None] = {}
    state: dict[str, int] = {}

    for root in entries:
        stack: list[tuple[str, int]] = [(root, 0)]
        path: list[str] = []
        while stack:
            code, step = stack.pop()
            if step == 0:
                if state.get(code) == 2:
                    continue
                if state.get(code) == 1:
                    ring = [*path[path.index(code) :], code]
                    entry = entries[code]
                    raise CatalogueError(
                        f"要素循环引用:{' → '.join(ring)}",
                        f"{entry.place}: cycle {' -> '.join(ring)}",
                        place=entry.place,
                    )
                state[code] = 1
                path.append(code)
            needs = entries[code].needs
            if step < len(needs):
                stack.append((code, step + 1))
                below = needs[step]
                if below not in entries:
                    entry = entries[code]
                    raise CatalogueError(
                        f"要素 {code} 引用的 {below} 在该日期无有效定义",
                        f"{entry.place}: {code} needs {below}, which is not in force",
                        place=entry.place,
                    )
                stack.append((below, 0))
            else:
                state[code] = 2
                path.pop()
                done.setdefault(code, None)
    return tuple(done)


# ---------------------------------------------------------------- inputs

_UNIT_TAIL = re.compile(r"^\s*([-+]?\d[\d,]*(?:\.\d+)?)\s*([^\d\s.,eE+-].*)?$")
_SAME_UNIT = {"m2": "㎡", "m²": "㎡", "平方米": "㎡", "米": "m", "%": "%", "百分比": "%"}


def parse_value(spec: ElementSpec, raw: Any) -> Value:
    """A typed value from what a form, a command line or JSON hands in.

    A unit may follow the number; it must be the element's own (``8000㎡``), other units are refused, never converted.

    Raises:
        BadInput: wrong type, unit, option or range; ``place`` is the code.
    """

    def bad(zh: str, en: str) -> BadInput:
        return BadInput(
            f"{spec.name}({spec.code}):{zh}", f"{spec.code}: {en}", place=spec.code, code="bad_value"
        )

    if spec.type in (Type.NUMBER, Type.INTEGER):
        value = _parse_number(spec, raw, bad)
        if spec.minimum is not None and value < Decimal(str(spec.minimum)):
            raise bad(f"不得小于 {spec.minimum:g}{spec.unit}", f"below {spec.minimum:g}")
        if spec.maximum is not None and value > Decimal(str(spec.maximum)):
            raise bad(f"不得大于 {spec.maximum:g}{spec.unit}", f"above {spec.maximum:g}")
        return int(value) if spec.type is Type.INTEGER else value
    if spec.type is Type.TEXT:
        text = str(raw).strip()
        if not text or len(text) > 500:
            raise bad("应为 1–500 个字符的文字", "text of 1 to 500 characters expected")
        if spec.options and text not in spec.options:
            raise bad(f"只能是:{'、'.join(spec.options)}", f"one of {spec.options} expected, got {text!r}")
        return text
    if spec.type is Type.BOOL:
        word = str(raw).strip().lower()
        if word in ("true", "1", "yes", "是", "有"):
            return True
        if word in ("false", "0", "no", "否", "无"):
            return False
        raise bad("应为 是 或 否", "yes or no expected")
    if spec.type is Type.DATE:
        if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
            return raw
        try:
            return dt.date.fromisoformat(str(raw).strip())
        except ValueError as error:
            raise bad("应为日期 年-月-日,如 2026-06-03", "ISO date expected") from error
    if spec.type is Type.MAP:
        return _parse_map(raw, bad)
    if spec.type is Type.LIMIT:
        if isinstance(raw, dict):
            return raw
        return parse_limit(str(raw), spec)
    return _parse_records(raw, bad)


def _parse_number(spec: ElementSpec, raw: Any, bad: Any) -> Decimal:
    if isinstance(raw, bool):
        raise bad("应为数值", "number expected")
    unit = ""
    if isinstance(raw, (int, Decimal)):
        number = Decimal(raw)
    elif isinstance(raw, float):
        number = Decimal(repr(raw))
    else:
        match = _UNIT_TAIL.match(str(raw).strip())
        if match is None:
            raise bad(f"“{str(raw)[:40]}”不是数值", f"number expected, got {str(raw)[:40]!r}")
        try:
            number = Decimal(match.group(1).replace(",", ""))
        except InvalidOperation as error:
            raise bad(f"“{str(raw)[:40]}”不是数值", "number expected") from error
        unit = (match.group(2) or "").strip()
    if unit:
        unit = _SAME_UNIT.get(unit, unit)
        if unit != spec.unit:
            own = f"以 {spec.unit} 计" if spec.unit else "没有单位"
            raise bad(
                f"单位“{unit}”不符,本要素{own}", f"unit {unit!r} where {spec.unit or 'none'} is expected"
            )
    if not number.is_finite() or abs(number) >= Decimal("1e18"):
        raise bad("数值超出范围", "number out of range")
    if spec.type is Type.INTEGER and number != number.to_integral_value():
        raise bad("应为整数", "integer expected")
    return number


def _parse_map(raw: Any, bad: Any) -> dict[str, Any]:
    if isinstance(raw, dict):
        return {str(k): v for k, v in raw.items()}
    text = str(raw).strip()
    if text.startswith("{"):
        loaded = _json(text, bad)
        if not isinstance(loaded, dict):
            raise bad("应为 名称=值 的列表", "mapping expected")
        return loaded
    out: dict[str, Any] = {}
    for part in re.split(r"[,,;;\n]+", text):
        if not part.strip():
            continue
        key, mark, value = part.partition("=") if "=" in part else part.partition(":")
        if not mark or not value.strip():
            raise bad(f"“{part.strip()[:40]}”应写作 名称=值", "name=value expected")
        out[key.strip()] = value.strip()
    return out


def _parse_records(raw: Any, bad: Any) -> list[Any]:
    if isinstance(raw, str):
        raw = _json(raw, bad)
    if not isinstance(raw, list) or not all(isinstance(r, dict) for r in raw):
        raise bad("应为记录列表(JSON 数组)", "list of records expected")
    return [{str(k): _decimals(v) for k, v in r.items()} for r in raw]


def _json(text: str, bad: Any) -> Any:
    import json

    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise bad("JSON 格式错误", f"bad JSON: {error}") from error


def _decimals(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_decimals(v) for v in value]
    if isinstance(value, dict):
        return {k: _decimals(v) for k, v in value.items()}
    return value


_LIMIT = re.compile(r"^(<=|>=|<|>|=|≤|≥)\s*([-\d.]+)$")


def parse_limit(text: str, spec: ElementSpec) -> dict[str, Any]:
    """``<=2.5``, ``≥35``, ``2.0<x<=2.5`` (between, given as ``2.0..2.5``) as a limit record.

    Raises:
        BadInput: not a limit.
    """
    clean = text.strip().removesuffix(spec.unit).strip() if spec.unit else text.strip()
    match = _LIMIT.match(clean)
    try:
        if match is not None:
            operator = {"≤": "<=", "≥": ">="}.get(match.group(1), match.group(1))
            return {
                "operator": operator,
                "value": Decimal(match.group(2)),
                "unit": spec.unit,
                "clause": "",
                "text": text,
            }
        low, mark, high = clean.partition("..")
        if mark:
            return {
                "operator": "between",
                "value": Decimal(low),
                "value2": Decimal(high),
                "unit": spec.unit,
                "text": text,
            }
    except InvalidOperation:
        pass
    raise BadInput(
        f"{spec.name}({spec.code}):“{text[:40]}”不是限值,应如 <=2.5、>=35、1.0..2.0",
        f"{spec.code}: {text[:40]!r} is not a limit",
        place=spec.code,
        code="bad_value",
    )


def read_inputs(
    catalogue: Catalogue, raw: Mapping[str, Any], at: dt.date, source: str = "form"
) -> dict[str, ElementValue]:
    """Typed inputs from ``{code or name: raw value}``.

    Raises:
        BadInput: unknown name, computed element, or unusable value. All faults are collected in ``details["faults"]``.
    """
    out: dict[str, ElementValue] = {}
    faults: list[BadInput] = []
    entries = catalogue.at(at).entries
    for name, value in raw.items():
        try:
            code = catalogue.resolve(str(name).strip(), at)
            spec = entries[code].spec
            if spec.computed and not spec.own:
                raise BadInput(
                    f"{spec.name}({code})由系统计算,不能填写",
                    f"{code} is computed and cannot be set",
                    place=code,
                    code="computed_element",
                )
            typed = parse_value(spec, value)
            out[code] = (
                ElementValue(code, typed, spec.unit, source=OWN, verified=False)
                if spec.own
                else ElementValue(code, typed, spec.unit, source=source)
            )
        except BadInput as fault:
            faults.append(fault)
    if faults:
        first = faults[0]
        raise BadInput(
            ";".join(f.zh for f in faults),
            "; ".join(f.en for f in faults),
            code=first.code if len(faults) == 1 else "bad_input",
            place=first.place,
            details={"faults": [f.to_plain() for f in faults]},
        )
    return out


# ---------------------------------------------------------------- evaluation


@dataclass(frozen=True)
class Evaluation:
    """All evaluated elements, in dependency order."""

    at: dt.date
    rule_version: str
    elements: dict[str, Evaluated]

    def __getitem__(self, code: str) -> Evaluated:
        return self.elements[code]

    def conclusions(self) -> list[Evaluated]:
        """The conclusions among them."""
        return [e for e in self.elements.values() if e.kind == Kind.CONCLUSION]


def display_value(spec: ElementSpec, value: Value | None) -> str:
    """A value as it stands on the page, without unit; 无法判定 for None."""
    if value is None:
        return "无法判定"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        if spec.precision is not None and spec.rounding is not Rounding.NONE:
            return format(round_to(number, spec.precision, spec.rounding), "f")
        return plain_number(number)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return f"{len(value)} 项"
    if isinstance(value, dict):
        if "operator" in value:
            return limit_text(value)
        return ";".join(f"{k}={v}" for k, v in value.items())
    return str(value)


def evaluate(
    catalogue: Catalogue,
    inputs: Mapping[str, ElementValue],
    at: dt.date,
    codes: Iterable[str] | None = None,
) -> Evaluation:
    """Evaluate the asked codes (default: all) and everything below them.

    Args:
        inputs: typed values by code, as :func:`read_inputs` or the extraction makes them.
        at: the day whose definitions and tariff editions apply.

    Raises:
        BadInput: an input for an unknown or computed element, or with another unit.
    """
    rules = catalogue.at(at)
    for code, given in inputs.items():
        entry = rules.entries.get(code)
        if entry is None:
            raise BadInput(f"没有要素 {code}", f"unknown element {code}", place=code, code="unknown_element")
        if entry.spec.computed and not entry.spec.own:
            raise BadInput(
                f"{entry.spec.name}({code})由系统计算,不能填写",
                f"{code} is computed",
                place=code,
                code="computed_element",
            )
        if given.unit and given.unit != entry.spec.unit:
            raise BadInput(
                f"{entry.spec.name}({code}):单位“{given.unit}”不符,应为“{entry.spec.unit or '无单位'}”",
                f"{code}: unit {given.unit!r} where {entry.spec.unit!r} is expected",
                place=code,
                code="bad_unit",
            )
    targets = list(rules.entries) if codes is None else list(codes)
    for code in targets:
        if code not in rules.entries:
            raise BadInput(f"没有要素 {code}", f"unknown element {code}", place=code, code="unknown_element")
    done: dict[str, Evaluated] = {}
    jurisdiction = inputs.get(JURISDICTION)
    place = str(jurisdiction.value) if jurisdiction is not None and jurisdiction.value is not None else ""
    own = frozenset(c for c in inputs if rules.entries[c].computed)
    for code in rules.closure(targets, own):
        entry = rules.entries[code]
        if entry.computed and code not in own:
            done[code] = _compute(catalogue, entry, done, place, at)
        else:
            done[code] = _given(catalogue, entry, inputs.get(code))
    return Evaluation(at, catalogue.version, done)


def _given(catalogue: Catalogue, entry: Entry, given: ElementValue | None) -> Evaluated:
    spec = entry.spec
    missing: tuple[Missing, ...] = ()
    value = given.value if given is not None else None
    if spec.carry == "rounded" and isinstance(value, Decimal) and spec.precision is not None:
        value = round_to(value, spec.precision, spec.rounding)
    if value is None:
        missing = (given.missing if given is not None else ()) or (
            Missing(
                spec.code, spec.name, f"缺少{spec.name}({spec.source.zh})", f"{spec.name_en} is not given"
            ),
        )
    return Evaluated(
        code=spec.code,
        name=spec.name,
        name_en=spec.name_en,
        kind=spec.kind.value,
        value=value,
        display=display_value(spec, value),
        unit=spec.unit,
        substituted=f"自带值 {display_value(spec, value)}{spec.unit}" if spec.computed else "",
        clause=spec.clause or spec.unsourced,
        rule_version=catalogue.version,
        missing=missing,
        evidence=given.evidence if given is not None else (),
        verified=given.verified if given is not None else True,
        source=given.source if given is not None else spec.source.value,
    )


class _Arguments:
    """Resolves a function's arguments and remembers what they rest on."""

    def __init__(self, catalogue: Catalogue, done: Mapping[str, Evaluated], place: str, at: dt.date) -> None:
        self.catalogue, self.done, self.place, self.at = catalogue, done, place, at
        self.used: list[Evaluated] = []
        self.lookups: list[Lookup] = []
        self.missing: list[Missing] = []
        self.shown: list[tuple[str, str]] = []

    def element(self, reference: str) -> Value | None:
        code = reference.removesuffix("?")
        found = self.done[code]
        self.used.append(found)
        if found.value is None and not reference.endswith("?"):
            self.missing += found.missing
        self.shown.append((found.name, found.display + found.unit if found.value is not None else "—"))
        return found.value

    def tariff(self, reference: TariffRef) -> Any:
        if not self.place:
            if not reference.optional:
                self.missing += self.done[JURISDICTION].missing
            return None
        keys: dict[str, Value] = {}
        for key, source in reference.keys.items():
            if isinstance(source, Literal_):
                keys[key] = source.value
                continue
            optional = reference.optional or source.endswith("?")
            value = self.element(source.removesuffix("?") + ("?" if optional else ""))
            if value is None:
                if source.endswith("?") and not reference.optional:
                    continue
                return None
            keys[key] = value
        try:
            lookup = self.catalogue.tariffs.find(reference.table, keys, self.place, self.at)
        except Undecided as error:
            if not reference.optional:
                self.missing += error.missing
            return None
        self.lookups.append(lookup)
        if reference.rows:
            return lookup.rows
        if lookup.rows[0].get(reference.column) is None:
            if not reference.optional:
                self.missing.append(
                    Missing(
                        f"table:{reference.table}",
                        lookup.table.name,
                        f"《{lookup.table.name}》此项没有数值({lookup.document})",
                        f"table {lookup.table.name_en} has no number here",
                    )
                )
            return None
        return lookup.rows[0][reference.column]


def _compute(
    catalogue: Catalogue, entry: Entry, done: Mapping[str, Evaluated], place: str, at: dt.date
) -> Evaluated:
    spec = entry.spec
    arguments = _Arguments(catalogue, done, place, at)
    formula_text = spec.formula or ""
    computed: Computed | None = None
    missing: tuple[Missing, ...] = ()
    faulty: tuple[EntityRef, ...] = ()
    try:
        if entry.formula is not None:
            computed = _by_formula(entry, entry.formula, arguments)
        elif spec.tariff is not None:
            formula_text = f"查表 {catalogue.tariffs.tables[spec.tariff.table].name}"
            value = arguments.tariff(spec.tariff)
            if not arguments.missing:
                lookup = arguments.lookups[0]
                asked = "、".join(str(v) for _, v in arguments.shown)
                computed = Computed(value, substituted=f"{asked} → {_shown(value)}{lookup.table.unit}")
        elif spec.function is not None:
            named = REGISTRY[spec.function]
            formula_text = spec.formula_text or named.formula
            keywords = {
                name: arguments.tariff(a)
                if isinstance(a, TariffRef)
                else a.value
                if isinstance(a, Literal_)
                else arguments.element(a)
                for name, a in spec.args.items()
            }
            if not arguments.missing:
                computed = named.body(**keywords)
    except Undecided as error:
        missing = tuple(error.missing)
        faulty = error.evidence
    except FormulaFault as error:
        missing = (Missing(spec.code, spec.name, f"{spec.name}:{error}", str(error)),)
    except PlatformError as error:
        missing = (Missing(spec.code, spec.name, error.zh, error.en),)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        if not _takes_records(entry, catalogue, at):
            raise
        why = f"{type(error).__name__}: {str(error)[:80]}"
        missing = (
            Missing(
                spec.code, spec.name, f"{spec.name}:输入的记录不完整或格式不符", f"malformed records ({why})"
            ),
        )
    if computed is None and not missing:
        missing = union_missing([arguments.missing])

    value = computed.value if computed is not None else None
    outcome: Outcome | None = None
    if spec.kind is Kind.CONCLUSION:
        outcome = (
            Outcome.UNDECIDED
            if value is None
            else value
            if isinstance(value, Outcome)
            else Outcome.PASS
            if value
            else Outcome.FAIL
        )
        display = outcome.zh
        value = None if outcome is Outcome.UNDECIDED else outcome.value
    else:
        if isinstance(value, Decimal) and spec.type is Type.INTEGER:
            value = int(
                round_to(value, 0, spec.rounding if spec.rounding is not Rounding.NONE else Rounding.HALF_UP)
            )
        display = display_value(spec, value)
        if (
            spec.carry == "rounded"
            and isinstance(value, (int, Decimal))
            and not isinstance(value, bool)
            and spec.precision is not None
        ):
            value = round_to(Decimal(value), spec.precision, spec.rounding)
    documents = tuple(dict.fromkeys(lookup.document for lookup in arguments.lookups))
    clauses = [computed.clause] if computed is not None and computed.clause else []
    clauses += [lookup.edition.clause for lookup in arguments.lookups if lookup.edition.clause]
    evidence = faulty or (
        computed.evidence
        if computed is not None and computed.evidence is not None
        else union_evidence(u.evidence for u in arguments.used)
    )
    text = ""
    limit = computed.limit if computed is not None else None
    if spec.text is not None and outcome is not None:
        sentence = {
            Outcome.PASS: spec.text.passed,
            Outcome.FAIL: spec.text.failed,
            Outcome.NOTE: spec.text.note or spec.text.passed,
            Outcome.UNDECIDED: spec.text.undecided
            or f"{spec.name}无法判定:" + ";".join(m.reason for m in missing),
        }[outcome]
        text = _fill(sentence, done, limit)
    return Evaluated(
        code=spec.code,
        name=spec.name,
        name_en=spec.name_en,
        kind=spec.kind.value,
        value=value,
        display=display,
        unit=spec.unit,
        formula=(computed.formula if computed is not None and computed.formula else formula_text),
        substituted=computed.substituted if computed is not None else "",
        intermediates=computed.steps if computed is not None else (),
        clause=";".join(dict.fromkeys([c for c in [spec.clause or spec.unsourced, *clauses] if c])),
        rule_version=catalogue.version,
        missing=missing if value is None else (),
        evidence=evidence,
        outcome=outcome,
        text=text,
        limit=limit,
        verified=spec.verified
        and all(u.verified for u in arguments.used if u.value is not None)
        and all(lookup.verified for lookup in arguments.lookups)
        and (computed is None or computed.verified),
        inputs=entry.needs,
        source=Source.TARIFF.value if spec.tariff is not None else Source.COMPUTED.value,
        documents=documents,
    )


def _takes_records(entry: Entry, catalogue: Catalogue, at: dt.date) -> bool:
    """Whether the element reads records or maps from outside, whose shape nobody has checked before."""
    entries = catalogue.at(at).entries
    open_types = (Type.RECORDS, Type.MAP, Type.LIMIT)
    return any(entries[n].spec.type in open_types for n in entry.needs if n in entries)


def _by_formula(entry: Entry, formula: Formula, arguments: _Arguments) -> Computed | None:
    values: dict[str, Value] = {}
    shown: dict[str, str] = {}
    for code in formula.names:
        value = arguments.element(code)
        if value is not None:
            values[code] = value
            shown[code] = _shown(value)
    if entry.spec.of is not None and entry.spec.of not in formula.names:
        arguments.element(entry.spec.of + "?")
    if arguments.missing:
        return None
    return Computed(formula.evaluate(values), substituted=formula.substituted(shown))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        places = value.normalize().as_tuple().exponent
        if isinstance(places, int) and places < -10:
            return plain_number(round_to(value, 10)) + "…"
        return plain_number(value)
    if isinstance(value, str):
        return f"'{value}'"
    return str(value)


def _fill(sentence: str, done: Mapping[str, Evaluated], limit: str | None) -> str:
    def show(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "limit":
            return limit or "—"
        found = done.get(code)
        return f"{found.display}{found.unit}" if found is not None and found.value is not None else "—"

    return re.sub(r"\{([^}]*)\}", show, sentence)


# ---------------------------------------------------------------- explain


def explain(evaluation: Evaluation, code: str, *, depth: int = 24) -> dict[str, Any]:
    """The tree below one element: itself and, under ``inputs``, what it was computed from.

    Raises:
        NotFound: the code was not evaluated.
    """
    found = evaluation.elements.get(code)
    if found is None:
        raise NotFound(f"要素 {code} 未参与求值", f"{code} was not evaluated")
    node: dict[str, Any] = {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "value": found.display,
        "unit": found.unit,
        "formula": found.formula,
        "substituted": found.substituted,
        "steps": [
            {"name": s.name, "expression": s.expression, "value": s.value, "clause": s.clause}
            for s in found.intermediates
        ],
        "clause": found.clause,
        "documents": list(found.documents),
        "verified": found.verified,
        "source": found.source,
        "missing": [{"code": m.code, "name": m.name, "reason": m.reason} for m in found.missing],
        "entities": [{"file": r.file, "handle": r.handle, "layer": r.layer} for r in found.evidence],
        "outcome": found.outcome.value if found.outcome is not None else None,
    }
    node["inputs"] = (
        [explain(evaluation, c, depth=depth - 1) for c in found.inputs if c in evaluation.elements]
        if depth > 0
        else []
    )
    return node
