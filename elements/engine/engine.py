"""The engine's front door: load the catalogue, read inputs, evaluate, explain.

* :mod:`elements.engine.loading` reads and checks the files; :mod:`elements.engine.rulebook` is what they become in
  memory.
* :mod:`elements.engine.inputs` turns what people hand in into typed values.
* :mod:`elements.engine.evaluation` is the one evaluator; the functions a formula cannot say are the
  ``elements.library_<subject>`` modules.
"""

from elements.engine.display import display_value
from elements.engine.evaluation import Evaluation, evaluate
from elements.engine.explain import explain
from elements.engine.inputs import parse_limit, parse_value, read_inputs
from elements.engine.loading import CATALOGUE_DIR, load_catalogue
from elements.engine.rulebook import JURISDICTION, Catalogue, Entry, Rules

__all__ = [
    "CATALOGUE_DIR",
    "JURISDICTION",
    "Catalogue",
    "Entry",
    "Evaluation",
    "Rules",
    "display_value",
    "evaluate",
    "explain",
    "load_catalogue",
    "parse_limit",
    "parse_value",
    "read_inputs",
]
