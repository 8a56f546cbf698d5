"""An element's definition made ready for evaluating: everything that is the same for every project, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from elements.engine.element import ElementSpec, Kind, Literal_, Source, TariffRef, Type
from elements.engine.functions import REGISTRY
from elements.engine.values import Computed, Missing
from project_box.formula import Formula


@dataclass(frozen=True, slots=True)
class Operand:
    """An element as an argument: ``CODE``, or ``CODE?`` when it may be 无法判定."""

    code: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed argument."""

    value: Any


@dataclass(frozen=True, slots=True)
class Lookup:
    """A tariff table as an argument."""

    table: str
    keys: tuple[tuple[str, Operand | Fixed], ...]
    column: str
    rows: bool
    optional: bool


Argument = Operand | Fixed | Lookup


@dataclass(frozen=True, slots=True)
class Plan:
    """One element, ready for evaluating.

    Attributes:
        formula, lookup, body: exactly one of them for a computed element; ``arguments`` belong to ``body``.
        constant: the value depends on nothing but the place and the day.
        rule: formula text shown as the rule.
        absent: what is said when nothing was handed in.
    """

    spec: ElementSpec
    code: str
    kind: str
    clause: str
    source: str
    conclusion: bool
    whole: bool
    rounded: bool
    constant: bool
    formula: Formula | None
    lookup: Lookup | None
    body: Callable[..., Computed] | None
    arguments: tuple[tuple[str, Argument], ...]
    rule: str
    needs: tuple[str, ...]
    absent: Missing


def _operand(reference: str, optional: bool = False) -> Operand:
    return Operand(reference.removesuffix("?"), optional or reference.endswith("?"))


def _lookup(reference: TariffRef) -> Lookup:
    keys = tuple(
        (key, Fixed(source.value) if isinstance(source, Literal_) else _operand(source))
        for key, source in reference.keys.items()
    )
    return Lookup(reference.table, keys, reference.column, reference.rows, reference.optional)


def _argument(reference: str | TariffRef | Literal_) -> Argument:
    if isinstance(reference, TariffRef):
        return _lookup(reference)
    if isinstance(reference, Literal_):
        return Fixed(reference.value)
    return _operand(reference)


def plan_of(spec: ElementSpec, formula: Formula | None, needs: tuple[str, ...]) -> Plan:
    """The plan of a definition that was checked before."""
    named = REGISTRY.get(spec.function) if spec.function is not None else None
    lookup = _lookup(spec.tariff) if spec.tariff is not None else None
    return Plan(
        spec=spec,
        code=spec.code,
        kind=spec.kind.value,
        clause=spec.clause or spec.unsourced,
        source=(Source.TARIFF if spec.tariff is not None else Source.COMPUTED).value,
        conclusion=spec.kind is Kind.CONCLUSION,
        whole=spec.type is Type.INTEGER,
        rounded=spec.carry == "rounded" and spec.precision is not None,
        constant=lookup is not None and all(isinstance(source, Fixed) for _, source in lookup.keys),
        formula=formula,
        lookup=lookup,
        body=named.body if named is not None else None,
        arguments=tuple((name, _argument(a)) for name, a in spec.args.items()),
        rule=spec.formula or spec.formula_text or (named.formula if named is not None else ""),
        needs=needs,
        absent=Missing(
            spec.code, spec.name, f"缺少{spec.name}（{spec.source.zh}）", f"{spec.name_en} is not given"
        ),
    )
