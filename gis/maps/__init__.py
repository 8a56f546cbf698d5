"""The workbench 一张图: going to places, measuring, printing sheets to scale."""
