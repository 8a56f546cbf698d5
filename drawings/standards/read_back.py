"""A standard's YAML as the page that builds standards shows it, so that it can be changed there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from drawings.standards.standard_service import PatternRule, Writing, check_standard, write_standard
from project_box.kernel.errors import PlatformError


@dataclass(frozen=True, slots=True)
class Fields:
    """What the page has fields for; the arguments of :func:`drawings.standards.standard_service.write_standard`.

    Attributes:
        whole: False if the YAML says more than these fields can, which saving them would lose.
    """

    code: str
    name: str
    units: str | None
    layers: dict[str, str] = field(default_factory=dict)
    bare: dict[str, str] = field(default_factory=dict)
    rules: tuple[PatternRule, ...] = ()
    order: tuple[str, ...] = ()
    xdata_app: str = ""
    writing: Writing = field(default_factory=Writing)
    whole: bool = True


def read_back(source: str) -> Fields:
    """The fields of a standard that has passed :func:`drawings.standards.standard_service.check_standard`."""
    made = yaml.safe_load(source)
    attributes: Mapping[str, Any] = made.get("attributes") or {}
    layers: dict[str, str] = {}
    bare: dict[str, str] = {}
    rules: list[PatternRule] = []
    for rule in made.get("layers") or ():
        key = str(rule.get("bare_text") or "")
        for name in rule.get("names") or ():
            layers[str(name)] = rule["role"]
            if key:
                bare[str(name)] = key
        for how in ("pattern", "regex"):
            if rule.get(how):
                constants = {str(k): str(v) for k, v in (rule.get("attributes") or {}).items()}
                rules.append(PatternRule(how, str(rule[how]), rule["role"], constants, key))
    writing = Writing(
        {key: [str(word) for word in words] for key, words in (attributes.get("spellings") or {}).items()},
        [str(p["text"]) for p in attributes.get("phrases") or () if p.get("text")],
        str(attributes.get("decimal") or ""),
    )
    found = Fields(
        str(made["code"]), str(made["name"]), made.get("units"), layers, bare, tuple(rules),
        tuple(attributes.get("order") or ()), str(attributes.get("xdata_app") or ""), writing,
    )  # fmt: skip
    return replace(found, whole=_says_the_same(source, found))


def _says_the_same(source: str, found: Fields) -> bool:
    try:
        again = write_standard(
            code=found.code, name=found.name, units=found.units, layers=found.layers, bare=found.bare,
            rules_by_pattern=found.rules, order=found.order, xdata_app=found.xdata_app, writing=found.writing,
        )  # fmt: skip
        return _plain(again) == _plain(source)
    except PlatformError:
        return False


def _plain(source: str) -> dict[str, Any]:
    """All a standard says but its English name and document, with one line for each name."""
    plain = check_standard(source).model_dump(mode="json", exclude={"name_en", "doc_no", "verified"})
    named = [r for r in plain["layers"] if r.get("names")]
    other = [r for r in plain["layers"] if not r.get("names")]
    each = sorted((str(n), str({**r, "names": None})) for r in named for n in r["names"])
    return {**plain, "layers": [each, other]}
