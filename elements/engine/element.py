"""Element definitions as they stand in the catalogue files."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from elements.engine.rounding import Rounding
from elements.engine.tariffs import Evidence
from project_box.stage import Stage


class Kind(StrEnum):
    """基础 data, 指标 indicator, 结论 conclusion."""

    DATA = "基础"
    INDICATOR = "指标"
    CONCLUSION = "结论"


class Type(StrEnum):
    """Type of a value. ``records`` is a list of dicts, ``map`` text → value, ``limit`` one planning condition."""

    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    BOOL = "bool"
    DATE = "date"
    RECORDS = "records"
    MAP = "map"
    LIMIT = "limit"
    OUTCOME = "outcome"


class Source(StrEnum):
    """Where a value comes from."""

    FORM = "form"
    DRAWING = "drawing"
    BOUNDARY = "boundary"
    LAYER = "layer"
    LICENCE = "licence"
    RESULT = "result"
    TARIFF = "tariff"
    COMPUTED = "computed"

    @property
    def zh(self) -> str:
        """Word on the screen."""
        return {
            "form": "表单",
            "drawing": "图纸",
            "boundary": "界址",
            "layer": "规划图层",
            "licence": "电子证照",
            "result": "上阶段成果",
            "tariff": "费率表",
            "computed": "计算",
        }[self.value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TariffRef(_Strict):
    """A lookup in a tariff table.

    Keys are element codes, or ``{value: …}``; ``rows`` hands the whole matching rows over.
    """

    table: str
    keys: dict[str, str | Literal_] = {}
    column: str = "value"
    rows: bool = False
    optional: bool = False


class Literal_(_Strict):
    """A fixed argument."""

    value: Any


class Fee(_Strict):
    """Says that an element is a fee and which elements stand in the statement's columns."""

    basis: str
    quantity: str
    rate: str | None = None
    order: int = 100


class Example(_Strict):
    """Inputs and the expected outcome; runs as a test."""

    given: dict[str, Any]
    expect: Any
    at: dt.date | None = None
    note: str = ""


class Text(_Strict):
    """Sentences of a conclusion; ``{CODE}`` stands for the shown value of an element."""

    passed: str = Field(alias="pass")
    failed: str = Field(alias="fail")
    undecided: str = ""
    note: str = ""


class ElementSpec(_Strict):
    """Definition of one element.

    Attributes:
        unit: plain text (``㎡``, ``%``, ``元``, ``m``). A number without one says ``dimensionless``: a ratio, a factor.
        precision: decimals shown; ``carry: rounded`` makes dependents see the rounded value.
        formula: ZEN expression over codes. ``function``: named function with ``args``. ``tariff``: table lookup.
        args: argument → element code (``CODE?`` hands None over when it is 无法判定), ``{value: …}`` or ``{table: …}``.
        of: for a conclusion: the indicator it judges.
        formula_text: the rule in words where the named function's own words are too general.
        options, minimum, maximum: what an input may be.
        words: a limit that may be words (codes, a rate per household) instead of a number.
        own: a computed rate or factor that may be handed in instead (自带值): it then stands for the computed one, is
            marked 自带 and never verified.
        unsourced: an honest word instead of a clause.
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=40)
    name: str
    name_en: str
    kind: Kind
    type: Type = Type.NUMBER
    unit: str = ""
    dimensionless: bool = False
    precision: int | None = None
    rounding: Rounding = Rounding.HALF_UP
    carry: Literal["exact", "rounded"] = "exact"
    source: Source = Source.COMPUTED
    formula: str | None = None
    function: str | None = None
    args: dict[str, str | TariffRef | Literal_] = {}
    tariff: TariffRef | None = None
    of: str | None = None
    formula_text: str = ""
    text: Text | None = None
    clause: str = ""
    unsourced: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    verified: bool = True
    evidence: Evidence | None = None
    options: list[str] = []
    minimum: float | None = None
    maximum: float | None = None
    own: bool = False
    words: bool = False
    fee: Fee | None = None
    note: str = ""
    examples: list[Example] = []

    @property
    def computed(self) -> bool:
        """True when the engine makes the value; False when it is handed in."""
        return self.source in (Source.COMPUTED, Source.TARIFF)

    @model_validator(mode="after")
    def _sound(self) -> ElementSpec:
        ways = sum(x is not None for x in (self.formula, self.function, self.tariff))
        if self.computed and ways != 1:
            raise ValueError("a computed element has exactly one of formula, function, tariff")
        if not self.computed and ways:
            raise ValueError("an element that is handed in has no formula, function or tariff")
        if self.kind is Kind.CONCLUSION and (self.type is not Type.OUTCOME or self.text is None):
            raise ValueError("a conclusion has type outcome and a text")
        if self.own and (not self.computed or self.kind is Kind.CONCLUSION):
            raise ValueError("own belongs to a computed rate or factor")
        if self.kind is Kind.CONCLUSION and not self.computed:
            raise ValueError("a conclusion is computed")
        if self.type is Type.OUTCOME and self.kind is not Kind.CONCLUSION:
            raise ValueError("only a conclusion has type outcome")
        if self.kind is Kind.INDICATOR and not self.computed:
            raise ValueError("an indicator is computed; what is handed in is 基础")
        if not self.clause and not self.unsourced:
            raise ValueError("give a clause, or say honestly under unsourced why there is none")
        if self.carry == "rounded" and self.precision is None:
            raise ValueError("carry: rounded needs a precision")
        if self.evidence == "R" and self.verified:
            raise ValueError("a recalled rule (evidence R) cannot be verified: true")
        if self.args and self.function is None:
            raise ValueError("args belong to a function")
        return self

    def holds(self, at: dt.date) -> bool:
        """True on the days the definition is in force."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at <= self.valid_to
        )


class RegisterColumn(_Strict):
    """A key element in the register 台账 of a business: its code alone, or with ``total: true`` when it adds up."""

    code: str
    total: bool = False

    @model_validator(mode="before")
    @classmethod
    def _bare_code(cls, data: Any) -> Any:
        return {"code": data} if isinstance(data, str) else data


class BusinessFile(_Strict):
    """One file of the catalogue: one business and its elements.

    Attributes:
        clas: class of businesses (``规划许可``, ``土地供应`` …).
        uses: codes of shared elements that belong on this business's table too.
        stage: stage of a project in which a recorded review belongs.
        register_columns: key elements of its 台账, in order (``register`` in the file).
    """

    business: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    name_en: str
    clas: str = Field(alias="class")
    class_name: str
    uses: list[str] = []
    stage: Stage | None = None
    register_columns: list[RegisterColumn] = Field(default=[], alias="register")
    elements: list[ElementSpec]


TariffRef.model_rebuild()
