"""One pass over an ASCII DXF: group codes, value byte ranges, numbers. No Python object per tag.

A *tag* is a group code line and a value line. Lines end in LF, CR LF or CR. Comments (code 999) are dropped; the pass
ends at ``0 EOF``. Values of number codes are parsed to doubles (integers are exact in them).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drawings.cad.fast.decimal_to_double import power_table, round_decimal
from drawings.cad.fast.jit import helper, kernel

Bytes: TypeAlias = npt.NDArray[np.uint8]
Codes: TypeAlias = npt.NDArray[np.int16]
Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

PAD = 8  # tags past the end (code -1), so that kernels may look ahead
_OTHER = -999  # stands for group codes beyond 16 bits
_MAX_ODD_NUMBERS = 200_000

LF, CR, TAB, BLANK, PLUS, MINUS, DOT, ZERO, NINE = 10, 13, 9, 32, 43, 45, 46, 48, 57
_U10 = np.uint64(10)
_LIMIT = np.uint64(1 << 53)


class Unfit(Exception):
    """The fast pass cannot vouch for this file: the careful reader has to look at it."""


@dataclass(frozen=True, slots=True)
class Tags:
    """All tags of a file.

    Attributes:
        data: the file; ``buffer`` the same bytes as an array.
        count: number of tags; the arrays hold PAD more, with code -1.
        codes: group codes. numbers: value of number codes, else NaN.
        starts, ends: byte range of every value, line end excluded.
    """

    data: bytes
    buffer: Bytes
    count: int
    codes: Codes
    starts: Ints
    ends: Ints
    numbers: Floats

    def text(self, index: int, encoding: str = "ascii") -> str:
        """Value of one tag as text; bytes that do not decode become lone surrogates."""
        return self.data[self.starts[index] : self.ends[index]].decode(encoding, "surrogateescape")


def _number_codes() -> Bytes:
    """1 for the group codes whose values are numbers."""
    table = np.zeros(1072, np.uint8)
    for first, last in (
        (10, 99), (110, 149), (160, 179), (210, 239), (270, 299), (370, 389), (400, 409), (420, 429), (440, 469),
        (1010, 1071),
    ):  # fmt: skip
        table[first : last + 1] = 1
    table[100] = 0
    return table


NUMBER_CODES = _number_codes()
_POWERS = power_table()
_TENS = np.array([10.0**i for i in range(23)])


@kernel
def _count_lines(buffer: Any) -> Any:
    count = 1
    before = np.uint8(0)
    for i in range(buffer.size):
        now = buffer[i]
        count += now == CR or (now == LF and before != CR)
        before = now
    return count


@helper
def _line_end(buffer: Bytes, i: int) -> int:
    size = buffer.size
    while i < size and buffer[i] != LF and buffer[i] != CR:
        i += 1
    return i


@helper
def _next_line(buffer: Bytes, end: int) -> int:
    if end + 1 < buffer.size and buffer[end] == CR and buffer[end + 1] == LF:
        return end + 2
    return end + 1


@helper
def _number(buffer: Bytes, i: int, words: npt.NDArray[np.uint64], n: int, powers: Any, tens: Any) -> Any:
    """Parse a number at i into words[n] (bits of a double): (where it ends, whether that worked)."""
    size = buffer.size
    while i < size and (buffer[i] == BLANK or buffer[i] == TAB):
        i += 1
    negative = False
    if i < size and (buffer[i] == MINUS or buffer[i] == PLUS):
        negative = buffer[i] == MINUS
        i += 1
    w = np.uint64(0)
    digits = 0
    seen = 0
    exponent = 0
    while i < size and ZERO <= buffer[i] <= NINE:
        if digits < 19:
            w = w * _U10 + np.uint64(buffer[i] - ZERO)
        else:
            exponent += 1
        if w > 0:
            digits += 1
        seen += 1
        i += 1
    if i < size and buffer[i] == DOT:
        i += 1
        while i < size and ZERO <= buffer[i] <= NINE:
            if digits < 19:
                w = w * _U10 + np.uint64(buffer[i] - ZERO)
                exponent -= 1
            if w > 0:
                digits += 1
            seen += 1
            i += 1
    if seen == 0:
        return i, False
    if i < size and (buffer[i] == 101 or buffer[i] == 69):  # e E
        i += 1
        sign = 1
        if i < size and (buffer[i] == MINUS or buffer[i] == PLUS):
            sign = -1 if buffer[i] == MINUS else 1
            i += 1
        value = 0
        any_digit = False
        while i < size and ZERO <= buffer[i] <= NINE:
            if value < 100_000:
                value = value * 10 + int(buffer[i] - ZERO)
            any_digit = True
            i += 1
        if not any_digit:
            return i, False
        exponent += sign * value
    while i < size and (buffer[i] == BLANK or buffer[i] == TAB):
        i += 1
    if i < size and buffer[i] != LF and buffer[i] != CR:
        return i, False
    if w == 0:
        bits = np.uint64(0)
    elif digits > 19:  # the digits left out lie between 0 and one unit of the last one kept
        ok, bits = round_decimal(w, exponent, powers)
        above, other = round_decimal(w + np.uint64(1), exponent, powers)
        if not ok or not above or bits != other:
            return i, False
    elif exponent == 0 and w < _LIMIT:
        words.view(np.float64)[n] = np.float64(w)
        bits = words[n]
    elif w < _LIMIT and -22 <= exponent <= 22:
        if exponent < 0:
            words.view(np.float64)[n] = np.float64(w) / tens[-exponent]
        else:
            words.view(np.float64)[n] = np.float64(w) * tens[exponent]
        bits = words[n]
    else:
        ok, bits = round_decimal(w, exponent, powers)
        if not ok:
            return i, False
    words[n] = bits | (np.uint64(1) << np.uint64(63)) if negative else bits
    return i, True


@kernel
def _scan(
    buffer: Any,
    is_number: Any,
    powers: Any,
    tens: Any,
    codes: Any,
    starts: Any,
    ends: Any,
    words: Any,
    odd: Any,
    info: Any,
) -> Any:
    """Fill the tag arrays. info: 0 byte of a bad code line (-1), 1 numbers left to Python, 2 whether EOF was met.

    A coordinate x without its y counts as a bad code line.
    """
    second = -1  # code that has to come next
    size = buffer.size
    nan = words[0]
    i = 0
    n = 0
    while i < size:
        begin = i
        while i < size and (buffer[i] == BLANK or buffer[i] == TAB):
            i += 1
        negative = False
        if i < size and buffer[i] == MINUS:
            negative = True
            i += 1
        code = 0
        first = i
        while i < size and ZERO <= buffer[i] <= NINE:
            if code < 40_000:
                code = code * 10 + int(buffer[i] - ZERO)
            i += 1
        if i == first:
            info[0] = begin
            return n
        while i < size and (buffer[i] == BLANK or buffer[i] == TAB):
            i += 1
        if i < size and buffer[i] != LF and buffer[i] != CR:
            info[0] = begin
            return n
        i = _next_line(buffer, i)
        if i >= size or n + PAD >= codes.size:
            return n
        if negative:
            code = -code
        if code > 32_000 or code < -32_000:
            code = _OTHER
        start = i
        words[n] = nan
        if 0 < code < 1072 and is_number[code]:
            end, ok = _number(buffer, i, words, n, powers, tens)
            if not ok:
                end = _line_end(buffer, end)
                words[n] = nan
                if info[1] < odd.size:
                    odd[info[1]] = n
                info[1] += 1
        else:
            end = _line_end(buffer, i)
        i = _next_line(buffer, end)
        if code == 999:
            continue
        if second >= 0:
            if code != second:
                info[0] = begin
                return n
            second = -1
        elif 10 <= code <= 18 or 110 <= code <= 112 or 210 <= code <= 213 or 1010 <= code <= 1013:
            second = code + 10
        codes[n] = code
        starts[n] = start
        ends[n] = end
        n += 1
        if code == 0 and end - start >= 3:
            a = start
            while a < end and (buffer[a] == BLANK or buffer[a] == TAB):
                a += 1
            if (
                buffer[a] == 69
                and a + 2 < end
                and buffer[a + 1] == 79
                and buffer[a + 2] == 70
                and (a + 3 == end or buffer[a + 3] == BLANK or buffer[a + 3] == TAB)
            ):
                info[2] = 1
                return n
    return n


def scan(data: bytes) -> Tags:
    """All tags of ASCII DXF bytes.

    Raises:
        Unfit: a code line is not an integer, a number is none, a coordinate lacks its y, or ``EOF`` is missing.
    """
    buffer = np.frombuffer(data, np.uint8)
    room = int(_count_lines(buffer)) // 2 + 2 + PAD
    codes = np.full(room, -1, np.int16)
    starts, ends = np.zeros(room, np.int32), np.zeros(room, np.int32)
    numbers = np.full(room, np.nan)
    odd = np.empty(min(room, _MAX_ODD_NUMBERS), np.int32)
    info = np.array([-1, 0, 0], np.int64)
    count = _scan(
        buffer, NUMBER_CODES, _POWERS, _TENS, codes, starts, ends, numbers.view(np.uint64), odd, info
    )  # fmt: skip
    if info[0] >= 0:
        raise Unfit("group code")
    if info[1] > odd.size:
        raise Unfit("numbers")
    if not info[2]:
        raise Unfit("no EOF")
    codes[count:] = -1
    for index in odd[: info[1]].tolist():
        try:
            numbers[index] = float(data[starts[index] : ends[index]])
        except ValueError:
            raise Unfit("number") from None
    return Tags(data, buffer, count, codes, starts, ends, numbers)


@kernel
def _intern(buffer: Any, starts: Any, ends: Any, table: Any, ids: Any, first: Any, seed: Any) -> Any:
    """Number equal byte ranges equally: ids per range, first range of every number; returns how many numbers."""
    mask = np.uint64(table.size - 1)
    prime = np.uint64(0x9E3779B97F4A7C15)
    count = 0
    for k in range(starts.size):
        a, e = starts[k], ends[k]
        h = np.uint64(seed)
        for i in range(a, e):
            h = (h ^ np.uint64(buffer[i])) * prime
            h = h ^ (h >> np.uint64(29))
        slot = np.int64(h & mask)
        while True:
            found = table[slot]
            if found < 0:
                table[slot] = count
                first[count] = k
                ids[k] = count
                count += 1
                break
            other = first[found]
            b, f = starts[other], ends[other]
            if f - b == e - a:
                same = True
                for i in range(e - a):
                    if buffer[a + i] != buffer[b + i]:
                        same = False
                        break
                if same:
                    ids[k] = found
                    break
            slot = np.int64(np.uint64(slot + 1) & mask)
    return count


_SEED = int.from_bytes(os.urandom(7), "little")


def intern(buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Number of every byte range (equal bytes, equal number), and one range of every number."""
    size = 16
    while size < 2 * starts.size:
        size *= 2
    ids, first = np.empty(starts.size, np.int32), np.empty(starts.size, np.int32)
    count = _intern(buffer, starts, ends, np.full(size, -1, np.int32), ids, first, _SEED)
    return ids, first[:count].copy()


