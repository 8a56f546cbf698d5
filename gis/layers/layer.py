"""Plan layer definitions 规划图层: loaded from ``catalogue/layers/<CODE>.yaml`` and checked on load.

A layer is added by writing one file (see docs/how-to/add-a-plan-layer.md) and importing its data; no code changes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from string import Formatter
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gis.rules import CATALOGUE
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import CatalogueError, NotFound

_STRICT = ConfigDict(extra="forbid", frozen=True)
#: a distance beyond this is no protection distance
MAX_DISTANCE_M = 10_000
_COLOUR = r"^#[0-9a-fA-F]{6}$"


class Policy(StrEnum):
    """What a layer means for a site."""

    FORBID = "forbid"
    CONSULT = "consult"
    NOTE = "note"
    WITHIN = "within"
    HEIGHT = "height"
    ATTRIBUTES = "attributes"
    INFO = "info"

    @property
    def zh(self) -> str:
        """Chinese word on the screen."""
        return {
            "forbid": "禁止占用",
            "consult": "征求意见",
            "note": "提示",
            "within": "应在范围内",
            "height": "限高",
            "attributes": "规划条件",
            "info": "参考信息",
        }[self.value]

    @property
    def en(self) -> str:
        """English word on the screen."""
        return {
            "forbid": "Forbidden",
            "consult": "Consult",
            "note": "Note",
            "within": "Must lie within",
            "height": "Height limit",
            "attributes": "Planning conditions",
            "info": "Information",
        }[self.value]


class FieldDefinition(BaseModel):
    """One attribute: its Chinese and English name, type and unit, and how deliveries write it.

    Attributes:
        aliases: other names of the column (case does not matter).
        values: what deliveries write to what the layer knows, ``{1: 低, high: 高}`` (case does not matter).
        required: a delivery without it is refused.
    """

    model_config = _STRICT

    name: str
    name_en: str
    type: Literal["text", "number"] = "text"
    unit: str = ""
    aliases: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)
    required: bool = False


class Clause(BaseModel):
    """The rule a layer rests on; ``verified`` is false until a person has compared it with the paper."""

    model_config = _STRICT

    text: str
    text_en: str
    verified: bool


class Symbol(BaseModel):
    """How a layer is drawn: colours as #rrggbb, width in pixels, opacity of the fill."""

    model_config = _STRICT

    fill: str = Field(pattern=_COLOUR)
    stroke: str = Field(pattern=_COLOUR)
    width: float = Field(gt=0, le=10)
    opacity: float = Field(ge=0, le=1)
    dash: tuple[float, ...] = ()
    hatch: Literal["diagonal", "cross"] | None = None


class ClassValue(BaseModel):
    """Legend entry of one value (or prefix) of the class field."""

    model_config = _STRICT

    name: str
    name_en: str
    fill: str = Field(pattern=_COLOUR)


class Classes(BaseModel):
    """Colours by the value of one field; the longest matching prefix wins (land use codes)."""

    model_config = _STRICT

    field: str
    values: dict[str, ClassValue] = Field(min_length=1)


class Height(BaseModel):
    """A height limit: the field that holds it (m above ``datum``).

    ``runways``: features delivered as lines are centre lines of runways, whose surfaces
    (:mod:`gis.layers.obstacle`) set the limit at the site's lowest point.
    """

    model_config = _STRICT

    field: str
    datum: str
    runways: bool = False


class Distance(BaseModel):
    """A row of a distance table: which values it is for (words, or numbers from ``least`` to ``most``), metres."""

    model_config = _STRICT

    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    distance_m: float = Field(gt=0, le=10000)

    @model_validator(mode="after")
    def _for_something(self) -> Self:
        if not self.values and self.least is None and self.most is None:
            raise ValueError("state values, least or most")
        return self


class Buffer(BaseModel):
    """Protection distances 保护距离 around features delivered as lines or points, by one attribute.

    ``own`` names a field in which a feature states its own distance, which goes before the table.
    Features delivered as areas are the zone already. A value the table does not hold has no distance: a site within
    ``unknown_m`` of such a feature is 无法判定.
    """

    model_config = _STRICT

    field: str
    distances: tuple[Distance, ...] = ()
    own: str | None = None
    unknown_m: float = Field(gt=0, le=10000)
    clause: str
    clause_en: str
    verified: bool

    def of(self, attributes: Mapping[str, Any]) -> float | None:
        """The distance for a feature, m; None where the table does not say."""
        stated = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:m|米)?", _shown(attributes.get(self.own or "")).strip())
        if stated is not None and 0 < float(stated.group(1)) <= MAX_DISTANCE_M:
            return float(stated.group(1))
        shown = _shown(attributes.get(self.field)).strip()
        for row in self.distances:
            if any(word in shown for word in row.values):
                return row.distance_m
        found = re.search(r"\d+(?:\.\d+)?", shown)
        if found is None:
            return None
        number = float(found.group())
        for row in self.distances:
            bounds = row.least is not None or row.most is not None
            if bounds and (row.least or 0) <= number <= (row.most if row.most is not None else math.inf):
                return row.distance_m
        return None


