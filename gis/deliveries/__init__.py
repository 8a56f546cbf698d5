"""Files as they are handed in: unpacked and recognised before anybody trusts them, opened through GDAL in
batches.
"""
