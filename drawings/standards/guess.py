"""Guessing roles of layers no drawing standard knows, by their names in several languages and what lies on them.

A guess is a proposal 提议 with its confidence and reason. Nothing is computed with it until a person accepts it
(:func:`accepted`), which makes a one-off standard of the accepted layers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from pydantic import BaseModel, ConfigDict, Field

from drawings.cad.model import AUDIT_PREFIX
from drawings.reading import CATALOGUE
from drawings.standards.compounds import Composed, composed
from drawings.standards.languages import languages
from drawings.standards.standards import (
    LONGEST_LAYER,
    Kind,
    KindRule,
    LayerRule,
    Standard,
    bare_layer,
    roles,
)
from drawings.standards.transliteration import latin, sounds, unaccented
from project_box.kernel.catalogue import parse

#: code of the one-off standard made of accepted guesses
ACCEPTED = "accepted-layers"
#: what is written in Latin letters for want of better says nothing of other texts
_NOT_SPOKEN = "pinyin"
_MOST_ASKED = 200  # layers
#: languages whose words are looked for inside longer ones, with the least length that is
_INSIDE_FROM = {"zh": 2, "ko": 2, "ja": 2, "hi": 3, "ru": 5, "de": 4, "nl": 5}
#: shorter words are not looked for across the parts of a name
_DIVIDED_FROM = 6
_SEPARATORS = re.compile(r"[\s_\-–—./\\|#$@()()\[\]【】:;,、]+")
#: runs of letters (vowel signs of Devanagari are no letters to ``\\w``) and of digits
_RUNS = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u097f])+|\d+")
_LETTERS_BEFORE_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Confidence(BaseModel):
    """How much each sort of hint is worth; the outcome is kept between 0.05 and 0.99."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exact: float
    part: float
    inside: float
    shape_fits: float
    shape_misfits: float
    texts_alone: float
    compound: float