@kernel
def _gather(buffer: Any, starts: Any, ends: Any, out: Any) -> Any:
    n = 0
    for k in range(starts.size):
        for i in range(starts[k], ends[k]):
            out[n] = buffer[i]
            n += 1
        if k + 1 < starts.size:
            out[n] = LF
            n += 1
    return n


def gather(buffer: Bytes, starts: Ints, ends: Ints) -> Bytes:
    """Byte ranges one after the other, with a line feed between them."""
    out = np.empty(int((ends.astype(np.int64) - starts).sum()) + starts.size, np.uint8)
    return out[: _gather(buffer, np.ascontiguousarray(starts), np.ascontiguousarray(ends), out)]


@kernel
def _foreign(buffer: Any, limit: Any, out: Any) -> Any:
    n = 0
    i = 0
    size = buffer.size
    taken = 0
    while i < size and taken <= limit:
        if buffer[i] < 128:
            i += 1
            continue
        while i < size and buffer[i] != LF and buffer[i] != CR:
            if n == out.size:
                return -1
            out[n] = buffer[i]
            n += 1
            taken += 1
            i += 1
        if n == out.size:
            return -1
        out[n] = LF
        n += 1
    return n


def foreign_text(data: bytes, limit: int) -> bytes:
    """Line ends from the first byte above 127 on, until more than ``limit`` bytes are found."""
    buffer = np.frombuffer(data, np.uint8)
    room = 2 * limit + 1_000_000
    while True:
        out = np.empty(room, np.uint8)
        n = _foreign(buffer, limit, out)
        if n >= 0:
            return out[:n].tobytes()
        room *= 8


@kernel
def _ends(buffer: Any, starts: Any, out: Any) -> None:
    for k in range(starts.size):
        out[k] = _line_end(buffer, starts[k])


def line_ends(buffer: Bytes, starts: Ints) -> Ints:
    """Where the lines that hold the given bytes end, line end excluded."""
    out = np.empty(starts.size, np.int32)
    _ends(buffer, starts, out)
    return out
