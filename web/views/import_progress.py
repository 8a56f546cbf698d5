"""How far the import of a kept delivery is, for the page that waits for it, and a way to stop it.

The import runs in its own request; it leaves a small file beside the kept deliveries, which any process can read, and
looks there for the wish to stop. Both go when it ends.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gis.layers.progress import Progress, Tell
from project_box.kernel.errors import Conflict, NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.settings import get_settings
from web.views.plans import only_admin

#: seconds between two notes of how far it is
_EVERY_S = 0.3
_TOKEN = re.compile(r"[0-9a-f]{32}")


def _note(token: str) -> Path:
    return get_settings().var_dir / "imports" / f"{token}.json"


def _wish(token: str) -> Path:
    return _note(token).with_suffix(".stop")


@contextmanager
def watched(token: str) -> Iterator[Tell]:
    """Around the import of a delivery: what it tells is noted; it ends with a Conflict when someone wishes it to."""
    note, wish, began = _note(token), _wish(token), time.monotonic()
    note.parent.mkdir(parents=True, exist_ok=True)
    wish.unlink(missing_ok=True)
    noted = float("-inf")

    def tell(now: Progress) -> None:
        nonlocal noted
        if wish.exists():
            raise Conflict(
                "导入已取消，没有保存任何内容",
                "the import was stopped; nothing was stored",
                code="import_cancelled",
                remedy="需要时再次导入；上传的文件保留一天",
                remedy_en="import again when you like; the uploaded file is kept for a day",
            )
        seconds = time.monotonic() - began
        if seconds - noted >= _EVERY_S:
            noted, left = seconds, now.seconds_left(seconds)
            beside = note.with_suffix(".new")
            beside.write_text(json.dumps(asdict(now) | {"seconds": round(seconds, 1), "seconds_left": left}))
            beside.replace(note)

    try:
        yield tell
    finally:
        note.unlink(missing_ok=True)
        wish.unlink(missing_ok=True)


def progress_of(actor: Actor, token: str) -> dict[str, Any]:
    """How far an import is: stage, features by what was done to them, seconds since it began and those left.

    ``stage`` is ``none`` before anything was read and after the end.

    Raises:
        Forbidden: not an administrator. NotFound: no such delivery can be.
    """
    _checked(actor, token)
    try:
        found: dict[str, Any] = json.loads(_note(token).read_text())
    except FileNotFoundError:
        return {"stage": "none"}
    return found


def stop(actor: Actor, token: str) -> dict[str, Any]:
    """Wish an import to stop; it does before its next batch, and leaves nothing. Nothing happens where none runs."""
    _checked(actor, token)
    running = _note(token).exists()
    if running:
        _wish(token).touch()
    return {"stopping": running}


def _checked(actor: Actor, token: str) -> None:
    only_admin(actor)
    if not _TOKEN.fullmatch(token):
        raise NotFound(
            "没有这份文件",
            "no such delivery",
            code="delivery_gone",
            remedy="重新上传",
            remedy_en="upload it again",
        )
