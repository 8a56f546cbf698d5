"""An item's process as a BPMN 2.0 file: what may stand in it, and whether every step is reached and ends.

A process consists of user tasks (a step for a role), receive tasks (a wait for a message), gateways and events;
nothing else is allowed in an item's BPMN.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from approval.process_conditions import compile_condition
from project_box.kernel.errors import CatalogueError

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_ALLOWED = frozenset(
    {
        "startEvent",
        "endEvent",
        "userTask",
        "receiveTask",
        "parallelGateway",
        "exclusiveGateway",
        "sequenceFlow",
    }
)


@dataclass(frozen=True, slots=True)
class StepNode:
    """A step as the BPMN draws it: id, name, and the message it waits for (None: a task for a person)."""

    id: str
    name: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """A validated process: its id, steps in drawing order (left to right, top to bottom), and the BPMN text."""

    id: str
    name: str
    steps: tuple[StepNode, ...]
    bpmn: str

    def step(self, step_id: str) -> StepNode:
        """One step by id."""
        return next(s for s in self.steps if s.id == step_id)


@lru_cache(maxsize=1)
def _validator() -> Any:
    return BpmnValidator()


def _parse(bpmn: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(bpmn.encode(), parser)


@lru_cache(maxsize=64)
def workflow_spec(bpmn: str) -> Any:
    """SpiffWorkflow's form of a process; shared, so copy it before running."""
    parser = BpmnParser()
    root = _parse(bpmn)
    parser.add_bpmn_xml(root)
    return parser.get_spec(root.find(f"{_BPMN}process").get("id"))


def read_process(bpmn: str, place: str = "process.bpmn") -> ProcessModel:
    """Validate a BPMN text: schema, allowed elements, conditions, diagram, and that every step can be reached and
    leads to an end.

    Args:
        bpmn: BPMN 2.0 XML with diagram interchange.
        place: file named in complaints.

    Raises:
        CatalogueError: with file and line.
    """
    reading = _Reading(place, _valid_root(bpmn, place))
    reading.take_elements()
    reading.check_paths()
    try:
        workflow_spec(bpmn)
    except Exception as error:  # SpiffWorkflow raises many kinds; all mean that it cannot run the file
        raise _wrong(place, "引擎无法执行", str(error)) from error
    return ProcessModel(reading.process.get("id"), reading.process.get("name") or "", reading.steps(), bpmn)


def _wrong(place: str, zh: str, en: str, line: int | None = None) -> CatalogueError:
    at = f"{place}:{line}" if line else place
    return CatalogueError(f"流程定义有误：{zh}", f"{at}: {en}", place=at)


def _valid_root(bpmn: str, place: str) -> Any:
    """The parsed file, of BPMN's schema."""
    try:
        root = _parse(bpmn)
        _validator().validate(etree.ElementTree(copy.deepcopy(root)), place)
    except etree.XMLSyntaxError as error:
        raise _wrong(place, "不是合格的 XML", str(error), error.lineno) from error
    except ValidationException as error:
        raise _wrong(place, "不符合 BPMN 2.0", str(error), getattr(error, "line_number", None)) from error
    return root


class _Reading:
    """Elements of one process: nodes by id and the flows between them."""

    def __init__(self, place: str, root: Any) -> None:
        self._place = place
        processes = root.findall(f"{_BPMN}process")
        if len(processes) != 1:
            raise _wrong(place, "应有且只有一个流程", f"{len(processes)} processes, one expected")
        self.process = processes[0]
        self._messages = {m.get("id"): m.get("name") for m in root.findall(f"{_BPMN}message")}
        self._drawn = {
            shape.get("bpmnElement"): shape.find(".//{http://www.omg.org/spec/DD/20100524/DC}Bounds")
            for shape in root.iter(f"{_DI}BPMNShape")
        }
        self._nodes: dict[str, Any] = {}
        self._flows: list[tuple[str, str]] = []

    def take_elements(self) -> None:
        """Nodes and flows, each of an allowed kind, drawn, with readable conditions and known messages."""
        for element in self.process:
            if not isinstance(element.tag, str):
                continue
            tag = element.tag.removeprefix(_BPMN)
            if tag not in _ALLOWED:
                raise self._wrong(f"不支持 {tag}", f"{tag} is not supported", element)
            if tag == "sequenceFlow":
                self._take_flow(element)
            else:
                self._take_node(tag, element)

    def _take_flow(self, element: Any) -> None:
        self._flows.append((element.get("sourceRef"), element.get("targetRef")))
        for condition in element.findall(f"{_BPMN}conditionExpression"):
            try:
                compile_condition(condition.text or "")
            except CatalogueError as error:
                raise self._wrong(error.zh, error.en, condition) from error

    def _take_node(self, tag: str, element: Any) -> None:
        name = element.get("id")
        self._nodes[name] = element
        if name not in self._drawn:
            raise self._wrong(f"{name} 没有图形", f"{name} is not drawn", element)
        if tag == "receiveTask" and element.get("messageRef") not in self._messages:
            raise self._wrong(f"{name} 未指明消息", f"{name} names no message", element)

    def check_paths(self) -> None:
        """Every node is reached from a start and leads to an end."""
        starts, ends = self._of_kind("startEvent"), self._of_kind("endEvent")
        if not starts or not ends:
            raise _wrong(self._place, "缺少开始或结束", "start or end event is missing")
        for unreached in set(self._nodes) - _closure(starts, self._flows):
            raise self._wrong(
                f"{unreached} 无法到达", f"{unreached} cannot be reached", self._nodes[unreached]
            )
        for stuck in set(self._nodes) - _closure(ends, [(b, a) for a, b in self._flows]):
            raise self._wrong(f"{stuck} 走不到结束", f"{stuck} leads to no end", self._nodes[stuck])

    def steps(self) -> tuple[StepNode, ...]:
        """User and receive tasks as drawn, left to right, top to bottom."""
        placed = [
            (
                (float(self._drawn[name].get("x")), float(self._drawn[name].get("y"))),
                StepNode(name, element.get("name") or name, self._messages.get(element.get("messageRef"))),
            )
            for name, element in self._nodes.items()
            if element.tag in (f"{_BPMN}userTask", f"{_BPMN}receiveTask")
        ]
        return tuple(step for _, step in sorted(placed, key=lambda p: p[0]))

    def _of_kind(self, tag: str) -> set[str]:
        return {name for name, element in self._nodes.items() if element.tag == f"{_BPMN}{tag}"}

    def _wrong(self, zh: str, en: str, element: Any) -> CatalogueError:
        return _wrong(self._place, zh, en, element.sourceline)


def _closure(seeds: set[str], flows: list[tuple[str, str]]) -> set[str]:
    reached, todo = set(seeds), list(seeds)
    while todo:
        here = todo.pop()
        for a, b in flows:
            if a == here and b not in reached:
                reached.add(b)
                todo.append(b)
    return reached
