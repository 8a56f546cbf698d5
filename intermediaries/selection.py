"""Choosing an agency (选取): qualified ones only, the least loaded first, ties by a recomputable draw. Pure.

The draw is commit-and-reveal. First the candidates and the SHA-256 of a secret nonce go on the audit chain; the hash
of that audit event is the salt. Then the nonce is revealed. A candidate's ticket is
``SHA-256(nonce | salt | engagement | credit code)``; the lowest ticket wins. Nobody can know the salt before the
nonce is fixed, and the nonce cannot be changed after it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agency that might be chosen.

    Attributes:
        key: 统一社会信用代码.
        qualified_until: last day of the qualification the evaluation asks for; None when it holds none.
        load: engagements it has not yet delivered.
    """

    agency_id: str
    key: str
    name: str
    qualified_until: dt.date | None
    load: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Who may be chosen and why the others may not: (name, reason)."""

    eligible: tuple[Candidate, ...]
    excluded: tuple[tuple[str, str], ...]


def shortlist(candidates: Sequence[Candidate], *, on: dt.date, avoided: Collection[str] = ()) -> Shortlist:
    """Eligible agencies with the least load.

    Args:
        on: the day on which the qualification must be valid.
        avoided: agency ids that must not be chosen (they declined, or are avoided with a reason).
    """
    eligible: list[Candidate] = []
    excluded: list[tuple[str, str]] = []
    for candidate in candidates:
        if not candidate.active:
            excluded.append((candidate.name, "已停用"))
        elif candidate.qualified_until is None:
            excluded.append((candidate.name, "没有所需资质"))
        elif candidate.qualified_until < on:
            excluded.append((candidate.name, f"资质已于 {candidate.qualified_until.isoformat()} 到期"))
        elif candidate.agency_id in avoided:
            excluded.append((candidate.name, "已拒绝或回避"))
        else:
            eligible.append(candidate)
    least = min((c.load for c in eligible), default=0)
    excluded += [(c.name, f"在办任务 {c.load} 件，多于最少的 {least} 件") for c in eligible if c.load > least]
    return Shortlist(
        tuple(sorted((c for c in eligible if c.load == least), key=lambda c: c.key)), tuple(excluded)
    )


def commitment(nonce: str) -> str:
    """SHA-256 of the nonce, published before the draw."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def ticket(nonce: str, salt: str, subject: str, key: str) -> str:
    """A candidate's ticket (hex)."""
    return hashlib.sha256("|".join((nonce, salt, subject, key)).encode()).hexdigest()


def draw(keys: Sequence[str], nonce: str, salt: str, subject: str) -> str:
    """The key with the lowest ticket.

    Raises:
        ValueError: there is nobody to draw from.
    """
    return min(keys, key=lambda key: ticket(nonce, salt, subject, key))


def recompute(record: dict[str, Any]) -> bool:
    """Does a stored draw record hold: commitment fits the nonce, and the lowest ticket is the winner's?"""
    return bool(
        commitment(record["nonce"]) == record["commitment"]
        and draw(record["candidates"], record["nonce"], record["salt"], record["subject"]) == record["winner"]
    )
