"""What an examination of a sealed file has found so far, and the form its outcome is told in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SealInfo:
    """One seal in a file.

    Attributes:
        signer: common name of the certificate; ``organisation`` its O.
        signed_at: moment of the trusted time-stamp (UTC), else the signer's own claim.
        timestamped: a valid time-stamp by a trusted authority is embedded.
        intact: digest and signature hold for the revision this seal covers.
        trusted: the chain ends at a trusted root and nothing in it was revoked.
    """

    field: str
    signer: str | None
    organisation: str | None
    signed_at: dt.datetime | None
    timestamped: bool
    intact: bool
    trusted: bool
    reason: str | None = None
    location: str | None = None
    serial_number: str | None = None


@dataclass(frozen=True, slots=True)
class SealReport:
    """Outcome of :func:`project_box.seal.verify.verify_pdf`.

    Attributes:
        ok: every seal is good and the last one covers the whole file.
        problems: Chinese sentences, one per thing that is wrong; empty exactly when ``ok``.
        signer, organisation, signed_at, timestamped: of the last seal.
        covers_whole_document: the last seal's byte range leaves out nothing but the seal itself.
        modified_after: content was changed, cut or appended after sealing.
        seals: all seals, oldest first.
        sha256, size: of the bytes examined.
    """

    ok: bool
    problems: list[str]
    signer: str | None = None
    organisation: str | None = None
    signed_at: dt.datetime | None = None
    timestamped: bool = False
    covers_whole_document: bool = False
    modified_after: bool = False
    seals: list[SealInfo] = field(default_factory=list)
    sha256: str = ""
    size: int = 0


@dataclass
class Examination:
    """What was found out so far."""

    problems: list[str] = field(default_factory=list)
    seals: list[SealInfo] = field(default_factory=list)
    covers: bool = False
    modified: bool = False

    def say(self, sentence: str) -> None:
        """Something is wrong; each sentence is kept once."""
        if sentence not in self.problems:
            self.problems.append(sentence)

    def tampered(self, sentence: str) -> None:
        """Something is wrong because bytes are not those that were sealed."""
        self.modified = True
        self.say(sentence)


def short_note(error: Exception) -> str:
    """Short technical note of an exception, one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
