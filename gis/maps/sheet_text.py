"""Words on a sheet, as SVG. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape

#: words are set smaller down to this share of their size before they are cut
_SMALLEST = 0.75


def width_of(words: str, size: float) -> float:
    """About how long words are, mm: a Chinese character is as wide as the type is high, Latin ones about half."""
    return sum(size * (1.0 if ord(c) > 0x2E80 else 0.68 if c.isupper() else 0.55) for c in words)


def fitting(words: str, room: float, size: float) -> tuple[str, float]:
    """Words and their size for a room, mm: set smaller where they are too long, and cut if that is not enough."""
    smaller = size * max(min(room / max(width_of(words, size), room), 1.0), _SMALLEST)
    if width_of(words, smaller) <= room + 1e-6:
        return words, smaller
    kept = words
    while kept and width_of(kept + "…", smaller) > room:
        kept = kept[:-1]
    return kept + "…", smaller


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
