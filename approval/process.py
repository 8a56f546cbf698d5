"""流程: an item's BPMN 2.0 process, executed by SpiffWorkflow.

A process consists of user tasks (a step for a role), receive tasks (a wait for a message), gateways and events;
nothing else is allowed in an item's BPMN. Conditions on sequence flows compare one name with one text
(``action == 'return'``): they are read by our own few lines and never reach Python's ``eval``.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState as SpiffState

from project_box.kernel.errors import CatalogueError, Conflict

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


class _Comparisons(PythonScriptEngine):
    """Script engine that knows ``name == 'text'`` (joined by ``and`` / ``or``) and nothing else."""

    def validate(self, expression: str) -> None:
        _compile(expression)

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> bool:
        return _truth(_compile(expression), task.data)

    def execute(self, task: Any, script: str, external_context: Any = None) -> None:
        raise CatalogueError("流程中不允许脚本", "scripts are not allowed in a process")


@lru_cache(maxsize=256)
def _compile(expression: str) -> ast.expr:
    """Syntax tree of a condition.

    Raises:
        CatalogueError: anything but comparisons of a name with a text.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CatalogueError(
            f"流程条件无法读取：{expression[:80]}", f"unreadable condition {expression[:80]!r}"
        ) from None
    _check(tree, expression)
    return tree


def _check(node: ast.expr, expression: str) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check(value, expression)
    elif not (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], (ast.Eq, ast.NotEq))
        and isinstance(node.left, ast.Name)
        and isinstance(node.comparators[0], ast.Constant)
        and isinstance(node.comparators[0].value, str)
    ):
        raise CatalogueError(
            f"流程条件只能写成 名称 == '文字':{expression[:80]}",
            f"condition {expression[:80]!r} is not a comparison",
        )


def _truth(node: ast.expr, data: Mapping[str, Any]) -> bool:
    if isinstance(node, ast.BoolOp):
        results = [_truth(value, data) for value in node.values]
        return all(results) if isinstance(node.op, ast.And) else any(results)
    assert isinstance(node, ast.Compare)  # _check has seen to it
    name, constant = node.left, node.comparators[0]
    assert isinstance(name, ast.Name)
    assert isinstance(constant, ast.Constant)
    equal = data.get(name.id) == constant.value
    return equal if isinstance(node.ops[0], ast.Eq) else not equal


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


def read_process(bpmn: str, place: str = "process.bpmn") -> ProcessModel:
    """Validate a BPMN text: schema, allowed elements, conditions, diagram, and that every step can be reached and
    leads to an end.

    Args:
        bpmn: BPMN 2.0 XML with diagram interchange.
        place: file named in complaints.

    Raises:
        CatalogueError: with file and line.
    """

    def wrong(zh: str, en: str, line: int | None = None) -> CatalogueError:
        at = f"{place}:{line}" if line else place
        return CatalogueError(f"流程定义有误：{zh}", f"{at}: {en}", place=at)

    try:
        root = _parse(bpmn)
        _validator().validate(etree.ElementTree(copy.deepcopy(root)), place)
    except etree.XMLSyntaxError as error:
        raise wrong("不是合格的 XML", str(error), error.lineno) from error
    except ValidationException as error:
        raise wrong("不符合 BPMN 2.0", str(error), getattr(error, "line_number", None)) from error
    processes = root.findall(f"{_BPMN}process")
    if len(processes) != 1:
        raise wrong("应有且只有一个流程", f"{len(processes)} processes, one expected")
    process = processes[0]
    messages = {m.get("id"): m.get("name") for m in root.findall(f"{_BPMN}message")}
    drawn = {
        shape.get("bpmnElement"): shape.find(".//{http://www.omg.org/spec/DD/20100524/DC}Bounds")
        for shape in root.iter(f"{_DI}BPMNShape")
    }
    nodes: dict[str, Any] = {}
    flows: list[tuple[str, str]] = []
    for element in process:
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.removeprefix(_BPMN)
        if tag not in _ALLOWED:
            raise wrong(f"不支持 {tag}", f"{tag} is not supported", element.sourceline)
        if tag == "sequenceFlow":
            flows.append((element.get("sourceRef"), element.get("targetRef")))
            for condition in element.findall(f"{_BPMN}conditionExpression"):
                try:
                    _compile(condition.text or "")
                except CatalogueError as error:
                    raise wrong(error.zh, error.en, condition.sourceline) from error
            continue
        nodes[element.get("id")] = element
        if element.get("id") not in drawn:
            raise wrong(
                f"{element.get('id')} 没有图形", f"{element.get('id')} is not drawn", element.sourceline
            )
        if tag == "receiveTask" and element.get("messageRef") not in messages:
            raise wrong(
                f"{element.get('id')} 未指明消息", f"{element.get('id')} names no message", element.sourceline
            )
    for start in (
        [n for n, e in nodes.items() if e.tag == f"{_BPMN}startEvent"],
        [n for n, e in nodes.items() if e.tag == f"{_BPMN}endEvent"],
    ):
        if not start:
            raise wrong("缺少开始或结束", "start or end event is missing")
    starts = {n for n, e in nodes.items() if e.tag == f"{_BPMN}startEvent"}
    ends = {n for n, e in nodes.items() if e.tag == f"{_BPMN}endEvent"}
    for unreached in set(nodes) - _closure(starts, flows):
        raise wrong(f"{unreached} 无法到达", f"{unreached} cannot be reached", nodes[unreached].sourceline)
    for stuck in set(nodes) - _closure(ends, [(b, a) for a, b in flows]):
        raise wrong(f"{stuck} 走不到结束", f"{stuck} leads to no end", nodes[stuck].sourceline)
    steps = [
        (
            (float(drawn[node_id].get("x")), float(drawn[node_id].get("y"))),
            StepNode(node_id, element.get("name") or node_id, messages.get(element.get("messageRef"))),
        )
        for node_id, element in nodes.items()
        if element.tag in (f"{_BPMN}userTask", f"{_BPMN}receiveTask")
    ]
    model = ProcessModel(
        process.get("id"),
        process.get("name") or "",
        tuple(s for _, s in sorted(steps, key=lambda p: p[0])),
        bpmn,
    )
    try:
        _spec(bpmn)
    except Exception as error:  # SpiffWorkflow raises many kinds; all mean that it cannot run the file
        raise wrong("引擎无法执行", str(error)) from error
    return model


