"""Reading the catalogue's YAML quickly: libyaml where it is there, the kernel's reader for whatever it objects to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from project_box.kernel.catalogue import load_yaml

_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> tuple[Any, list[int]]:
    """The file's content, and the 1-based lines of the items under ``elements``.

    Raises:
        CatalogueError: as :func:`project_box.kernel.catalogue.load_yaml`: malformed, or a key given twice.
    """
    try:
        loader = _Fast(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            if node is not None and not _doubled(node):
                return loader.construct_document(node), _lines(node)
        finally:
            loader.dispose()
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError):
        pass  # the kernel's reader says what is wrong, with file and line
    return load_yaml(path), []


def _doubled(root: Any) -> bool:
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [k.value if isinstance(k, yaml.ScalarNode) else id(k) for k, _ in node.value]
            if len(set(keys)) != len(keys):
                return True
            stack += [v for _, v in node.value]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
    return False


def _lines(root: Any) -> list[int]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "elements" and isinstance(value, yaml.SequenceNode):
                return [item.start_mark.line + 1 for item in value.value]
    return []
