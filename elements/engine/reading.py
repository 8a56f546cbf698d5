"""Reading the files of the element catalogue with the lines their elements stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from project_box.kernel.catalogue import load_marked


def read_yaml(path: Path) -> tuple[Any, list[int]]:
    """The file's content, and the 1-based lines of the items under ``elements``.

    Raises:
        CatalogueError: as :func:`project_box.kernel.catalogue.load_yaml`: malformed, or a key given twice.
    """
    data, root = load_marked(path)
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "elements" and isinstance(value, yaml.SequenceNode):
                return data, [item.start_mark.line + 1 for item in value.value]
    return data, []
