"""Words on a sheet, as SVG. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape


def fitting(words: str, room: float) -> str:
    """As many characters as fit the room, mm (2.4 mm for a Chinese character, half of it for others)."""
    used = 0.0
    for index, character in enumerate(words):
        used += 1.3 if character.isascii() else 2.4
        if used > room:
            return words[: max(index - 1, 1)] + "…"
    return words


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    anchor: str,
    *,
    bold: bool = False,
    halo: bool = False,
    turned: bool = False,
) -> str:
    """One line of text; sizes in mm, ``halo`` a white rim, ``turned`` reading upwards."""
    body = escape("".join(c for c in words if c >= " "))
    turn = f' transform="rotate(-90 {x:.3f} {y:.3f})"' if turned else ""
    weight = ' font-weight="700"' if bold else ""
    common = (
        f'x="{x:.3f}" y="{y:.3f}" font-size="{size}" text-anchor="{anchor}" '
        f'font-family="Noto Sans CJK SC"{weight}{turn}'
    )
    back = (
        f'<text {common} fill="#ffffff" stroke="#ffffff" stroke-width="0.6" stroke-linejoin="round">{body}</text>'
        if halo
        else ""
    )
    return f'{back}<text {common} fill="#000000">{body}</text>'