class AttributeRule(BaseModel):
    """A rule on attributes of a plot and the intended use, as a formula (ZEN) that is true where it is kept.

    Names in formulas: the layer's fields, ``USE`` (code of one intended use), ``SHARE`` (its share, %), ``OTHER_SHARE``
    (share of uses other than the plot's main one, %), ``ALLOWED`` (one code of the lists in the fields ``each``).

    Attributes:
        each: fields that list codes; every intended use must keep the rule with one of them.
        applies: where this formula is false the rule asks nothing.
    """

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z_]{1,30}$")
    name: str
    name_en: str
    require: str
    each: tuple[str, ...] = ()
    applies: str | None = None
    clause: str
    clause_en: str
    verified: bool


class ConditionItem(BaseModel):
    """One planning condition taken from a plot's attributes; exactly one way of reading it."""

    model_config = _STRICT

    code: str
    name: str
    name_en: str
    unit: str = ""
    maximum: str | None = None
    minimum: str | None = None
    one_of: tuple[str, ...] = ()
    display: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [bool(self.maximum or self.minimum), bool(self.one_of), bool(self.text)]
        if sum(ways) != 1:
            raise ValueError("state maximum/minimum, one_of or text")
        return self


class Conditions(BaseModel):
    """How a layer of plots gives planning conditions 规划条件."""

    model_config = _STRICT

    plot: str
    use: str
    plan: str
    share_minimum: float = Field(gt=0.5, le=1)
    items: tuple[ConditionItem, ...] = Field(min_length=1)


class LayerDefinition(BaseModel):
    """One plan layer.

    Attributes:
        code, name, name_en: what it is called.
        family, order: where it stands in the layer tree.
        policy: what an overlap means.
        clause: the rule it rests on.
        advice: what an overlap asks of the applicant.
        trigger: tag of the evaluation that an overlap calls for.
        zone: the fact it gives to ``zones`` of a report: land_grade, regional_evaluation, airport_limit, land_use.
        touch_tolerance_m, minimum_area_m2: override the defaults of ``families.yaml``.
        minimum_area_per: whether the minimum area counts for each feature, or for what all of the layer cover together.
        covers_area: features leave no gaps (like the present land cover), so where there is none, there is no plan data
            at all: other layers are then 未核查 instead of 不涉及.
        buffer_m: protection distance added around every feature when pieces are made (lines and points need one).
        public: whether the map services show it without sign-in.
        fields: attribute names, the delivered ones by alias.
        label: template of a feature's label, ``{FIELD}``.
        symbol, classes: how it is drawn.
        height, conditions: for the policies that need them.
        buffer: protection distances by attribute, for features delivered as lines or points.
        building_limit: field with the height a building may have above its ground, m.
        rules: rules on attributes, for the policy ``attributes``.
    """

    model_config = _STRICT

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,29}$")
    name: str
    name_en: str
    family: str
    order: int
    policy: Policy
    aliases: tuple[str, ...] = ()
    clause: Clause
    advice: str = ""
    advice_en: str = ""
    trigger: str | None = None
    zone: Literal["land_grade", "regional_evaluation", "airport_limit", "land_use"] | None = None
    touch_tolerance_m: float | None = Field(default=None, ge=0, le=10)
    minimum_area_m2: float | None = Field(default=None, ge=0)
    minimum_area_per: Literal["feature", "layer"] = "feature"
    covers_area: bool = False
    buffer_m: float = Field(default=0, ge=0, le=10000)
    public: bool = False
    fields: dict[str, FieldDefinition]
    label: str
    symbol: Symbol
    classes: Classes | None = None
    height: Height | None = None
    conditions: Conditions | None = None
    buffer: Buffer | None = None
    building_limit: str | None = None
    rules: tuple[AttributeRule, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.policy is Policy.HEIGHT) != (self.height is not None):
            raise ValueError("policy height and a height field go together")
        if (self.policy is Policy.ATTRIBUTES) != (self.conditions is not None):
            raise ValueError("policy attributes and conditions go together")
        if self.rules and self.policy is not Policy.ATTRIBUTES:
            raise ValueError("rules on attributes need the policy attributes")
        if self.buffer and self.buffer_m:
            raise ValueError("state buffer or buffer_m")
        named = [self.height.field] if self.height else []
        named += [
            f
            for f in (
                self.buffer.field if self.buffer else None,
                self.buffer.own if self.buffer else None,
                self.building_limit,
            )
            if f
        ]
        named += [f for rule in self.rules for f in rule.each]
        named += [self.classes.field] if self.classes else []
        if self.conditions:
            named += [self.conditions.plot, self.conditions.use, self.conditions.plan]
            for item in self.conditions.items:
                named += [f for f in (item.maximum, item.minimum, item.text, item.display, *item.one_of) if f]
        missing = [f for f in named if f not in self.fields]
        if missing:
            raise ValueError(f"fields {missing} are used but not defined")
        try:
            self.label.format_map(dict.fromkeys(self.fields, ""))
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f"label: {error!r}") from error
        return self

    @property
    def widens(self) -> bool:
        """True when lines and points are taken in, as areas around them."""
        return (
            self.buffer_m > 0 or self.buffer is not None or (self.height is not None and self.height.runways)
        )

    def label_of(self, attributes: Mapping[str, Any]) -> str:
        """Label of one feature; missing attributes leave a gap."""
        (label,) = self.labels_of({f: [attributes.get(f)] for f in self.fields}, 1)
        return label

    def labels_of(self, columns: Mapping[str, Sequence[Any]], count: int) -> list[str]:
        """Labels of many features, whose attributes come in columns."""
        used = [f for _, f, _, _ in Formatter().parse(self.label) if f]
        label = self.label.replace("%", "%%").format_map(dict.fromkeys(used, "%s"))
        shown = [map(_shown, columns[f]) if f in columns else repeat("", count) for f in used]
        rows = zip(*shown, strict=True) if used else repeat((), count)
        return [" ".join((label % row).replace("()", "").split()) for row in rows]

    def rename(self, columns: list[str]) -> dict[str, str]:
        """Delivered column names to the layer's own (case does not matter), for those that are known."""
        wanted: dict[str, str] = {}
        for name, definition in self.fields.items():
            for known in (name, *definition.aliases, definition.name):
                wanted.setdefault(known.casefold(), name)
        found: dict[str, str] = {}
        for column in columns:
            target = wanted.get(column.casefold())
            if (
                target is not None
                and (target == column or target not in columns)
                and target not in found.values()
            ):
                found[column] = target
        return found

    def class_of(self, attributes: Mapping[str, Any]) -> str | None:
        """Legend key of a feature: the longest key that is a prefix of its class value."""
        if self.classes is None:
            return None
        (key,) = self.classes_of({self.classes.field: [attributes.get(self.classes.field)]}, 1)
        return key

    def classes_of(self, columns: Mapping[str, Sequence[Any]], count: int) -> list[str | None]:
        """Legend keys of many features, whose attributes come in columns."""
        if self.classes is None or self.classes.field not in columns:
            return [None] * count
        known = sorted(self.classes.values, key=len, reverse=True)
        found: dict[str, str | None] = {}
        keys = []
        for value in map(_shown, columns[self.classes.field]):
            if value not in found:
                found[value] = next((k for k in known if value.startswith(k)), None)
            keys.append(found[value])
        return keys


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class FamilyDefinition(BaseModel):
    """A family of plans in the layer tree."""

    model_config = _STRICT

    name: str
    name_en: str
    order: int


