"""From lines to rings and shapes: chained, holed, paired, repaired with proposals."""
