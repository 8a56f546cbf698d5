"""Numbers by which boundary files are judged: loaded from ``catalogue/boundary.yaml``."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from project_box.kernel.catalogue import parse

CATALOGUE = Path(__file__).parent / "catalogue"


class Limits(BaseModel):
    """Sizes beyond which a file is refused unread."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_bytes: int = Field(gt=0)
    uncompressed_bytes: int = Field(gt=0)
    zip_members: int = Field(gt=0)
    zip_ratio: int = Field(gt=1)
    vertices: int = Field(gt=0)
    layer_unpacked_bytes: int = Field(gt=0)


class BoundaryRules(BaseModel):
    """Tolerances of boundary reading; the YAML file explains each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    doc_no: str
    verified: bool
    effective_from: dt.date
    area_tolerance_share: float = Field(ge=0, lt=1)
    area_minimum_m2: float = Field(gt=0)
    area_small_m2: float = Field(gt=0)
    duplicate_m: float = Field(gt=0)
    spike_degrees: float = Field(gt=0, lt=45)
    spike_m: float = Field(gt=0)
    near_point_m: float = Field(gt=0)
    gap_m: float = Field(gt=0)
    sliver_m: float = Field(gt=0)
    coordinate_limit: float = Field(gt=0)
    areal_scale_limit: float = Field(gt=0, lt=0.1)
    places_listed: int = Field(gt=0)
    limits: Limits
    dxf_red_line_layers: tuple[str, ...] = Field(min_length=1)


@lru_cache
def boundary_rules() -> BoundaryRules:
    """The rules in force.

    Raises:
        CatalogueError: the file is wrong; names line and field.
    """
    return parse(BoundaryRules, CATALOGUE / "boundary.yaml")
