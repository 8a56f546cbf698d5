"""Drawing standards 制图标准: which layer means which role, as data (``catalogue/standards/*.yaml``).

A rule names its layers exactly (``names``), by wildcard (``pattern``) or by regular expression (``regex``, whole name,
named groups become attributes). Exact names win over expressions, expressions over wildcards; within one sort the
first rule of the file wins. Layer names are compared after Unicode NFKC, without case and without a
bound-reference prefix.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from drawings.cad.colours import of_index
from drawings.reading import CATALOGUE
from drawings.standards import patterns
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import CatalogueError, NotFound
from project_box.kernel.finding import Level

Geometry = Literal["ring", "line", "point", "ring_or_block", "text", "frame"]
Kind = Literal["site_plan", "building"]
Source = Literal["xdata", "block", "text", "layer", "table"]
DEFAULT_STANDARD = "project-box"
#: DXF allows 255 characters in a layer name; a longer one is no name anybody gave
LONGEST_LAYER = 1000
#: of so many layers a standard has to know more than half, or one it asks for
_TELLING_LAYERS = 4
_XREF_PREFIX = re.compile(r"^.*(?:\$\d+\$|\|)")


def _wildcard(value: str) -> str:
    patterns.check(_expression(value))
    return value


#: an expression of RE2 or a wildcard, refused on load when it is none
Regex = Annotated[str, AfterValidator(patterns.check)]
Wildcard = Annotated[str, AfterValidator(_wildcard)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Role(_Strict):
    """What a shape can be, and how it is checked."""

    zh: str
    en: str
    geometry: Geometry
    kind: Literal["site_plan", "building", "any"]
    keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    within_site: Level | None = None
    exclusive: Level | None = None
    holes: bool = False


class Tolerances(_Strict):
    """Lengths in metres, areas in ㎡, shares as fractions."""

    close: float = Field(gt=0)
    chain: float = Field(gt=0)
    outside_area: float = Field(ge=0)
    overlap_area: float = Field(ge=0)
    duplicate: float = Field(gt=0)
    propose: float = Field(gt=0)
    propose_share: float = Field(ge=0, lt=1)
    dimension_share: float = Field(ge=0)
    declared_error_share: float = Field(gt=0)
    declared_warning: float = Field(ge=0)


class Roles(_Strict):
    """All roles, attribute keys with their units and spellings, tolerances."""

    roles: dict[str, Role]
    number: dict[str, str]
    affirmative: tuple[str, ...]
    negative: tuple[str, ...]
    tolerances: Tolerances

    @property
    def keys(self) -> frozenset[str]:
        """All attribute keys."""
        return frozenset(k for role in self.roles.values() for k in role.keys) | frozenset(self.number)


@lru_cache
def roles() -> Roles:
    """The role catalogue.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(Roles, CATALOGUE / "roles.yaml")


