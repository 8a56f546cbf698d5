"""What must hold for the catalogue as a whole: numbers have units, inputs are used, conclusions can be reached.

Names, cycles and doubles are found while the files are read (:mod:`elements.engine.loading`); these checks need all
of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from elements.engine.element import Kind, Type
from elements.engine.plan import Argument, Lookup, Operand
from elements.engine.rulebook import JURISDICTION, Entry
from elements.engine.tariffs import Tariffs
from project_box.kernel.errors import CatalogueError


def faults(
    entries: Mapping[str, Entry], order: Iterable[str], shown: Iterable[str], tariffs: Tariffs
) -> Iterator[CatalogueError]:
    """Every fault, each with file and line.

    Args:
        entries: definitions by code; ``order`` their codes, what is needed first.
        shown: codes that stand on a business's table without being its own (``uses``).
    """
    yield from missing_units(entries)
    yield from dead_inputs(entries, shown)
    yield from unreachable_conclusions(entries, order, tariffs)


def _fault(entry: Entry, code: str, zh: str, en: str, remedy: str, remedy_en: str) -> CatalogueError:
    return CatalogueError(
        f"要素 {entry.spec.code}（{entry.spec.name}）：{zh}",
        f"{entry.place}: {entry.spec.code}: {en}",
        code=code,
        place=entry.place,
        remedy=remedy,
        remedy_en=remedy_en,
    )


def missing_units(entries: Mapping[str, Entry]) -> Iterator[CatalogueError]:
    """Numbers without a unit that do not say that they are pure numbers (``missing_unit``)."""
    for entry in entries.values():
        spec = entry.spec
        if spec.type not in (Type.NUMBER, Type.INTEGER):
            continue
        if not spec.unit and not spec.dimensionless:
            yield _fault(
                entry, "missing_unit", "数值没有单位", "a number without a unit",
                "写明 unit；比值、系数等没有量纲的写 dimensionless: true",
                "give unit; a ratio or coefficient says dimensionless: true",
            )  # fmt: skip
        elif spec.unit and spec.dimensionless:
            yield _fault(
                entry, "missing_unit", f"既有单位“{spec.unit}”又称没有量纲", "has a unit and is dimensionless",
                "去掉 unit 或 dimensionless", "remove unit or dimensionless",
            )  # fmt: skip


def dead_inputs(entries: Mapping[str, Entry], shown: Iterable[str]) -> Iterator[CatalogueError]:
    """Data that is asked for and then neither read by a rule nor shown on another business's table (``dead_input``)."""
    used = {need for entry in entries.values() for need in entry.needs} | set(shown) | {JURISDICTION}
    for code, entry in entries.items():
        if entry.spec.kind is Kind.DATA and code not in used:
            yield _fault(
                entry, "dead_input", "没有公式或结论用到它", "nothing reads this input",
                "在公式、函数参数或结论文字中使用它，或删去",
                "use it in a formula, an argument or a conclusion, or delete it",
            )  # fmt: skip


def unreachable_conclusions(
    entries: Mapping[str, Entry], order: Iterable[str], tariffs: Tariffs
) -> Iterator[CatalogueError]:
    """Conclusions that stay 无法判定 whatever is handed in, or that no data can change (``unreachable_conclusion``)."""
    blocked: dict[str, str] = {}
    fed: set[str] = set()
    for code in order:
        entry = entries[code]
        if not entry.computed:
            if code != JURISDICTION:
                fed.add(code)
            continue
        required = _required(entry)
        why = next(
            (
                blocked[a.code] if isinstance(a, Operand) else f"费率表 {a.table} 没有任何版本"
                for a in required
                if (isinstance(a, Operand) and a.code in blocked)
                or (isinstance(a, Lookup) and not tariffs.tables[a.table].editions)
            ),
            None,
        )
        if why is not None and not entry.spec.own:
            blocked[code] = why
        if any(need in fed for need in entry.needs) or entry.spec.own:
            fed.add(code)
        if entry.spec.kind is not Kind.CONCLUSION:
            continue
        if code in blocked:
            yield _fault(
                entry, "unreachable_conclusion", f"无论填什么都无法判定：{blocked[code]}",
                "can never be decided", "补录费率表的版本，或改用可以取得的数据",
                "add the edition of the table, or use data that can be had",
            )  # fmt: skip
        elif code not in fed:
            yield _fault(
                entry, "unreachable_conclusion", "不依据任何可以填写的数据", "rests on no data",
                "结论须由基础要素得出", "a conclusion follows from basic elements",
            )  # fmt: skip


def _required(entry: Entry) -> list[Operand | Lookup]:
    """What an element cannot do without."""
    plan = entry.plan
    arguments: list[Argument] = [argument for _, argument in plan.arguments]
    if plan.formula is not None:
        arguments += [Operand(name, optional=False) for name in plan.formula.names]
    if plan.lookup is not None:
        arguments.append(plan.lookup)
    for lookup in [a for a in arguments if isinstance(a, Lookup) and not a.optional]:
        arguments += [source for _, source in lookup.keys]
    return [a for a in arguments if isinstance(a, (Operand, Lookup)) and not a.optional]
