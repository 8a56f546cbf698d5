"""The evaluation catalogue (评估事项目录): one YAML file an evaluation, read and checked together.

A file is refused when it names an unknown fact, limit or qualification, or holds an expression that is not ZEN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import zen
from pydantic import BaseModel, ConfigDict, Field

from project_box.kernel.catalogue import line_of, load_yaml, parse
from project_box.kernel.errors import CatalogueError
from project_box.kernel.plain import content_hash
from project_box.stage import Stage

CATALOGUE = Path(__file__).parent / "catalogue"
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})
Tag = Literal["L", "S", "C", "R", "U", "P"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Strict):
    """A fact about a project that rules may use; see ``catalogue/_facts.yaml``."""

    name: str
    name_en: str
    type: Literal["number", "bool", "text", "status"]
    unit: str = ""
    source: Literal["layer", "attribute", "overlap", "indicator", "box", "form"]
    code: str = ""
    field: str = ""
    order: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    group: str = ""


class Qualification(_Strict):
    """What an agency may be qualified for."""

    name: str
    name_en: str


class Basis(_Strict):
    """设定依据: document, clause, evidence tag; ``verified`` False where nobody has checked the paper."""

    doc: str
    doc_no: str = ""
    clause: str
    tag: Tag
    verified: bool

    @property
    def zh(self) -> str:
        """``《水土保持法》第二十五条``, with 待核实 where it is not verified."""
        number = f"({self.doc_no})" if self.doc_no else ""
        return f"《{self.doc}》{number}{self.clause}{'' if self.verified else '〔待核实〕'}"


class Limit(_Strict):
    """A threshold; ``value`` None means that no number is known, and rules on it stay 无法判定."""

    value: float | None
    unit: str
    text: str
    doc: str
    tag: Tag
    verified: bool


class Days(_Strict):
    """Service period in working days, with where it comes from."""

    value: int = Field(gt=0, le=60)
    tag: Tag
    note: str


class Rule(_Strict):
    """One sufficient condition: every predicate of ``when`` must hold."""

    id: str
    when: tuple[str, ...] = Field(min_length=1)
    reason: str
    reason_en: str
    deliverable: str | None = None
    show: tuple[str, ...] = ()


class Scope(_Strict):
    """Where the duty exists at all: one of the predicates must hold."""

    any: tuple[str, ...] = Field(min_length=1)
    outside: str
    outside_en: str


class Stated(_Strict):
    """A fact by which somebody competent has answered the question; when it is known it decides."""

    fact: str
    by: str
    by_en: str


class Evaluation(_Strict):
    """评估事项 with its trigger."""

    code: str = Field(pattern=r"^[A-Z]{2,8}$")
    name: str
    name_en: str
    deliverable: str
    qualification: str
    days: Days
    regional_kind: str | None = None
    stage: Stage = Stage.DESIGN
    basis: tuple[Basis, ...] = Field(min_length=1)
    limits: dict[str, Limit] = {}
    scope: Scope | None = None
    stated: Stated | None = None
    rules: tuple[Rule, ...] = Field(min_length=1)
    otherwise: str
    otherwise_en: str

    @property
    def basis_zh(self) -> str:
        """All documents and clauses in one line."""
        return "、".join(b.zh for b in self.basis)


class _Facts(_Strict):
    facts: dict[str, Fact]


class _Qualifications(_Strict):
    qualifications: dict[str, Qualification]


@dataclass(frozen=True)
class Catalogue:
    """Evaluations by code, facts by name, qualifications by code; ``hash`` names this very content."""

    evaluations: Mapping[str, Evaluation]
    facts: Mapping[str, Fact]
    qualifications: Mapping[str, Qualification]
    hash: str


def names_in(expression: str) -> tuple[str, ...]:
    """Names a ZEN expression uses, in order, without words of the language and text in quotes."""
    bare = _STRING.sub("''", expression)
    return tuple(dict.fromkeys(word for word in _WORD.findall(bare) if word not in _KEYWORDS))


def _check(
    path: Path, evaluation: Evaluation, facts: Mapping[str, Fact], qualifications: Mapping[str, Qualification]
) -> None:
    def wrong(message: str, *location: int | str) -> CatalogueError:
        place = f"{path}:{line_of(path, location)}"
        return CatalogueError(f"评估目录有误：{message}", f"{place}: {message}", place=place)

    if evaluation.qualification not in qualifications:
        raise wrong(f"没有资质 {evaluation.qualification}", "qualification")
    if evaluation.stated and evaluation.stated.fact not in facts:
        raise wrong(f"没有事实 {evaluation.stated.fact}", "stated", "fact")
    used: list[tuple[str, tuple[int | str, ...]]] = [
        (predicate, ("rules", index, "when", position))
        for index, rule in enumerate(evaluation.rules)
        for position, predicate in enumerate(rule.when)
    ]
    if evaluation.scope:
        used += [
            (predicate, ("scope", "any", position)) for position, predicate in enumerate(evaluation.scope.any)
        ]
    for predicate, location in used:
        fault = zen.validate_expression(predicate)
        if fault is not None:
            raise wrong(f"表达式 {predicate!r} 无法解析：{fault.get('source', fault)}", *location)
        for name in names_in(predicate):
            known = (
                name.removeprefix("limit.") in evaluation.limits
                if name.startswith("limit.")
                else name in facts
            )
            if not known:
                raise wrong(f"表达式 {predicate!r} 用到未登记的 {name}", *location)
    for index, rule in enumerate(evaluation.rules):
        for name in rule.show:
            if name not in facts:
                raise wrong(f"没有事实 {name}", "rules", index, "show")


def load(folder: Path = CATALOGUE) -> Catalogue:
    """Read and check a catalogue folder.

    Raises:
        CatalogueError: names file, line and fault.
    """
    facts = parse(_Facts, folder / "_facts.yaml").facts
    qualifications = parse(_Qualifications, folder / "_qualifications.yaml").qualifications
    evaluations: dict[str, Evaluation] = {}
    for path in sorted(folder.glob("[!_]*.yaml")):
        evaluation = parse(Evaluation, path)
        _check(path, evaluation, facts, qualifications)
        if evaluation.code in evaluations:
            raise CatalogueError(
                f"评估事项编码 {evaluation.code} 重复", f"{path}: duplicate code", place=str(path)
            )
        evaluations[evaluation.code] = evaluation
    digest = content_hash([load_yaml(path) for path in sorted(folder.glob("*.yaml"))])
    return Catalogue(evaluations, facts, qualifications, digest)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The platform's catalogue, read once."""
    return load()
