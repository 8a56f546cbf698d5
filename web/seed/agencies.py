"""The demo agencies of 样例新区 with their (made up) qualifications and certified persons."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from intermediaries.registration import register_agency
from project_box.models import Organisation

#: organisation → (qualification, level, certificate number, last day)
QUALIFICATIONS: dict[str, tuple[tuple[str, str, str, dt.date], ...]] = {
    "样例地质勘察院有限公司": (
        ("geology", "甲级", "样例地评资质 2024-001", dt.date(2029, 12, 31)),
        ("minerals", "", "样例矿调备案 2024-003", dt.date(2029, 12, 31)),
        ("seismic", "", "样例震评备案 2024-002", dt.date(2029, 12, 31)),
        ("archaeology", "团体领队", "样例考古资质 2024-001", dt.date(2029, 12, 31)),
    ),
    "样例水保交通咨询有限公司": (
        ("water_soil", "四星", "样例水保评价 2024-011", dt.date(2029, 12, 31)),
        ("flood", "", "样例洪评备案 2024-005", dt.date(2029, 12, 31)),
        ("traffic", "甲级", "样例交评备案 2024-007", dt.date(2029, 12, 31)),
        ("energy", "", "样例节能备案 2024-009", dt.date(2029, 12, 31)),
        ("forestry", "乙级", "样例林调资质 2024-004", dt.date(2029, 12, 31)),
    ),
}
#: organisation → (name, certificate, certificate number, qualification)
PERSONS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "样例地质勘察院有限公司": (
        ("郑地质", "注册土木工程师(岩土)", "样例岩土 0001", "geology"),
        ("钱矿产", "矿产资源评估师", "样例矿评 0002", "minerals"),
    ),
    "样例水保交通咨询有限公司": (
        ("冯水保", "水土保持工程师", "样例水保 0003", "water_soil"),
        ("褚交通", "注册咨询工程师", "样例交评 0004", "traffic"),
    ),
}


def seed_agencies(session: Session) -> None:
    """Admit the demo agencies; harmless when they are there already."""
    organisations = {
        o.name: o for o in session.scalars(select(Organisation).where(Organisation.kind == "agency"))
    }
    for name, qualifications in QUALIFICATIONS.items():
        if name in organisations:
            register_agency(
                session, organisations[name].id, qualifications=qualifications, persons=PERSONS.get(name, ())
            )
