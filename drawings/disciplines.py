"""Disciplines and phrases of the joint review, from ``catalogue/disciplines.yaml``."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from drawings.joint_review import Severity
from drawings.reading import CATALOGUE
from project_box.kernel.catalogue import parse


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Discipline(_Strict):
    """A discipline's names."""

    zh: str
    en: str


class Phrase(_Strict):
    """A sentence a reviewer may start a mark from."""

    discipline: str
    severity: Severity
    text: str
    clause: str


class Disciplines(_Strict):
    """All disciplines and phrases."""

    disciplines: dict[str, Discipline]
    phrases: tuple[Phrase, ...]


@lru_cache
def disciplines() -> Disciplines:
    """The catalogue.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(Disciplines, CATALOGUE / "disciplines.yaml")


def discipline_name(code: str) -> str:
    """Chinese name of a discipline, the code itself if unknown."""
    found = disciplines().disciplines.get(code)
    return found.zh if found else code
