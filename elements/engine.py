"""The engine's front door: load the catalogue, read inputs, evaluate, explain.

* :mod:`elements.loading` reads and checks the files; :mod:`elements.rulebook` is what they become in memory.
* :mod:`elements.inputs` turns what people hand in into typed values.
* :mod:`elements.evaluation` is the one evaluator; the functions a formula cannot say are the
  ``elements.library_<subject>`` modules.
"""

from elements.display import display_value
from elements.evaluation import Evaluation, evaluate
from elements.explain import explain
from elements.inputs import parse_limit, parse_value, read_inputs
from elements.loading import CATALOGUE_DIR, load_catalogue
from elements.rulebook import JURISDICTION, Catalogue, Entry, Rules

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
