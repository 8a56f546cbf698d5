"""Site boundaries 界址 / 红线: read from every format and drawn, checked, repaired, recorded, exported."""