class LayerRule(_Strict):
    """One rule: layers → role and attributes.

    Attributes:
        attributes: constants every shape of these layers gets.
        bare_text: key that a text without ``KEY=`` inside the ring gives; ``bare_pattern`` what such text looks like.
        floor_from_zero: attribute holding a floor number that counts the ground floor as 0; gives 起止层.
        typical: a text ``…=1,2,3`` on the layer names the floors, counted so, that its plan stands for, itself first.
        coloured: attribute that the colour of a shape tells (``colours`` of the standard).
    """

    names: tuple[str, ...] = ()
    pattern: Wildcard | None = None
    regex: Regex | None = None
    role: str
    attributes: dict[str, str] = Field(default_factory=dict)
    bare_text: str | None = None
    bare_pattern: Regex | None = None
    floor_from_zero: str | None = None
    typical: bool = False
    coloured: str | None = None

    @field_validator("role")
    @classmethod
    def _is_role(cls, value: str) -> str:
        if value not in roles().roles:
            raise ValueError(f"unknown role {value!r}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> LayerRule:
        if sum(bool(v) for v in (self.names, self.pattern, self.regex)) != 1:
            raise ValueError("give exactly one of names, pattern, regex")
        return self


class KindRule(_Strict):
    """What a drawing of one kind must hold; ``name``: a word in file names that tells the kind."""

    required: tuple[str, ...]
    any: bool = False
    name: str = ""

    def share(self, present: Collection[str]) -> float:
        """Of what a drawing of this kind must hold the share that is there; one of them is all where any will do."""
        held = sum(role in present for role in self.required)
        return float(held > 0) if self.any else held / len(self.required)


def _known(keys: Iterable[str]) -> None:
    if unknown := set(keys) - roles().keys:
        raise ValueError(f"unknown attribute {', '.join(sorted(unknown))}")


def _of_known_attributes(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    _known(value)
    return value


#: attribute key → words for it
Spellings = Annotated[dict[str, tuple[str, ...]], AfterValidator(_of_known_attributes)]


class Phrase(_Strict):
    """What a text without a key says; exactly one of ``regex`` (named groups are attributes) and ``text``.

    Attributes:
        text: as it is written, with the attributes in braces: ``FH {屋脊高度} m``.
        add: added to a number; sum: key → the other number that is added to it; gives: said besides.
        alone: False if it says nothing without another phrase beside it.
        only_with: language the drawing must speak for it to be believed.
    """

    regex: Regex | None = None
    text: str | None = None
    add: dict[str, int] = Field(default_factory=dict)
    sum: dict[str, str] = Field(default_factory=dict)
    gives: dict[str, str] = Field(default_factory=dict)
    alone: bool = True
    only_with: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Phrase:
        if bool(self.regex) == bool(self.text):
            raise ValueError("give exactly one of regex, text")
        named = set(patterns.names(self.regex) if self.regex else braced(self.text or ""))
        _known(named | set(self.add) | set(self.sum) | set(self.sum.values()) | set(self.gives))
        return self


def braced(text: str) -> list[str]:
    """Names in braces, in order."""
    return re.findall(r"\{([^{}]*)\}", text)


class AttributeRule(_Strict):
    """Where attributes come from, most trusted first, and how they are written.

    Attributes:
        xdata_app: application name of the extended data.
        spellings: attribute key → this standard's own words for it (``HOEHE``); they go before the platform's.
        phrases: what texts without a key say; they go before the platform's.
        decimal: the sign before decimals; None tells it from each number.
    """

    order: tuple[Source, ...]
    xdata_app: str
    spellings: Spellings = Field(default_factory=dict)
    phrases: tuple[Phrase, ...] = ()
    decimal: Literal["comma", "point"] | None = None


class Healing(_Strict):
    """Repairs a standard accepts beyond the tolerances all drawings share; ``gap``: widest gap closed, metres."""

    gap: float = Field(default=0.0, ge=0)


class _StandardFile(_Strict):
    code: str
    name: str
    name_en: str
    version: str
    doc_no: str | None
    verified: bool
    units: str | None
    in_place: bool = True
    kinds: dict[Kind, KindRule]
    attributes: AttributeRule
    colours: dict[str, dict[int, str]] = Field(default_factory=dict)
    layers: tuple[LayerRule, ...] = Field(max_length=1000)
    healing: Healing = Healing()


@dataclass(frozen=True, slots=True)
class Match:
    """What a layer is under a standard: its rule and the attributes its name carries."""

    rule: LayerRule
    attributes: Mapping[str, str]

    @property
    def role(self) -> str:
        """Code of the role."""
        return self.rule.role


class Standard(_StandardFile):
    """A drawing standard.

    Attributes:
        units: the unit drawings of this standard are in; None leaves it to the file.
        in_place: planning shapes lie where they are built (False: views side by side, the site is not checked).
        doc_no: the document it follows; None for the platform's own presets. verified: checked against the paper.
        colours: attribute → index of a colour (ACI) → what it says of a shape on a layer that is ``coloured`` so.
    """

    @cached_property
    def _named(self) -> dict[str, LayerRule]:
        """Rules by the layer names they give, compared as :func:`normal_layer`."""
        found: dict[str, LayerRule] = {}
        for rule in self.layers:
            for name in rule.names:
                found.setdefault(normal_layer(name), rule)
        return found

    def told_by_colour(self, rule: LayerRule, colour: str) -> dict[str, str]:
        """The attribute that a colour (``#rrggbb``) tells of shapes on the layers of a rule."""
        if rule.coloured is None:
            return {}
        said = self._by_colour.get(rule.coloured, {}).get(colour.lower())
        return {rule.coloured: said} if said is not None else {}

    @cached_property
    def _by_colour(self) -> dict[str, dict[str, str]]:
        """Attribute → colour → what it says."""
        return {
            key: {of_index(index): said for index, said in known.items()}
            for key, known in self.colours.items()
        }

    def match(self, layer: str) -> Match | None:
        """The rule of a layer and the attributes in its name; None if the standard does not know the layer."""
        plain = normal_layer(layer)
        if len(plain) > LONGEST_LAYER:
            return None
        if plain in self._named:
            rule = self._named[plain]
            return Match(rule, dict(rule.attributes))
        for rule in self.layers:
            if rule.regex is not None:
                found = patterns.whole(rule.regex, plain, any_case=True)
                if found is not None:
                    return Match(rule, {**rule.attributes, **{k: v for k, v in found.items() if v}})
        for rule in self.layers:
            if rule.pattern is not None and is_like(plain, rule.pattern):
                return Match(rule, dict(rule.attributes))
        return None

    def names_of(self, role: str) -> list[str]:
        """Layer names (or patterns) of a role, for messages."""
        out: list[str] = []
        for rule in self.layers:
            if rule.role == role:
                out += rule.names or (rule.pattern or rule.regex or "",)
        return out


def is_like(plain: str, pattern: str) -> bool:
    """True if a layer name as of :func:`normal_layer` matches a wildcard."""
    return patterns.whole(_expression(pattern), plain, any_case=True) is not None


def _expression(pattern: str) -> str:
    """The expression of a wildcard; its bars are alternatives, so no prefix of a bound reference is cut off."""
    return patterns.wildcard(unicodedata.normalize("NFKC", pattern).strip())


def bare_layer(name: str) -> str:
    """A layer name in NFKC without outer spaces and without an ``xref$0$`` or ``xref|`` prefix."""
    return _XREF_PREFIX.sub("", unicodedata.normalize("NFKC", name).strip())


def normal_layer(name: str) -> str:
    """A layer name for comparing: as :func:`bare_layer`, in upper case."""
    return bare_layer(name).upper()


def load_standard(path: Path) -> Standard:
    """One standard from its file.

    Raises:
        CatalogueError: malformed; names file, line and field.
    """
    standard = parse(Standard, path)
    if standard.code != path.stem:
        raise CatalogueError(
            f"制图标准文件名与 code 不一致：{path.name}",
            f"{path}: code is {standard.code!r}",
            place=str(path),
        )
    return standard


@lru_cache
def load_standards() -> dict[str, Standard]:
    """All shipped standards by code, the platform's own first.

    Raises:
        CatalogueError: a file is malformed.
    """
    found = [load_standard(path) for path in sorted((CATALOGUE / "standards").glob("*.yaml"))]
    return {s.code: s for s in sorted(found, key=lambda s: (s.code != DEFAULT_STANDARD, s.code))}


def get_standard(code: str) -> Standard:
    """The standard of a code.

    Raises:
        NotFound: there is none.
    """
    known = load_standards()
    if code not in known:
        raise NotFound(
            f"没有制图标准“{code}”",
            f"no drawing standard {code!r}",
            remedy="可选：" + "、".join(known),
            remedy_en="choose one of " + ", ".join(known),
            place="standard",
        )
    return known[code]


def detect(layers: Iterable[str]) -> Standard | None:
    """The standard that explains most of the given (non-empty) layers; None if none knows a planning role among them.

    Ties go to the standard whose required roles are present, then to the platform's own.
    """
    names = list(layers)
    best: tuple[tuple[float, float, float], Standard] | None = None
    for standard in load_standards().values():
        matched = [standard.match(name) for name in names]
        present = {m.role for m in matched if m is not None and m.role != "reference"}
        if not present:
            continue
        planned = sum(1 for m in matched if m is not None and m.role != "reference")
        shares = [kind.share(present) for kind in standard.kinds.values()]
        if max(shares, default=0) < 1 and 2 * planned <= len(names) and len(names) >= _TELLING_LAYERS:
            continue  # a few names that others use too, and not all of what the standard asks for
        score = (float(planned), max(shares, default=0.0), sum(m is not None for m in matched) / len(names))
        if best is None or score > best[0]:
            best = (score, standard)
    return best[1] if best else None
