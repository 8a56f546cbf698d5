"""Every sentence of the screens has its English, and no English entry is dead."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

WEB = Path(__file__).resolve().parents[2] / "web"
_CHINESE = re.compile(r"[一-鿿]")


def _extracted() -> set[str]:
    methods = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
    options = {"templates/**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false"}}
    found = extract_from_dir(str(WEB), methods, options, keywords={"_": None, "gettext": None})
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def _translated() -> dict[str, str]:
    entries: dict[str, str] = {}
    for path in sorted((WEB / "locale" / "en").glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale="en"):
                if message.id:
                    entries[str(message.id)] = str(message.string)
    return entries


def test_every_message_has_english():
    translated = _translated()
    missing = sorted(m for m in _extracted() if _CHINESE.search(m) and not translated.get(m))
    assert not missing, f"{len(missing)} sentences lack English: {missing[:40]}"


def test_english_holds_no_chinese_and_the_same_places():
    places = re.compile(r"%\(\w+\)s")
    for source, english in _translated().items():
        assert sorted(places.findall(source)) == sorted(places.findall(english)), source
        if source not in {"项目盒 Project Box · 工程建设项目审批平台"}:
            assert not _CHINESE.search(english), f"{source!r}: {english!r}"
