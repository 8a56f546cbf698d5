"""The sample city 样例新区 with its people, agencies, plan layers and sample project files.

:func:`seed` brings a database to that state once and is harmless afterwards: what is already there stays as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from gis import service as gis
from project_box.kernel.db import Database
from project_box.kernel.errors import Conflict

#: called with (step, steps in all, what is being done)
Progress = Callable[[int, int, str], None]


def seed(database: Database, var_dir: Path, progress: Progress | None = None) -> None:
    """Organisations, people, agencies, all plan layers, and the sample projects under ``<var_dir>/sample``.

    Every layer is a transaction of its own, so an interrupted run goes on where it stopped. Running it again costs a
    query.
    """
    from web.seed.agencies import seed_agencies
    from web.seed.people import seed_people

    with database.transaction() as session:
        seed_people(session)
        seed_agencies(session)
    seed_city(database, var_dir, progress)


def sample_folder(var_dir: Path) -> Path:
    """Where the sample project files lie."""
    return var_dir / "sample"


def seed_city(database: Database, var_dir: Path, progress: Progress | None = None) -> None:
    """Plan layers and sample projects; see :func:`seed`."""
    samples = sample_folder(var_dir)
    with database.transaction() as session:
        present = {str(row["code"]) for row in gis.list_layers(session) if row["version"] is not None}
    stamp = samples / "stamp.json"
    wanted = {"edition": _edition()}
    files_there = stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == wanted
    if _codes() <= present and files_there:
        return
    from web.seed.city import VALID_FROM, VERSION, build_city, write_city
    from web.seed.projects import write_projects

    tell = progress or (lambda step, steps, what: None)
    tell(0, len(_codes()) + 1, "样例新区")
    city = build_city()
    with tempfile.TemporaryDirectory(prefix="project-box-city-") as folder:
        paths = write_city(Path(folder), city)
        for step, (code, path) in enumerate(paths.items(), start=1):
            tell(step, len(paths) + 1, city[code].name)
            if code in present:
                continue
            try:
                with database.transaction() as session:
                    gis.import_layer(
                        session, code, path, version=VERSION, valid_from=dt.date.fromisoformat(VALID_FROM)
                    )
            except Conflict as error:
                if error.code != "version_exists":  # another process is seeding the same database
                    raise
    tell(len(paths) + 1, len(paths) + 1, "样例项目")
    write_projects(samples, city)
    stamp.write_text(json.dumps(wanted), encoding="utf-8")


def _codes() -> set[str]:
    from web.seed.city import CODES

    return set(CODES)


def _edition() -> str:
    """Changes whenever the sample files would: a digest of the modules that make them."""
    here = Path(__file__).parent
    names = ("sites", "streets", "terrain", "drawing_writer", "programs", "projects")
    modules = [here / f"{n}.py" for n in names] + sorted((here / "city").glob("*.py"))
    return hashlib.sha256(b"".join(m.read_bytes() for m in modules)).hexdigest()
