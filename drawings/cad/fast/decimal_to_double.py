"""Decimal text to the nearest double, exactly as Python's ``float`` rounds it, inside compiled kernels.

A number is read as ``mantissa × 10^exponent``. Small ones are exact in floating point (Clinger 1990); the others go
through one or two 64 × 64 bit products with a table of powers of five (Lemire, *Number Parsing at a Gigabyte per
Second*, 2021). What neither can decide (more than 19 digits, subnormal results) is left to Python.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from drawings.cad.fast.jit import helper

Words: TypeAlias = npt.NDArray[np.uint64]

LOWEST, HIGHEST = -330, 308  # powers of ten in the table
_U0, _U1, _U3 = np.uint64(0), np.uint64(1), np.uint64(3)
_LOW32 = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_UNDECIDED = np.uint64(0x1FF)
_HIDDEN = np.uint64(1 << 52)
_TWO_HIDDEN = np.uint64(1 << 53)
_52 = np.uint64(52)
_63 = np.uint64(63)
_9 = np.uint64(9)


def power_table() -> Words:
    """128 leading bits of 5^q for q from LOWEST to HIGHEST as rows of two words, high word first."""
    table = np.empty((HIGHEST - LOWEST + 1, 2), np.uint64)
    for q in range(LOWEST, HIGHEST + 1):
        if q >= 0:
            value = 5**q
            shift = 128 - value.bit_length()
            value = value << shift if shift >= 0 else value >> -shift
        else:
            power = 5**-q
            bits = power.bit_length() if power & (power - 1) else power.bit_length() - 1
            value = (1 << (bits + 127 if q >= -27 else 2 * bits + 128)) // power + 1
            value >>= max(0, value.bit_length() - 128)
        table[q - LOWEST] = (value >> 64, value & 0xFFFFFFFFFFFFFFFF)
    return table


@helper
def _product(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """High and low word of a × b."""
    a_low, a_high = a & _LOW32, a >> _32
    b_low, b_high = b & _LOW32, b >> _32
    low = a_low * b_low
    middle = a_high * b_low + (low >> _32)
    other = a_low * b_high + (middle & _LOW32)
    return a_high * b_high + (middle >> _32) + (other >> _32), (other << _32) | (low & _LOW32)


@helper
def round_decimal(w: np.uint64, q: int, powers: Words) -> tuple[bool, np.uint64]:
    """Bits of the double nearest to w × 10^q (w > 0); False if that could not be decided."""
    if q < LOWEST or q > HIGHEST:
        return False, _U0
    zeros = 0
    shifted = w
    while not shifted >> _63:
        shifted = shifted << _U1
        zeros += 1
    row = q - LOWEST
    high, low = _product(shifted, powers[row, 0])
    if (high & _UNDECIDED) == _UNDECIDED:
        more, _ = _product(shifted, powers[row, 1])
        low = low + more
        if low < more:
            high = high + _U1
    if low == _ALL and (q < -27 or q > 55):
        return False, _U0
    upper = high >> _63
    cut = upper + _9
    mantissa = high >> cut
    exponent = ((217706 * q) >> 16) + 63 + np.int64(upper) - zeros + 1023
    if exponent <= 0 or exponent >= 2046:
        return False, _U0
    if low <= _U1 and -4 <= q <= 23 and (mantissa & _U3) == _U1 and (mantissa << cut) == high:
        mantissa = mantissa - _U1
    mantissa = (mantissa + (mantissa & _U1)) >> _U1
    if mantissa >= _TWO_HIDDEN:
        mantissa = _HIDDEN
        exponent += 1
    return True, (mantissa & (_HIDDEN - _U1)) | (np.uint64(exponent) << _52)
