"""Words written with other letters than their own: Russian in Latin letters (GRANICA_UCHASTKA, zastroyki), Latin
letters without their accents (limite de propriete)."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
#: the ways of writing one sound, the longer ones first
_SOUNDS = (
    ("shch", "s"), ("sch", "s"), ("sh", "s"), ("zh", "z"), ("kh", "h"), ("tch", "c"), ("ch", "c"), ("ts", "c"),
    ("yu", "u"), ("ju", "u"), ("iu", "u"), ("ya", "a"), ("ja", "a"), ("ia", "a"), ("ye", "e"), ("je", "e"), ("j", "i"),
    ("y", "i"), ("ii", "i"), ("w", "v"), ("x", "h"), ("q", "k"), ("'", ""),
)  # fmt: skip


def latin(word: str) -> str:
    """A Russian word (lower case) in Latin letters."""
    return "".join(_LETTERS.get(letter, letter) for letter in word)


def sounds(word: str) -> str:
    """A word in Latin letters (lower case) as it sounds: zastroyki, zastrojki and zastroiki are one."""
    for written, sound in _SOUNDS:
        word = word.replace(written, sound)
    return word


_ACCENTED = re.compile(r"([A-Za-z])[\u0300-\u036f]+")
#: letters that no accent can be taken from
_OWN = str.maketrans({"ı": "i", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O"})


def unaccented(text: str) -> str:
    """A text whose Latin letters have no accents; other scripts stay as they are."""
    if text.isascii():
        return text
    bare = _ACCENTED.sub(r"\1", unicodedata.normalize("NFD", text.translate(_OWN)))
    return unicodedata.normalize("NFC", bare)
