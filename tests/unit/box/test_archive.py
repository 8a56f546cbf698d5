"""Zip archives read within bounds: names, budget, ratio."""

from __future__ import annotations

import io
import zipfile

import pytest

from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge, members


def archive(*files: tuple[str, bytes]) -> zipfile.ZipFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files:
            opened.writestr(name, data)
    return zipfile.ZipFile(stream)


def test_folders_forks_and_hidden_files_are_left_out() -> None:
    opened = archive(("a/", b""), ("a/b.txt", b"1"), ("__MACOSX/a/._b.txt", b"2"), ("a/.DS_Store", b"3"))
    assert [name for _, name in members(opened)] == ["a/b.txt"]


def test_the_budget_counts_over_all_members() -> None:
    opened = archive(("a", b"x" * 600), ("b", b"y" * 600))
    budget = Budget(1000)
    taken = [b"".join(budget.take(opened, entry)) for entry, _ in list(members(opened))[:1]]
    assert len(taken[0]) == 600 and budget.left == 400
    with pytest.raises(UnpacksTooLarge):
        b"".join(budget.take(opened, opened.getinfo("b")))


def test_a_bomb_is_stopped_by_its_ratio_long_before_the_budget() -> None:
    opened = archive(("bomb", bytes(40 << 20)))
    budget = Budget(1 << 40)
    with pytest.raises(UnpacksTooLarge):
        for _ in budget.take(opened, opened.getinfo("bomb")):
            pass
    assert (1 << 40) - budget.left <= 18 << 20


def test_what_zipfile_raises_is_among_the_unreadable() -> None:
    with pytest.raises(UNREADABLE):
        zipfile.ZipFile(io.BytesIO(b"PK\x03\x04 no archive"))
