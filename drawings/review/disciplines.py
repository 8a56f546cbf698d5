"""Disciplines and phrases of the joint review, from ``catalogue/disciplines.yaml``."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from drawings.reading import CATALOGUE
from drawings.review.joint_review import Severity
from project_box.kernel.catalogue import parse


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Discipline(_Strict):
    """A discipline's names; ``unconcerned``: roles whose changes it need not look at again."""

    zh: str
    en: str
    unconcerned: tuple[str, ...] = ()


class Phrase(_Strict):
    """审查用语: a sentence a reviewer may start a mark from.

    ``verified`` is True only where somebody has read the clause in the document itself; the screen says so otherwise.
    """

    discipline: str
    severity: Severity
    text: str
    clause: str
    verified: bool = False


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


def discipline_name_en(code: str) -> str:
    """English name of a discipline, the code itself if unknown; the completeness check has no code."""
    found = disciplines().disciplines.get(code)
    return found.en if found else code or "Completeness check"
