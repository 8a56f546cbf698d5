"""The words of each language that drawings are written in: ``catalogue/words/``, one file a language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from drawings.reading import CATALOGUE
from drawings.standards.standards import Phrase, Spellings, roles
from project_box.kernel.catalogue import parse

_FOLDER = CATALOGUE / "words"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _joined(value: Any) -> Any:
    """An expression written in pieces, in one."""
    return "".join(value) if isinstance(value, list) else value


class LabelPhrase(Phrase):
    """A phrase whose expression may be written in pieces."""

    @field_validator("regex", mode="before")
    @classmethod
    def _pieces(cls, value: Any) -> Any:
        return _joined(value)


class FloorName(_Strict):
    """How a title names a storey; see ``words/languages.yaml``."""

    regex: re.Pattern[str]
    floor: int | None = None
    add: int = 0
    below: bool = False
    above_ground: bool = False
    roof: bool = False
    between: bool = False
    stilt: bool = False

    @field_validator("regex", mode="before")
    @classmethod
    def _pieces(cls, value: Any) -> Any:
        return _joined(value)


class Compound(_Strict):
    """How a name is put together: a word of every group of ``of`` in it, one of ``ends`` at its end, none of
    ``without``."""

    role: str
    of: tuple[tuple[str, ...], ...] = ()
    ends: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Compound:
        if not self.of and not self.ends:
            raise ValueError("give of or ends")
        if self.role not in roles().roles:
            raise ValueError(f"unknown role {self.role}")
        return self


class Language(_Strict):
    """The words of one language: role → words of layers, how names are put together, and words of attributes."""

    decimal_comma: bool = False
    limits: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    layers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    compounds: tuple[Compound, ...] = ()
    syllables: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    spellings: Spellings = Field(default_factory=dict)
    fillers: tuple[str, ...] = ()
    parts: dict[str, dict[str, str]] = Field(default_factory=dict)
    phrases: tuple[LabelPhrase, ...] = ()
    floors: tuple[FloorName, ...] = ()

    @field_validator("layers")
    @classmethod
    def _known_roles(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = set(value) - set(roles().roles)
        if unknown:
            raise ValueError(f"unknown roles {sorted(unknown)}")
        return value


class _Languages(_Strict):
    order: tuple[str, ...]


@lru_cache
def languages() -> Mapping[str, Language]:
    """Code → language, those that go first first.

    Raises:
        CatalogueError: a file is missing or malformed.
    """
    order = parse(_Languages, _FOLDER / "languages.yaml").order
    return {code: parse(Language, _FOLDER / f"{code}.yaml") for code in order}
