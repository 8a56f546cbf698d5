"""Sheets for the viewer and for paper: columns, packing, pictures, underlays, prints."""
