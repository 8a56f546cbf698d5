"""A set of drawings as it is kept."""

from __future__ import annotations

from typing import Any

from drawings.set_reading import MOST_DRAWN, MOST_LISTED, shortened


def test_long_lists_of_a_report_are_shortened_and_counted() -> None:
    repair = {"id": "x", "accepted": False, "before": {"type": "Point"}, "after": {"type": "Point"}}
    report: dict[str, Any] = {
        "areas": [{"handle": str(n)} for n in range(MOST_LISTED + 3)], "dimensions": [{}], "texts": [],
        "repairs": [{**repair, "id": str(n)} for n in range(MOST_DRAWN + 2)], "roles": {},
    }  # fmt: skip
    kept = shortened(report)
    assert len(kept["areas"]) == MOST_LISTED and kept["left_out"] == {"areas": 3}
    assert [r["id"] for r in kept["repairs"]] == [r["id"] for r in report["repairs"]], "all can be accepted"
    assert kept["repairs"][MOST_DRAWN - 1]["before"] and kept["repairs"][MOST_DRAWN]["before"] is None
    assert len(report["areas"]) == MOST_LISTED + 3, "what was given stays as it was"
