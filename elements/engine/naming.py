"""What a person may call an input: its code, its name, or a short name that only one input in question fits."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elements.engine.element import Type
from elements.engine.rulebook import JURISDICTION, Catalogue
from project_box.kernel.errors import BadInput


def named_inputs(
    catalogue: Catalogue, scope: Sequence[str], raw: Mapping[str, Any], at: dt.date, main: Sequence[str] = ()
) -> dict[str, Any]:
    """``raw`` by element code; ``scope`` are the inputs in question, ``main`` those a short name means above others.

    Raises:
        BadInput: a name fits none or several, or two names stand for one input. All faults are listed in ``details``.
    """
    out: dict[str, Any] = {}
    faults: list[BadInput] = []
    for name, value in raw.items():
        try:
            code = input_code(catalogue, scope, str(name), at, main)
            if code in out:
                raise BadInput(
                    f"“{str(name).strip()[:40]}”与另一个名称指同一项（{code}）", f"{code} is given twice", place=code
                )  # fmt: skip
            out[code] = value
        except BadInput as fault:
            faults.append(fault)
    if faults:
        first = faults[0]
        raise BadInput(
            "；".join(f.zh for f in faults),
            "; ".join(f.en for f in faults),
            code=first.code if len(faults) == 1 else "bad_input",
            place=first.place,
            remedy=first.remedy,
            remedy_en=first.remedy_en,
            details={"faults": [f.to_plain() for f in faults]},
        )
    return out


def input_code(
    catalogue: Catalogue, scope: Sequence[str], name: str, at: dt.date, main: Sequence[str] = ()
) -> str:
    """The element a name stands for.

    A code or full name of an input in question comes first, then a short name that only one of them fits (``面积``,
    ``AREA``, ``税率``), then any element's code or name.

    Raises:
        BadInput: none or several fit; the message lists them.
    """
    entries = catalogue.at(at).entries
    short = name.strip()
    try:
        known = catalogue.resolve(short, at)
    except BadInput as fault:
        unknown: BadInput | None = fault
        known = ""
    else:
        unknown = None
        if known in scope or known == JURISDICTION or short.upper() == known:
            return known
    fitting = _fitting(catalogue, scope, short, at)
    chief = [c for c in fitting if c in main]
    if len(fitting) == 1 or len(chief) == 1:
        return (chief or fitting)[0]
    if unknown is None:
        return known
    said = "、".join(f"{c} {entries[c].spec.name}" for c in fitting)
    if fitting:
        raise BadInput(
            f"“{short[:40]}”可以指几项：{said}", f"{short[:40]!r} fits {', '.join(fitting)}", place=short[:60],
            remedy="写全名或代码",
            remedy_en="write the full name or the code",
        )  # fmt: skip
    raise unknown


def _bare(name: str) -> str:
    """A name without what stands in brackets at its end: ``地面总建筑面积(人防)`` → ``地面总建筑面积``."""
    return re.sub(r"[(（][^()（）]*[)）]$", "", name)


def _fitting(catalogue: Catalogue, scope: Sequence[str], short: str, at: dt.date) -> list[str]:
    """Inputs a short name fits best; what is handed in comes before rates and factors of one's own."""
    entries = catalogue.at(at).entries
    if not short:
        return []
    single = [c for c in scope if entries[c].spec.type not in (Type.RECORDS, Type.MAP)]
    ways: list[Callable[[str], bool]] = [
        lambda c: entries[c].spec.name == short,
        lambda c: c.partition("_")[2] == short.upper(),
        lambda c: _bare(entries[c].spec.name).endswith(short),
        lambda c: entries[c].spec.name.startswith(short),
        lambda c: short in entries[c].spec.name,
    ]
    for fits in ways:
        found = [c for c in single if fits(c)]
        handed_in = [c for c in found if not entries[c].spec.computed]
        if found:
            return handed_in if len(handed_in) == 1 else found
    return []
