"""One item of a catalogue file changed in its text: everything else stays, and what was written comes back."""

from __future__ import annotations

import pytest

from elements.rulesets.amendment_text import (
    append_item,
    difference,
    line_of_field,
    load_text,
    replace_item,
)
from elements.rulesets.ruleset import read_files

FILES = read_files()
TEXT = """# head
code: t
editions:
  # the first
  - jurisdiction: 全国
    doc_no: 甲   # said so
    valid_from: 2020-01-01
    note: |
      # no comment
      two lines
    rows: [{value: 1}]

  # the second
  -
    jurisdiction: 湖南省
    valid_from: 2021-01-01
    rows:
      - {value: 2}
# tail
note: after
"""


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_item_of_every_file_can_be_rewritten(name: str) -> None:
    text = FILES[name]
    content = load_text(text)
    key = next((k for k in ("elements", "editions", "jurisdictions") if k in content), None)
    if key is None:
        pytest.skip("no list in this file")
    count = len(content[key])
    for index in sorted({0, count - 1} if count else set()):
        again = replace_item(text, key, index, content[key][index])
        assert load_text(again) == content
        assert [c for c in text.splitlines() if c.startswith("#")] == [
            c for c in again.splitlines() if c.startswith("#")
        ]
    if count:
        longer = load_text(append_item(text, key, content[key][0]))
        assert longer[key] == [*content[key], content[key][0]]


def test_neighbours_and_comments_stay() -> None:
    content = load_text(TEXT)
    changed = replace_item(TEXT, "editions", 0, {**content["editions"][0], "doc_no": "乙"})
    assert load_text(changed)["editions"][0]["doc_no"] == "乙"
    assert load_text(changed)["editions"][0]["note"] == "# no comment\ntwo lines\n"
    for line in ("# head", "  # the first", "  # the second", "# tail", "note: after", "  -"):
        assert line in changed.splitlines()
    last = replace_item(TEXT, "editions", 1, {"jurisdiction": "全国", "rows": [{"value": 3}]})
    assert load_text(last)["note"] == "after" and "# tail" in last


def test_an_empty_list_takes_its_first_item() -> None:
    text = "code: t\neditions: []\nnote: x\n"
    assert load_text(append_item(text, "editions", {"rows": [{"value": 1}]})) == {
        "code": "t",
        "editions": [{"rows": [{"value": 1}]}],
        "note": "x",
    }


def test_dates_are_written_as_dates_and_text_as_text() -> None:
    text = append_item(
        "editions: []\n",
        "editions",
        {"valid_from": "2027-01-01", "doc_no": "2027-01-01", "rows": [{"value": "1/3"}]},
    )
    assert "valid_from: 2027-01-01" in text
    assert load_text(text)["editions"][0]["doc_no"] == "2027-01-01"
    assert load_text(text)["editions"][0]["rows"] == [{"value": "1/3"}]


def test_a_field_has_its_line() -> None:
    assert line_of_field(TEXT, "editions", 0, "doc_no") == 6
    assert line_of_field(TEXT, "editions", 1, "valid_from") == 16
    assert line_of_field(TEXT, "editions", 1, "nothing") == 15


def test_the_difference_is_a_patch() -> None:
    patch = difference("a\nb\n", "a\nc\n", "land/fees.yaml")
    assert patch.splitlines()[:2] == [
        "--- a/elements/catalogue/land/fees.yaml",
        "+++ b/elements/catalogue/land/fees.yaml",
    ]
    assert "-b" in patch and "+c" in patch
