"""Named functions over a whole form or review: what a document must state, conclusions combined into one."""

from __future__ import annotations

from elements.engine.functions import function
from elements.engine.trace import verdict
from elements.engine.values import Computed, Missing, Step, Undecided, Value
from project_box.kernel.finding import Outcome


@function("form.stated", "应载明的各项均已载明")
def form_stated(
    names: list[str],
    a: Value | None = None,
    b: Value | None = None,
    c: Value | None = None,
    d: Value | None = None,
    e: Value | None = None,
    f: Value | None = None,
    g: Value | None = None,
    h: Value | None = None,
    i: Value | None = None,
    j: Value | None = None,
    k: Value | None = None,
    m: Value | None = None,
    n: Value | None = None,
    o: Value | None = None,
    first_decides: bool = False,
) -> Computed:
    """Whether a document states all it has to; what is not there is listed at once (一次性告知).

    ``names`` are the items in the order of the arguments. Nothing stated at all is 无法判定 (the document has not been
    entered); with ``first_decides`` already when the first item, the document's own number, is not there: the others
    may have been entered for another document. An item answered 否 counts as not stated.
    """
    pairs = list(zip(names, (a, b, c, d, e, f, g, h, i, j, k, m, n, o), strict=False))
    if (first_decides and a is None) or all(v is None for _, v in pairs):
        raise Undecided(
            Missing("items", names[0], f"尚未录入{names[0]}等应载明事项", f"{names[0]} … not entered yet")
        )
    lacking = [name for name, v in pairs if v is None or v is False]
    listed = f"缺{'、'.join(lacking)}" if lacking else ""
    return Computed(
        verdict(not lacking),
        substituted=listed or f"{len(pairs)} 项均已载明",
        steps=tuple(Step(name, "", "无" if v is None or v is False else str(v)) for name, v in pairs),
        limit=listed or "无缺项",
    )


@function("form.passed", "各项结论均不为不符合")
def form_passed(
    names: list[str],
    a: str | None = None,
    b: str | None = None,
    c: str | None = None,
    d: str | None = None,
    e: str | None = None,
    f: str | None = None,
    g: str | None = None,
    h: str | None = None,
) -> Computed:
    """不符合 as soon as one of the named conclusions is; 无法判定 while one is open; otherwise 符合."""
    pairs = list(zip(names, (a, b, c, d, e, f, g, h), strict=False))
    bad = [name for name, v in pairs if v == Outcome.FAIL.value]
    still = [name for name, v in pairs if v is None]
    if still and not bad:
        raise Undecided(
            *(Missing("conclusion", n, f"“{n}”尚无法判定", f"a conclusion is undecided: {n}") for n in still)
        )
    return Computed(
        verdict(not bad),
        substituted=f"不符合：{'、'.join(bad)}" if bad else f"{len(pairs)} 项均符合",
        steps=tuple(Step(n, "", Outcome(v).zh if v else "无法判定") for n, v in pairs),
        limit="、".join(bad) or "无",
    )