class Words(BaseModel):
    """``layer_words.yaml``: what hints are worth; ``kinds``: role → attribute → value → words in a name.

    ``surveyed``: words in names of layers of the cadastre; ``planned``: of what is to be built; ``standing``:
    beginnings of words for what stands there already, or beside the site.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    confidence: Confidence
    accept_from: float = Field(gt=0, lt=1)
    kinds: dict[str, dict[str, dict[str, tuple[str, ...]]]] = Field(default_factory=dict)
    surveyed: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()


@lru_cache
def words() -> Words:
    """What hints are worth.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(Words, CATALOGUE / "layer_words.yaml")


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies on a layer, as far as a guess looks at it: closed rings, open curves, texts, block references."""

    rings: int = 0
    open_curves: int = 0
    texts: int = 0
    inserts: int = 0


@dataclass(frozen=True, slots=True)
class Guess:
    """A proposed role: ``why`` names the word met (with its language) and whatever else speaks for it."""

    role: str
    confidence: float
    why: str
    why_en: str = ""


@dataclass(frozen=True, slots=True)
class _Word:
    role: str
    language: str
    plain: str
    letters: str
    parts: tuple[str, ...]
    shown: str
    alone: bool


def _fold(text: str) -> str:
    """For comparing: NFKC, lower case, ``ß`` as ``ss``, ``ё`` as ``е``, Latin letters without accents."""
    return unaccented(unicodedata.normalize("NFKC", text).casefold().replace("ё", "е"))


def _parts(text: str) -> tuple[str, ...]:
    spaced = _LETTERS_BEFORE_CAPITAL.sub(" ", unicodedata.normalize("NFKC", text))
    pieces = (p for p in _SEPARATORS.split(_fold(spaced)) if p)
    return tuple(_singular(p) for piece in pieces for p in _RUNS.findall(piece))


def _singular(word: str) -> str:
    """A Latin word without the s of the plural."""
    plural = len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


@lru_cache
def _words() -> tuple[_Word, ...]:
    out = [
        _word(role, language, word)
        for role in roles().roles
        for language, known in languages().items()
        for word in known.layers.get(role, ())
    ]
    first = list(languages())  # where a word means two things the earlier language goes first
    return tuple(sorted(out, key=lambda w: (-len(w.plain), first.index(w.language))))


def _word(role: str, language: str, word: str) -> _Word:
    parts = _parts(word.removeprefix("="))
    letters = "".join(p for p in parts if not p.isdigit())
    return _Word(role, language, "".join(parts), letters, parts, word.removeprefix("="), word.startswith("="))


_SPELT_FROM = 5  # letters of a Russian word that is looked for in Latin


@lru_cache
def _spelt_words() -> tuple[_Word, ...]:
    """The Russian words in Latin letters."""
    out = []
    for word in _words():
        if word.language != "ru" or word.alone or len(word.letters) < _SPELT_FROM:
            continue
        parts = tuple(sounds(latin(part)) for part in word.parts)
        plain = "".join(parts)
        out.append(_Word(word.role, "ru", plain, plain, parts, word.shown, alone=False))
    return tuple(sorted(out, key=lambda w: -len(w.plain)))


def _spelt(parts: tuple[str, ...], contents: Contents | None) -> tuple[Guess, ...]:
    """The role of a name in Russian spelt with Latin letters, where no word of the other languages is in it."""
    heard = tuple(sounds(p) for p in parts)
    whole = "".join(heard)
    for word in _spelt_words():
        if word.plain in whole and _within(word.parts, heard):
            weights = words().confidence
            score = weights.exact if word.plain == whole else weights.part
            return (Guess(word.role, round(_with_shape(score, word.role, contents), 2), f"ru: {word.shown}"),)
    return ()


def guesses(layer: str, contents: Contents | None = None) -> tuple[Guess, ...]:
    """Proposed roles of a layer, the likeliest first; empty if nothing speaks for any.

    Args:
        layer: the layer's name (a bound reference's prefix is ignored).
        contents: what lies on it; None if only the name is known.
    """
    weights = words().confidence
    if layer.upper().startswith(AUDIT_PREFIX):
        return (Guess("reference", weights.exact, "audit layer"),)
    if len(layer) > LONGEST_LAYER:  # a name that no program lets anybody type
        return ()
    parts = _parts(bare_layer(layer))
    plain = "".join(p for p in parts if not p.isdigit())
    best: dict[str, tuple[float, int, int, Guess]] = {}
    covered = plain
    for word in _words():
        if word.letters not in covered:
            continue  # not in the name, or part of a longer word that was met before: 地下室轮廓 is no 轮廓
        if word.letters == plain and (word.letters == word.plain or word.parts == parts):
            score = weights.exact
        elif word.alone:
            continue
        elif _within(word.parts, parts):
            score = weights.part
        elif len(word.plain) >= _INSIDE_FROM.get(word.language, 99) and word.plain in covered:
            score = weights.inside
        else:
            continue
        covered = covered.replace(word.letters, "\x00", 1)
        score = _with_shape(score, word.role, contents)
        guess = Guess(word.role, round(score, 2), f"{word.language}: {word.shown}")
        if word.role not in best or best[word.role][0] < score:
            best[word.role] = (score, len(word.plain), plain.rfind(word.letters), guess)
    if not best and plain.isascii() and (found := _spelt(parts, contents)):
        return found
    told = composed(parts)
    if told is not None and _says_more(told, plain, best.values()):
        score = _with_shape(weights.compound, told.role, contents)
        first = Guess(told.role, round(score, 2), f"zh: {told.words}")
        return (first, *(b[3] for b in best.values() if b[3].role != told.role))
    if any(b[3].why.startswith("zh:") and b[3].role != "reference" for b in best.values()):
        # what is written in ideographs goes before letters that may be Pinyin: XZJZ-新建
        best = {role: b for role, b in best.items() if not b[3].why.startswith("pinyin:")}
    # names go from the general to the special
    ranked = [b[3] for b in sorted(best.values(), key=lambda b: (-b[0], -b[1], -b[2]))]
    if ranked and ranked[0].role in _BUILDINGS:  # the outline of a basement is no building
        ranked.sort(key=lambda g: g.role != "basement")
    return tuple(ranked)


def _says_more(told: Composed, plain: str, met: Collection[tuple[float, int, int, Guess]]) -> bool:
    """True if words that go together say more of a name than the words met in it, none of which is the whole of it."""
    longest = max((length for _, length, _, _ in met), default=0)
    return not met or (longest <= told.length and longest < len(plain))


@lru_cache(maxsize=4096)
def kinds_in(name: str, role: str) -> Mapping[str, str]:
    """Attributes of shapes of a role that the name of their layer or block tells: 停车位-无障碍, 주차-장애인."""
    if len(name) > LONGEST_LAYER:
        return {}
    plain, parts = "".join(_parts(bare_layer(name))), _parts(bare_layer(name))
    out: dict[str, str] = {}
    for key, values in words().kinds.get(role, {}).items():
        for value, known in values.items():
            if key not in out and any(_tells(_parts(word), parts, plain) for word in known):
                out[key] = value
    return out


def _tells(word: tuple[str, ...], parts: tuple[str, ...], plain: str) -> bool:
    """A short Latin word must stand alone; others may be part of a longer one."""
    whole = "".join(word)
    return _within(word, parts) or (not (whole.isascii() and len(whole) < 6) and whole in plain)


def spoken(layers: Iterable[str]) -> frozenset[str]:
    """Languages that layers are named in, as far as a word of a role tells; of many layers the first ones are asked."""
    told = (g.why.partition(":") for name in islice(layers, _MOST_ASKED) for g in guesses(name)[:1])
    return frozenset(c for c, sign, _ in told if sign and c in languages() and c != _NOT_SPOKEN)


_BUILDINGS = frozenset({"footprint", "outline"})


def beside_each_other(
    found: Mapping[str, tuple[Guess, ...]], rings: Mapping[str, int]
) -> dict[str, tuple[Guess, ...]]:
    """Guesses of all layers of a drawing: buildings of the cadastre are existing ones where others are planned, a
    lone ring of covered or floor area on a site without any building is the building, and covered areas without a site
    are those of floors.

    Args:
        rings: layer → how many rings lie on it.
    """
    built = [name for name, offers in found.items() if offers and offers[0].role in _BUILDINGS]
    planned = {name for name in built if _has(name, words().planned)}
    existing = {name for name in built if name not in planned and _stands(name)}
    if planned:
        existing |= {name for name in built if name not in planned and _has(name, words().surveyed)}
    out = dict(found)
    for name in existing:
        out[name] = (Guess("adjacent", found[name][0].confidence, found[name][0].why), *found[name][1:])
    told = {offers[0].role for offers in out.values() if offers}
    if "site_boundary" in told and told.isdisjoint(_BUILDINGS):
        role = "covered" if "covered" in told else "area_full"
        areas = [name for name, offers in out.items() if offers and offers[0].role == role]
        if len(areas) == 1 and rings.get(areas[0]) == 1:
            _meant(out, areas[0], "footprint")
    elif told.isdisjoint(_BUILDINGS | {"site_boundary", "area_full", "floor_frame"}):
        for name in [n for n, offers in out.items() if offers and offers[0].role == "covered"]:
            _meant(out, name, "area_full")  # what is covered, floor by floor, where no plot is drawn
    return out


def _meant(out: dict[str, tuple[Guess, ...]], name: str, role: str) -> None:
    """Put a role before those that a layer's name tells."""
    first = out[name][0]
    out[name] = (Guess(role, first.confidence, first.why, first.why_en), *out[name])


