"""Which window a draft comes from: what every draft of a review says beside its content."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from drawings import service


def _window(
    window: Annotated[
        str,
        Query(
            max_length=60,
            description="name of this save, `<window>.<number>`; left out, nothing is looked at",
        ),
    ] = "",
    seen: Annotated[
        str,
        Query(
            max_length=60, description="name of the save one has seen; 409 if another window has saved since"
        ),
    ] = "",
) -> service.Window:
    return service.Window(window, seen)


WindowDep = Annotated[service.Window, Depends(_window)]
