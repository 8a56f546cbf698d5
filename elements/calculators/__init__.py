"""Calculators of planning, areas, heights, sharing and prices; pure arithmetic the named functions call."""
