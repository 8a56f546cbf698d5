"""Tables of the elements room (schema ``elements``), gathered for the metadata."""

from elements.registers.models import RegisterLine
from elements.rulesets.ruleset_models import Amendment, RuleForce, RulePin, RuleSet

__all__ = ["Amendment", "RegisterLine", "RuleForce", "RulePin", "RuleSet"]
