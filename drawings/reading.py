"""Settings of drawing reading, from ``catalogue/reading.yaml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from project_box.kernel.catalogue import parse

#: what a step is left when the ones before it took all the time
_LEAST_SECONDS = 4.0
CATALOGUE = Path(__file__).parent / "catalogue"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Strict):
    """Bounds that keep reading within time and memory."""

    file_bytes: int = Field(gt=0)
    entities: int = Field(gt=0)
    vertices: int = Field(gt=0)
    planned: int = Field(gt=0)
    ring_vertices: int = Field(gt=0)
    chords: int = Field(gt=0)
    layers: int = Field(gt=0)
    block_depth: int = Field(gt=0)
    coordinate_m: float = Field(gt=0)
    elevation_m: float = Field(ge=0)
    issues_per_code: int = Field(gt=0)
    repairs_per_kind: int = Field(gt=0)
    seconds: float = Field(gt=0)
    interpret_seconds: float = Field(gt=0)
    measure_seconds: float = Field(gt=0)
    total_seconds: float = Field(gt=0)


class National(_Strict):
    """Ranges of plane coordinates of the national systems, metres."""

    easting: tuple[float, float]
    zoned_easting: tuple[float, float]
    northing: tuple[float, float]


class UnitVotes(_Strict):
    """What each sort of evidence about the unit is worth."""

    header: float
    coordinates: float
    stated: float
    size: float
    size_implausible: float
    text_height: float
    scale: float
    dimensions: float
    stated_area: float
    stated_height: float
    rare: float
    text_absurd: float
    bays: float
    doors: float
    round_lengths: float
    frame: float


class Said(_Strict):
    """A sentence about a piece of evidence; ``{of}`` stands for what was seen."""

    zh: str
    en: str


class UnitRules(_Strict):
    """How the unit of a drawing is weighed."""

    header: dict[int, str]
    metres: dict[str, float]
    areas_m2: dict[str, float]
    candidates: list[str]
    rare: list[str]
    plausible_m: tuple[float, float]
    usual_m: float = Field(gt=0)
    national: National
    votes: UnitVotes
    said: dict[str, Said]
    text_height_m: tuple[float, float]
    text_absurd: float = Field(gt=1)
    paper_height_m: tuple[float, float]
    bay_layers: str
    sheets_m: tuple[float, ...]
    sheet_scales: tuple[float, ...]
    bay_width_m: tuple[float, float]
    bay_length_m: tuple[float, float]
    door_layers: str
    door_m: tuple[float, float]
    round_m: float = Field(gt=0)
    round_slack_m: float = Field(gt=0)
    round_from: float = Field(gt=0, le=1)
    round_below: float = Field(ge=0, lt=1)
    dimension_mm_from: float = Field(gt=0)
    dimension_m_up_to: float = Field(gt=0)
    ask_below: float = Field(gt=0, lt=1)
    overturn_by: float = Field(gt=0)


class SurveyBounds(_Strict):
    """How much a survey lists (its sums hold everything) and how many pieces it looks at together."""

    rings: int = Field(gt=0)
    texts: int = Field(gt=0)
    loose: int = Field(gt=0)
    closed: int = Field(gt=0)
    nested: int = Field(gt=0)


class Reading(_Strict):
    """All settings of reading."""

    chord_tolerance_m: float = Field(gt=0)
    limits: Limits
    survey: SurveyBounds
    units: UnitRules

    def within(self, seconds: float) -> Reading:
        """These settings with no bound on time above ``seconds``; every step is left a few seconds all the same."""
        left = max(_LEAST_SECONDS, seconds)
        limits = self.limits
        bounded = {
            "seconds": min(limits.seconds, left),
            "interpret_seconds": min(limits.interpret_seconds, left),
            "measure_seconds": min(limits.measure_seconds, left),
        }
        return self.model_copy(update={"limits": limits.model_copy(update=bounded)})


@lru_cache
def reading() -> Reading:
    """The settings in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(Reading, CATALOGUE / "reading.yaml")
