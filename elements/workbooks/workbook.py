"""一键式导入: Excel workbooks of a business's inputs, generated from the catalogue and read back without loss.

The sheet 要素 has one row per input (code, name, unit, type, value, sample, what may be entered, clause); everything
but the values is locked. Lists of records and name-value lists have a sheet of their own, named by their code. What a
cell cannot hold exactly (more than 15 digits, control characters, nested values) stands as ``JSON:`` and JSON text.

:mod:`elements.workbooks.template` writes, :mod:`elements.workbooks.reading` reads; :mod:`elements.workbooks.file` opens
files nobody has vouched for, :mod:`elements.workbooks.words` evens out how people spell values.
"""

from elements.workbooks.reading import Reading, read_workbook
from elements.workbooks.template import (
    FIRST_ROW,
    MAIN,
    VALUE_COLUMN,
    dump_json,
    input_codes,
    samples_of,
    write_template,
)

__all__ = [
    "FIRST_ROW",
    "MAIN",
    "VALUE_COLUMN",
    "Reading",
    "dump_json",
    "input_codes",
    "read_workbook",
    "samples_of",
    "write_template",
]