def _stands(name: str) -> bool:
    """True if a part of a name begins with a word for what stands already; scripts without spaces hold it anywhere."""
    parts = _parts(bare_layer(name))
    starts = [_fold(word) for word in words().standing]
    return any(p.startswith(s) or (len(s) > 1 and s[0] > "\u3000" and s in p) for p in parts for s in starts)


def _has(name: str, known: tuple[str, ...]) -> bool:
    parts = _parts(bare_layer(name))
    return any(_tells(_parts(word), parts, "".join(parts)) for word in known)


def _within(word: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """True if the word is a run of whole parts, however either is divided: FOOT_PRINT and footprint are one."""
    if any(parts[i : i + len(word)] == word for i in range(len(parts) - len(word) + 1)):
        return True
    whole = "".join(word)
    if len(whole) < _DIVIDED_FROM:
        return False
    return any(
        "".join(parts[i:j]) == whole
        for i in range(len(parts))
        for j in range(i + 1, min(len(parts), i + 4) + 1)
    )


def _with_shape(score: float, role: str, contents: Contents | None) -> float:
    weights = words().confidence
    if contents is not None and role not in ("reference", "plan_info"):
        geometry = roles().roles[role].geometry
        if geometry in ("ring", "frame"):
            fits = contents.rings > 0
        elif geometry == "ring_or_block":
            fits = contents.rings > 0 or contents.inserts > 0 or contents.open_curves > 3  # a grid of lines
        else:
            fits = contents.rings + contents.open_curves > 0
        score += weights.shape_fits if fits else weights.shape_misfits
        if contents.texts and not (contents.rings or contents.open_curves or contents.inserts):
            score = min(score, weights.texts_alone)  # nothing is drawn there: it is a layer of notes
    return min(0.99, max(0.05, score))


def proposed(found: Mapping[str, Iterable[Guess]]) -> dict[str, str]:
    """Layer → role of the guesses that are sure enough to be accepted together (``accept_from``)."""
    out: dict[str, str] = {}
    for layer, offers in found.items():
        first = next(iter(offers), None)
        if first is not None and first.confidence >= words().accept_from:
            out[layer] = first.role
    return out


def accepted(layers: Mapping[str, str], base: Standard | None = None) -> Standard:
    """A one-off standard: the layers a person has given roles to, before those ``base`` knows."""
    by_role: dict[str, list[str]] = {}
    for layer, role in layers.items():
        by_role.setdefault(role, []).append(layer)
    rules = tuple(
        LayerRule(names=tuple(names), role=role, bare_text=_BARE.get(role), attributes=_SAYS.get(role, {}))
        for role, names in by_role.items()
    )
    if base is not None:
        # made anew: a copy would keep what the base has remembered of its own layers
        return Standard.model_validate({**dict(base), "layers": rules + base.layers})
    found = {roles().roles[r].kind for r in by_role}
    kinds: dict[Kind, KindRule] = {}
    if "building" in found and "site_plan" not in found:
        areas = ("area_full", "area_half", "floor_frame")
        kinds["building"] = KindRule(required=areas, any=True)
    else:
        kinds["site_plan"] = KindRule(required=("site_boundary",))
    return Standard.model_validate(
        {
            "code": ACCEPTED,
            "name": "经确认的图层对应",
            "name_en": "Layers as accepted",
            "version": "1",
            "doc_no": None,
            "verified": False,
            "units": None,
            "in_place": False,
            "kinds": {k: v.model_dump() for k, v in kinds.items()},
            "attributes": {"order": ("xdata", "block", "text", "layer", "table"), "xdata_app": "PROJECT_BOX"},
            "layers": [r.model_dump() for r in rules],
        }
    )


#: what a bare text inside the rings of a role means
_BARE = {"floor_frame": "起止层"}
#: what shapes of a role say by lying on their layer: what is to be deducted is deducted whole
_SAYS = {"area_deduct": {"系数": "-1"}}
