"""台账: the registers of each business."""