class Families(BaseModel):
    """``families.yaml``: families, defaults of all layers, and the city's check CRS."""

    model_config = _STRICT

    families: dict[str, FamilyDefinition]
    touch_tolerance_m: float = Field(ge=0, le=10)
    minimum_area_m2: float = Field(ge=0)
    check_crs: int


class LayerCatalogue:
    """All layer definitions.

    Args:
        folder: holds ``families.yaml`` and ``layers/*.yaml``.

    Raises:
        CatalogueError: a file is wrong; names file, line and field.
    """

    def __init__(self, folder: Path) -> None:
        self.families = parse(Families, folder / "families.yaml")
        self.layers: dict[str, LayerDefinition] = {}
        for path in sorted((folder / "layers").glob("*.yaml")):
            definition = parse(LayerDefinition, path)
            if definition.code != path.stem:
                raise CatalogueError(
                    f"图层文件名应为 {definition.code}.yaml",
                    f"{path}: code is {definition.code}",
                    place=str(path),
                )
            if definition.family not in self.families.families:
                raise CatalogueError(
                    f"没有规划类别 {definition.family}", f"{path}: unknown family", place=f"{path}: family"
                )
            self.layers[definition.code] = definition
        self.layers = dict(sorted(self.layers.items(), key=lambda kv: (self._rank(kv[1]), kv[0])))

    def _rank(self, definition: LayerDefinition) -> tuple[int, int]:
        return self.families.families[definition.family].order, definition.order

    def get(self, code: str) -> LayerDefinition:
        """A definition by code or alias (case does not matter).

        Raises:
            NotFound: there is no such layer.
        """
        wanted = code.strip().upper()
        for definition in self.layers.values():
            if wanted == definition.code or wanted in definition.aliases:
                return definition
        raise NotFound(f"没有图层 {code[:40]}", f"no layer {code[:40]}", code="layer_not_found")

    def tolerance(self, definition: LayerDefinition) -> float:
        """Touch tolerance in metres."""
        own = definition.touch_tolerance_m
        return self.families.touch_tolerance_m if own is None else own

    def minimum_area(self, definition: LayerDefinition) -> float:
        """Smallest overlap in ㎡ that counts as a hit."""
        own = definition.minimum_area_m2
        return self.families.minimum_area_m2 if own is None else own


@lru_cache
def layer_catalogue() -> LayerCatalogue:
    """The platform's layer catalogue, loaded once."""
    return LayerCatalogue(CATALOGUE)
