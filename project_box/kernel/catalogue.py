"""Loading catalogue files (YAML): with file and line in every complaint.

A catalogue is data that users change without code. ``load_yaml`` refuses duplicate keys and reports the line;
``parse`` validates with a pydantic model and names file, line and field of what is wrong. libyaml reads the text where
it is installed; content is the same either way.
"""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.constructor import ConstructorError

from project_box.kernel.errors import CatalogueError

M = TypeVar("M", bound=BaseModel)

#: how deep a file may be nested
MAX_DEPTH = 100
_STR, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the C loader has no types
    """SafeLoader that refuses duplicate keys, and decides what a plain scalar is once per text, not per place."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._tags: dict[tuple[str, bool], str] = {}
        self._scalars: dict[tuple[str, str], Any] = {}
        self._built: dict[int, Any] = {}
        self._depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Called on the way down while the file is read: where nesting is limited."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = getattr(current_node, "start_mark", None)
            raise ConstructorError(None, None, f"nested deeper than {MAX_DEPTH}", mark)

    def ascend_resolver(self) -> None:
        """Called on the way up."""
        self._depth -= 1

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node, remembered for plain scalars."""
        if kind is not yaml.ScalarNode:
            return super().resolve(kind, value, implicit)
        key = (value, bool(implicit[0]))
        tag = self._tags.get(key)
        if tag is None:
            tag = self._tags[key] = super().resolve(kind, value, implicit)
        return tag

    def build(self, node: Any) -> Any:
        """The content of a node.

        Raises:
            yaml.MarkedYAMLError: a key given twice, a value that is none of its type, a node inside itself.
        """
        if isinstance(node, yaml.ScalarNode):
            if node.tag == _STR:
                return node.value
            return self._scalar(node)
        known = self._built.get(id(node), self)
        if known is not self:
            return known
        self._built[id(node)] = _Unfinished
        made = (
            self._mapping(node) if isinstance(node, yaml.MappingNode) else [self.build(n) for n in node.value]
        )
        self._built[id(node)] = made
        if any(n is _Unfinished for n in (made.values() if isinstance(made, dict) else made)):
            raise ConstructorError(None, None, "a node inside itself", node.start_mark)
        return made

    def _scalar(self, node: Any) -> Any:
        key = (node.tag, node.value)
        if key not in self._scalars:
            try:
                self._scalars[key] = self.construct_object(node)
            except ValueError as error:  # 2026-02-30
                raise ConstructorError(None, None, str(error), node.start_mark) from error
        return self._scalars[key]

    def _mapping(self, node: Any) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        own = [(k, v) for k, v in node.value if k.tag != _MERGE]
        for key_node, value_node in own:
            key = self.build(key_node)
            if not isinstance(key, Hashable):
                raise ConstructorError(None, None, "a key must be a plain value", key_node.start_mark)
            if key in out:
                raise ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            out[key] = self.build(value_node)
        if len(own) < len(node.value):
            self.flatten_mapping(node)
            out = {self.build(k): self.build(v) for k, v in node.value}
        return out


class _Unfinished:
    """Stands for a node that is still being built."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Without looking for garbage in cycles, for what makes many objects and no cycles.

    Looking takes as long as making them, and now and then goes through all that the process has ever loaded.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def load_marked(path: Path) -> tuple[Any, Any]:
    """Content of one YAML file, and its root node (None for an empty file), which knows the lines.

    Raises:
        CatalogueError: unreadable or malformed; ``place`` is ``file:line``.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        try:
            with uncollected():
                node = loader.get_single_node()
                return (loader.build(node) if node is not None else None), node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise CatalogueError(
            f"目录文件格式错误：{error.problem}", f"{path}:{line}: {error.problem}", place=f"{path}:{line}"
        ) from error
    except yaml.YAMLError as error:  # characters no YAML file may hold
        raise CatalogueError(f"目录文件格式错误：{error}", f"{path}: {error}", place=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"目录文件无法读取：{path.name}", f"{path}: {error}", place=str(path)) from error


def load_yaml(path: Path) -> Any:
    """Parse one YAML file.

    Raises:
        CatalogueError: unreadable or malformed; ``place`` is ``file:line``.
    """
    return load_marked(path)[0]


def line_of(path: Path, location: tuple[int | str, ...]) -> int:
    """1-based line of the node at ``location`` (keys and indexes) in a YAML file; of its nearest parent if absent."""
    node: Any = load_marked(path)[1]
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