def _closure(seeds: set[str], flows: list[tuple[str, str]]) -> set[str]:
    reached, todo = set(seeds), list(seeds)
    while todo:
        here = todo.pop()
        for a, b in flows:
            if a == here and b not in reached:
                reached.add(b)
                todo.append(b)
    return reached


@lru_cache(maxsize=64)
def _spec(bpmn: str) -> Any:
    parser = BpmnParser()
    root = _parse(bpmn)
    parser.add_bpmn_xml(root)
    return parser.get_spec(root.find(f"{_BPMN}process").get("id"))


class RunningProcess:
    """One instance: started, moved by completing tasks and messages, stored as plain JSON."""

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow
        workflow.script_engine = _Comparisons()

    @classmethod
    def start(cls, model: ProcessModel) -> RunningProcess:
        """A new instance, advanced to its first tasks."""
        running = cls(BpmnWorkflow(copy.deepcopy(_spec(model.bpmn)), script_engine=_Comparisons()))
        running._advance()
        return running

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> RunningProcess:
        """An instance from :meth:`dump`."""
        return cls(BpmnWorkflowSerializer().from_dict(json.loads(json.dumps(state))))

    def dump(self) -> dict[str, Any]:
        """Plain JSON of the instance."""
        plain: dict[str, Any] = json.loads(json.dumps(BpmnWorkflowSerializer().to_dict(self._workflow)))
        return plain

    def _advance(self) -> None:
        self._workflow.do_engine_steps()

    @property
    def finished(self) -> bool:
        """True when the end was reached."""
        return bool(self._workflow.completed)

    def ready(self) -> list[str]:
        """Steps a person can act on now."""
        return [
            t.task_spec.name for t in self._workflow.get_tasks(state=SpiffState.READY) if t.task_spec.manual
        ]

    def waiting(self) -> list[str]:
        """Steps that wait for a message."""
        return [
            t.task_spec.name
            for t in self._workflow.get_tasks(state=SpiffState.WAITING)
            if type(t.task_spec).__name__ == "ReceiveTask"
        ]

    def complete(self, step: str, action: str) -> None:
        """A person finished a step with an action; gateways decide by it.

        Raises:
            Conflict: the step is not open.
        """
        for task in self._workflow.get_tasks(state=SpiffState.READY):
            if task.task_spec.name == step and task.task_spec.manual:
                task.set_data(action=action)
                task.run()
                self._advance()
                return
        raise Conflict("该环节当前不可办理", f"step {step} is not ready")

    def send(self, message: str) -> bool:
        """Deliver a message; False when nothing waits for it."""
        before = len(self.waiting())
        if before == 0:
            return False
        self._workflow.catch(BpmnEvent(MessageEventDefinition(message), payload={}))
        self._workflow.get_events()
        self._advance()
        return len(self.waiting()) < before
