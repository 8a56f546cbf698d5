"""The four stages of an engineering project (国办发〔2018〕33号 / 〔2019〕11号)."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """阶段."""

    PLANNING_LAND = "planning_land"
    DESIGN = "design"
    CONSTRUCTION = "construction"
    COMPLETION = "completion"

    @property
    def zh(self) -> str:
        """Chinese name."""
        return {
            "planning_land": "立项用地规划许可",
            "design": "工程建设许可",
            "construction": "施工许可",
            "completion": "竣工验收",
        }[self.value]

    @property
    def en(self) -> str:
        """English name."""
        return {
            "planning_land": "Initiation and land",
            "design": "Planning permission",
            "construction": "Construction permit",
            "completion": "Completion",
        }[self.value]
