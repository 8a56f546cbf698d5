"""``project-box verify``: exit codes and one JSON document."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from project_box import document, seal
from web.cli import app

run = CliRunner()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    authority = seal.DemoAuthority(folder)
    (folder / "root.pem").write_bytes(authority.root.public_bytes(serialization.Encoding.PEM))
    letter = document.render(
        "notice",
        {
            "authority": "样例局",
            "title": "通知",
            "number": "1",
            "addressee": "x",
            "paragraphs": ["p"],
            "issued_on": "2026-11-22",
        },
    )
    sealed = seal.sign_pdf(letter, authority.certificate_for("样例局"))
    (folder / "good.pdf").write_bytes(sealed)
    (folder / "bad.pdf").write_bytes(sealed[:3000] + bytes([sealed[3000] ^ 1]) + sealed[3001:])
    (folder / "empty.pdf").write_bytes(b"")
    return folder


def call(place, name, *more):
    return run.invoke(app, ["verify", str(place / name), "--root", str(place / "root.pem"), *more])


def test_good(place):
    answer = call(place, "good.pdf")
    assert answer.exit_code == 0, answer.output
    assert "核验通过" in answer.output
    report = json.loads(call(place, "good.pdf", "--json").output)
    assert report["ok"] is True and report["problems"] == [] and report["organisation"] == "样例局"


def test_one_byte_changed(place):
    answer = call(place, "bad.pdf")
    assert answer.exit_code == 1 and "核验不通过" in answer.output and "改动" in answer.output
    report = json.loads(call(place, "bad.pdf", "--json").output)
    assert report["ok"] is False and report["modified_after"] is True and report["problems"]


def test_unusable(place):
    assert call(place, "empty.pdf").exit_code == 1
    missing = call(place, "none.pdf", "--json")
    assert missing.exit_code == 2 and json.loads(missing.output)["error"]["code"] == "unreadable_file"
    assert call(place, ".").exit_code == 2
    wrong = run.invoke(app, ["verify", str(place / "good.pdf"), "--root", str(place / "empty.pdf")])
    assert wrong.exit_code == 2


def test_another_authority(place, tmp_path):
    other = seal.DemoAuthority(tmp_path)
    (tmp_path / "root.pem").write_bytes(other.root.public_bytes(serialization.Encoding.PEM))
    answer = run.invoke(app, ["verify", str(place / "good.pdf"), "--root", str(tmp_path / "root.pem")])
    assert answer.exit_code == 1 and "受信任" in answer.output
