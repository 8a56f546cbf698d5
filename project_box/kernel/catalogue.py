"""Loading catalogue files (YAML): with file and line in every complaint.

A catalogue is data that users change without code. ``load_yaml`` refuses duplicate keys and reports the line;
``parse`` validates with a pydantic model and names file, line and field of what is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from project_box.kernel.errors import CatalogueError

M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {
        loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value
    }


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_yaml(path: Path) -> Any:
    """Parse one YAML file.

    Raises:
        CatalogueError: unreadable or malformed; ``place`` is ``file:line``.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise CatalogueError(
            f"目录文件格式错误：{error.problem}", f"{path}:{line}: {error.problem}", place=f"{path}:{line}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"目录文件无法读取：{path.name}", f"{path}: {error}", place=str(path)) from error


def line_of(path: Path, location: tuple[int | str, ...]) -> int:
    """1-based line of the node at ``location`` (keys and indexes) in a YAML file; of its nearest parent if absent."""
    node: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def parse(model: type[M], path: Path, data: Any = None) -> M:
    """Validate a YAML file against a pydantic model.

    Raises:
        CatalogueError: names file, line and field of the first fault and the number of further ones.
    """
    data = load_yaml(path) if data is None else data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = error.errors()
        first = faults[0]
        line = line_of(path, first["loc"])
        field = ".".join(str(p) for p in first["loc"])
        more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
        raise CatalogueError(
            f"目录文件有误：{field} {first['msg']}{more}",
            f"{path}:{line}: {field}: {first['msg']}{more}",
            place=f"{path}:{line}",
        ) from error
