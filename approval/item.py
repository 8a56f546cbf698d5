"""事项: what can be applied for. Its definition is data: ``catalogue/items/<code>/item.yaml`` and ``process.bpmn``.

Both are validated when they load; the SHA-256 over both is the item's version hash, which a case keeps.
"""

from __future__ import annotations

import string
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from approval.case import RULES, Action, ClockName
from approval.clock import Limit, Limits, Unit
from approval.gates import GATES
from approval.materials import MaterialSpec
from approval.process_file import ProcessModel, read_process
from project_box.codes import VALIDATORS
from project_box.kernel.catalogue import load_yaml, parse
from project_box.kernel.errors import CatalogueError, NotFound
from project_box.kernel.identity import Role
from project_box.kernel.plain import content_hash
from project_box.stage import Stage

CATALOGUE = Path(__file__).parent / "catalogue" / "items"
#: fields a numbering pattern may use
NUMBER_FIELDS = frozenset({"district", "year", "date", "seq"})
#: messages an item's process may wait for, and what they mean
MESSAGES = {"joint_review_closed": "联合审图办结", "engagements_delivered": "中介评估成果齐备"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Basis(_Part):
    """设定依据: document and clause."""

    doc: str
    clause: str
    text: str = ""

    @property
    def cite(self) -> str:
        """``《…》第…条``."""
        return f"{self.doc}{self.clause}"


class Bilingual(_Part):
    """A sentence in both languages."""

    zh: str
    en: str


class Question(_Part):
    """常见问题."""

    q: str
    a: str
    q_en: str
    a_en: str


class Material(_Part):
    """One line of 申报材料.

    Attributes:
        results, licences: kinds of Results in the box and of licences any of which already meets it (已有).
        keep_as: kind of the Result under which an upload goes into the box when the case is accepted, so that
            later items find it.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    name_en: str
    required: bool = True
    results: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    deferrable: bool = False
    formats: tuple[str, ...] = ("pdf",)
    note: str = ""
    note_en: str = ""
    keep_as: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$", max_length=40)

    def spec(self) -> MaterialSpec:
        """Its pure form."""
        return MaterialSpec(**self.model_dump(exclude={"keep_as"}))


class FormField(_Part):
    """One field of the form.

    Attributes:
        prefill: path into what the platform knows: ``project.name``, ``organisation.credit_code``,
            ``boundary.area_m2``, ``indicator.ZJZ``, ``planning.RJL``, ``licence.planning_permit.number``.
        validator: name in :data:`project_box.codes.VALIDATORS`.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    name_en: str
    type: Literal["text", "textarea", "number", "date", "choice"] = "text"
    required: bool = True
    prefill: str | None = None
    validator: str | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    max_length: int = Field(default=200, ge=1, le=4000)
    hint: str = ""
    hint_en: str = ""

    @field_validator("validator")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in VALIDATORS:
            raise ValueError(f"unknown validator {value!r}")
        return value


class FormSection(_Part):
    """A group of fields under one heading."""

    title: str
    title_en: str
    fields: tuple[FormField, ...]


class LimitEntry(_Part):
    """A limit with its source."""

    days: int = Field(gt=0)
    unit: Unit = Unit.WORKING
    basis: str


class ItemLimits(_Part):
    """承诺时限 and 法定时限."""

    committed: LimitEntry
    statutory: LimitEntry
    extension: int = Field(default=10, ge=0)
    warn: int = Field(default=2, ge=0)
    correction_days: int = Field(gt=0)

    def limits(self) -> Limits:
        """Their pure form."""
        return Limits(
            Limit(self.committed.days, self.committed.unit), Limit(self.statutory.days, self.statutory.unit),
            self.extension, self.warn,
        )  # fmt: skip


class FeeInfo(_Part):
    """收费: what is charged for the item, and the share of the fee statement that must be paid before the decision."""

    zh: str
    en: str
    threshold: Decimal | None = Field(default=None, ge=0, le=1)


class SpecialStep(_Part):
    """特别程序 whose time does not count (行政许可法 art. 45)."""

    code: str
    name: str
    name_en: str
    basis: str
    text: str = ""


class Step(_Part):
    """What a node of the process means: who, what, through which gates, in how many working days."""

    role: Role
    name_en: str
    actions: tuple[Action, ...]
    gates: tuple[str, ...] = ()
    days: int | None = Field(default=None, gt=0)

    @field_validator("gates")
    @classmethod
    def _gates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - GATES:
            raise ValueError(f"unknown gates {sorted(unknown)}")
        return value


class Discipline(_Part):
    """联审专业."""

    code: str
    name: str
    name_en: str


class Need(_Part):
    """A Result that must be in the box before a decision."""

    kind: str
    name: str
    name_en: str


class Numbering(_Part):
    """证号规则. ``pattern`` is a format string over {district} {year} {date} {seq}.

    No public text of a national numbering rule was found: the pattern is the city's own and ``verified`` says so.
    """

    pattern: str
    scope: Literal["year", "day", "ever"] = "year"
    note: str
    verified: bool = False

    @field_validator("pattern")
    @classmethod
    def _fields(cls, value: str) -> str:
        used = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        if unknown := used - NUMBER_FIELDS:
            raise ValueError(f"unknown fields {sorted(unknown)}")
        if "seq" not in used:
            raise ValueError("pattern needs {seq}")
        return value


class ResultDocument(_Part):
    """结果文书: what an approval yields."""

    kind: str
    name: str
    name_en: str
    template: str
    numbering: Numbering
    valid_days: int | None = Field(default=None, gt=0)
    validity: str = ""


class ReasonCode(_Part):
    """退件 / 不予受理 reason."""

    code: str
    zh: str
    en: str
    basis: str


class Item(_Part):
    """事项: the whole of ``item.yaml``. ``notice_series`` is the authority's letters in the numbers of its notices."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    name_en: str
    version: str
    stage: Stage
    department: str
    department_en: str
    authority: str
    notice_series: str = Field(default="", max_length=10)
    themes: tuple[Bilingual, ...]
    target: Bilingual
    summary: Bilingual
    kind: str
    kind_en: str
    basis: tuple[Basis, ...] = Field(min_length=1)
    conditions: tuple[Bilingual, ...] = Field(min_length=1)
    notice: tuple[Bilingual, ...] = Field(min_length=1)
    materials: tuple[Material, ...] = Field(min_length=1)
    form: tuple[FormSection, ...] = Field(min_length=1)
    limits: ItemLimits
    fees: FeeInfo
    faq: tuple[Question, ...] = ()
    special_steps: tuple[SpecialStep, ...] = ()
    steps: dict[str, Step]
    needs: tuple[Need, ...] = ()
    findings_from: tuple[str, ...] = ()
    resolvable: tuple[str, ...] = ()
    disciplines: tuple[Discipline, ...] = ()
    review_days: int = Field(default=7, gt=0)
    evaluations: bool = False
    indicators: tuple[str, ...] = ()
    result: ResultDocument
    reasons: tuple[ReasonCode, ...] = Field(min_length=1)
    phrases: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Item:
        for what, codes in (
            ("material", [m.code for m in self.materials]),
            ("field", [f.code for s in self.form for f in s.fields]),
            ("discipline", [d.code for d in self.disciplines]),
        ):
            if double := {c for c in codes if codes.count(c) > 1}:
                raise ValueError(f"{what} codes occur twice: {sorted(double)}")
        for step_id, step in self.steps.items():
            for action in step.actions:
                if step.role not in RULES[action].roles:
                    raise ValueError(f"step {step_id}: {action} is not for {step.role}")
        return self

    @property
    def fields(self) -> tuple[FormField, ...]:
        """All fields of the form."""
        return tuple(f for s in self.form for f in s.fields)

    def material(self, code: str) -> Material:
        """A line by code.

        Raises:
            NotFound: the item asks for no such material.
        """
        for material in self.materials:
            if material.code == code:
                return material
        raise NotFound(f"本事项没有材料“{code[:40]}”", f"no material {code[:40]!r} in {self.code}")

    def clock_limits(self, clock: ClockName) -> Limits:
        """Limits of one of a case's two clocks."""
        if clock is ClockName.ACCEPTANCE:  # 行政许可法 art. 32(四)
            return Limits(Limit(5), Limit(5), 0, 1)
        return self.limits.limits()


class ItemVersion(_Part):
    """An item with its process and version hash."""

    item: Item
    process: ProcessModel
    hash: str

    @property
    def definition(self) -> dict[str, Any]:
        """Plain JSON of ``item.yaml`` as validated."""
        return self.item.model_dump(mode="json")


def build(item: Item, process: ProcessModel, place: str = "") -> ItemVersion:
    """Check that the item's steps and the process agree; compute the version hash.

    Raises:
        CatalogueError: a step is missing on either side, a wait for an unknown message, no step that accepts,
            signs or delivers.
    """

    def wrong(zh: str, en: str) -> CatalogueError:
        return CatalogueError(f"事项 {item.code} 定义有误：{zh}", f"{place}: {en}", place=place or item.code)

    drawn, described = {s.id for s in process.steps}, set(item.steps)
    if drawn != described:
        odd = "、".join(sorted(drawn ^ described))
        raise wrong(f"流程图与 steps 不一致：{odd}", f"steps and process differ: {sorted(drawn ^ described)}")
    for node in process.steps:
        if node.message is not None and node.message not in MESSAGES:
            raise wrong(f"未知消息 {node.message}", f"unknown message {node.message}")
    actions = {a for s in item.steps.values() for a in s.actions}
    if (
        missing := {Action.ACCEPT, Action.CORRECT, Action.REFUSE, Action.APPROVE, Action.DENY, Action.DELIVER}
        - actions
    ):
        raise wrong(f"缺少操作 {sorted(missing)}", f"no step offers {sorted(missing)}")
    waits = {s.message for s in process.steps}
    if bool(item.disciplines) != ("joint_review_closed" in waits):
        raise wrong("联审专业与流程不一致", "disciplines and the wait for joint_review_closed go together")
    if item.evaluations != ("engagements_delivered" in waits):
        raise wrong("中介评估与流程不一致", "evaluations and the wait for engagements_delivered go together")
    digest = content_hash({"item": item.model_dump(mode="json"), "bpmn": process.bpmn})
    return ItemVersion(item=item, process=process, hash=digest)


def load_item(folder: Path) -> ItemVersion:
    """One item from its folder.

    Raises:
        CatalogueError: with file and line.
    """
    path = folder / "item.yaml"
    item = parse(Item, path, load_yaml(path))
    if item.code != folder.name:
        raise CatalogueError(
            f"事项代码 {item.code} 与文件夹 {folder.name} 不一致",
            f"{path}: code differs from folder",
            place=str(path),
        )
    bpmn_path = folder / "process.bpmn"
    try:
        bpmn = bpmn_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"缺少流程定义 {bpmn_path.name}", f"{bpmn_path}: {error}", place=str(bpmn_path)
        ) from error
    return build(item, read_process(bpmn, str(bpmn_path)), str(path))


@lru_cache(maxsize=4)
def load_items(root: Path = CATALOGUE) -> dict[str, ItemVersion]:
    """All items by code, in stage order.

    Raises:
        CatalogueError: the first fault found.
    """
    versions = [load_item(folder) for folder in sorted(root.iterdir()) if (folder / "item.yaml").exists()]
    order = list(Stage)
    versions.sort(key=lambda v: (order.index(v.item.stage), v.item.code))
    return {v.item.code: v for v in versions}


def from_definition(definition: dict[str, Any], bpmn: str, digest: str) -> ItemVersion:
    """An item version as a case keeps it, under the hash it was stored with.

    Definitions outlive the code that wrote them: a field added to the models above needs a default.
    """
    kept = build(Item.model_validate(definition), read_process(bpmn))
    return kept.model_copy(update={"hash": digest})
