"""The whole chain, walked headless over the HTTP API by the demo people: what ``project-box demo`` does.

Three sample projects go from site file to decision. Project A ends with a sealed, verified planning permit and starts
the next item; B and C are refused for the reasons the platform found. Nothing is short-cut: every step is a request
that a browser or a program could send, against the real database with real seals. Every run opens new projects
(new 项目代码) and touches no existing one.
"""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from project_box.kernel.db import Database
from project_box.kernel.settings import get_settings
from web.app import create_app
from web.demo.chain import walk_a, walk_b, walk_c
from web.demo.person import DemoFailed, Person
from web.demo.walk import Tell, Walk, document_pdf
from web.seed import Progress, sample_folder, seed
from web.seed.people import PEOPLE
from web.seed.programs import PROGRAMS
from web.seed.projects import folder_name, write_projects

__all__ = ["DemoFailed", "Person", "Tell", "Walk", "document_pdf", "run"]


def run(
    database: Database,
    *,
    tell: Tell = lambda key, step, text: None,
    progress: Progress | None = None,
    keep: bool = False,
) -> dict[str, Any]:
    """Walk the chain for the three sample projects; returns what ``--json`` prints.

    Args:
        tell: called after every step.
        progress: called while the sample city is made, the first time only.
        keep: also keep the map reports beside the permit in ``<var>/demo``.

    Raises:
        DemoFailed: a step was answered in a way it should not have been.
    """
    settings = get_settings()
    if settings.demo:  # never write demo accounts into a database that somebody else runs
        seed(database, settings.var_dir, progress)
    samples = sample_folder(settings.var_dir)
    if not all((samples / folder_name(p)).is_dir() for p in PROGRAMS):
        write_projects(samples)
    with TestClient(create_app(database), follow_redirects=False) as client:
        people = {
            p.username: Person(client, p.username)
            for p in PEOPLE
            if p.username not in ("developer2", "admin")
        }
        walks = []
        for program, steps in zip(PROGRAMS, (walk_a, walk_b, walk_c), strict=True):
            walk = Walk(
                program, people, samples / folder_name(program), settings.var_dir / "demo", tell, keep
            )
            steps(walk)
            walks.append(walk)
    keys = (
        "code",
        "name",
        "boundary",
        "conflicts",
        "indicators",
        "fees",
        "findings",
        "materials",
        "engagements",
        "permit",
    )
    return {"projects": [{k: w.report.get(k) for k in keys} for w in walks]}
