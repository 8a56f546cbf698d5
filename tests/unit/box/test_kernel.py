"""Plain forms, hashes, the file store, the audit chain, names."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_box.audit import GENESIS, Link, first_break
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import canonical_json, content_hash, to_plain
from project_box.kernel.storage import FileStore
from project_box.service import clean_text, safe_name

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)


def test_plain_forms():
    finding = Finding("planning.RJL", "容积率", Outcome.FAIL, "超出")
    assert to_plain(finding)["outcome"] == "fail"
    assert to_plain({"d": Decimal("1.50"), "t": NOW, "s": {"b", "a"}}) == {
        "d": "1.50",
        "t": "2026-11-20T08:00:00+00:00",
        "s": ["a", "b"],
    }
    with pytest.raises(TypeError):
        to_plain(object())


def test_equal_content_has_equal_bytes():
    assert canonical_json({"b": 1, "a": "容"}) == '{"a":"容","b":1}'.encode()
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_file_store_keeps_the_same_bytes_once_and_notices_damage(tmp_path):
    store = FileStore(str(tmp_path))
    digest, size = store.put(io.BytesIO(b"abc"))
    assert (store.put(b"abc"), size) == ((digest, 3), 3)
    assert store.read(digest) == b"abc"
    assert store.local_path(digest).read_bytes() == b"abc"
    assert not list(tmp_path.glob("incoming-*"))
    store.local_path(digest).write_bytes(b"abd")
    with pytest.raises(PlatformError, match="does not match"):
        store.read(digest)
    for wrong in ("0" * 64, "../../etc/passwd", "x" * 64):
        with pytest.raises(NotFound):
            store.read(wrong)


def test_a_failed_upload_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        FileStore(str(tmp_path)).put(Broken(b"abc"))
    assert not list(tmp_path.iterdir())


def _chain(count):
    links, previous = [], GENESIS
    for seq in range(1, count + 1):
        link = Link(seq, NOW, "someone", "kind", "subject", {"n": seq}, previous)
        links.append((link, link.hash))
        previous = link.hash
    return links


@given(st.integers(2, 8), st.data())
def test_the_chain_breaks_where_it_is_touched(count, data):
    links = _chain(count)
    assert first_break(links) is None
    at = data.draw(st.integers(0, count - 1))
    link, stored = links[at]
    changed = Link(link.seq, link.at, link.actor, link.kind, link.subject, {"n": -1}, link.previous_hash)
    assert first_break([*links[:at], (changed, stored), *links[at + 1 :]]) == at + 1
    if at < count - 1:
        assert first_break([*links[:at], *links[at + 1 :]]) == at + 2


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\图纸\\总平图.dxf", "总平图.dxf"),
        ("a\x00b.txt", "ab.txt"),
        ("", "file"),
        ("长" * 300 + ".dxf", "长" * 196 + ".dxf"),
    ],
)
def test_safe_names(given_name, kept):
    assert safe_name(given_name) == kept


def test_typed_text_is_checked():
    assert clean_text(" 花园 ", field="name", label="名称", limit=10) == "花园"
    for bad, code in (("", "required"), ("x" * 11, "too_long"), ("a\x07b", "control_characters")):
        with pytest.raises(BadInput) as caught:
            clean_text(bad, field="name", label="名称", limit=10)
        assert (caught.value.code, caught.value.place) == (code, "name")
