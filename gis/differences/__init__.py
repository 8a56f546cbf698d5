"""差异图斑: where two plan layers contradict each other, and what an editor decides about it."""
