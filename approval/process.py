"""流程: an item's BPMN 2.0 process, executed by SpiffWorkflow; the file is read by :mod:`approval.process_file`."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState as SpiffState

from approval.process_conditions import compile_condition, truth
from approval.process_file import ProcessModel, workflow_spec
from project_box.kernel.errors import CatalogueError, Conflict


class _Comparisons(PythonScriptEngine):
    """Script engine that knows ``name == 'text'`` (joined by ``and`` / ``or``) and nothing else."""

    def validate(self, expression: str) -> None:
        compile_condition(expression)

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> bool:
        return truth(compile_condition(expression), task.data)

    def execute(self, task: Any, script: str, external_context: Any = None) -> None:
        raise CatalogueError("流程中不允许脚本", "scripts are not allowed in a process")


class RunningProcess:
    """One instance: started, moved by completing tasks and messages, stored as plain JSON."""

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow
        workflow.script_engine = _Comparisons()

    @classmethod
    def start(cls, model: ProcessModel) -> RunningProcess:
        """A new instance, advanced to its first tasks."""
        running = cls(BpmnWorkflow(copy.deepcopy(workflow_spec(model.bpmn)), script_engine=_Comparisons()))
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
