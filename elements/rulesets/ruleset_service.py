"""Which rules hold: registering rule sets, the one in force on a day, and the pins of accepted cases. Never commits.

What holds on a day is the catalogue that came with the platform with every approved amendment laid over it whose day
has come. The platform's own catalogue is dated within (editions, validity), so a newer one replaces an older one for
every day; amendments are laid over it anew. An accepted case is judged by the very rule set of its day of acceptance,
whatever comes later.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from elements.engine.engine import Catalogue, load_catalogue
from elements.rulesets import ruleset_repository as repository
from elements.rulesets.amendment import apply, stored_change
from elements.rulesets.ruleset import (
    Files,
    Snapshot,
    build,
    digest,
    function_versions,
    open_snapshot,
    pack,
    read_files,
    shelf,
    unpack,
)
from elements.rulesets.ruleset_models import Amendment, RuleForce, RulePin, RuleSet
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, NotFound
from project_box.kernel.identity import Actor
from project_box.service import record_audit

CHINA = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


def today() -> dt.date:
    """The present day in China, on which rules and tariffs are chosen."""
    return dt.datetime.now(CHINA).date()


# ---------------------------------------------------------------- registering


def register_shipped(session: Session) -> str:
    """Store the catalogue that came with the platform if it is new, with the approved amendments over it; its hash.

    An amendment that can no longer be laid over it is left out and says so (``trouble``).

    Raises:
        CatalogueError: the files on disk are no longer those that were loaded.
    """
    shipped = load_catalogue()
    if repository.rule_set(session, shipped.version) is not None and repository.force(
        session, shipped.version
    ):
        return shipped.version
    repository.lock(session)
    if repository.force(session, shipped.version):
        return shipped.version
    files = read_files()
    if build(files).version != shipped.version:
        raise CatalogueError(
            "要素目录的文件在启动后被改动",
            "the catalogue's files have changed since the platform was started",
            code="catalogue_changed",
            remedy="重新启动平台",
            remedy_en="restart the platform",
        )
    store(session, shipped, files, origin="shipped", effective_from=today(), note="随平台发布")
    _hold(session, shipped.version, dt.date.min, shipped.version, [])
    lay_amendments(session, shipped.version)
    record_audit(session, None, "rules.registered", f"rule_set:{shipped.version}", {"origin": "shipped"})
    return shipped.version


def store(
    session: Session,
    catalogue: Catalogue,
    files: Files,
    *,
    origin: str,
    effective_from: dt.date,
    note: str,
    author: str = "",
    approver: str = "",
) -> None:
    """Store a rule set unless its hash is known."""
    if repository.rule_set(session, catalogue.version) is not None:
        return
    content = pack(files)
    row = RuleSet(
        hash=catalogue.version,
        created_at=dt.datetime.now(dt.UTC),
        content=content,
        sha256=digest(content),
        functions=function_versions(),
        origin=origin,
        effective_from=effective_from,
        note=note,
        author=author,
        approver=approver,
    )
    session.add(row)
    session.flush()


def _hold(session: Session, base: str, day: dt.date, rule_hash: str, numbers: Sequence[int]) -> None:
    session.add(
        RuleForce(
            base=base,
            effective_from=day,
            hash=rule_hash,
            amendments=list(numbers),
            created_at=dt.datetime.now(dt.UTC),
        )
    )
    session.flush()


def lay_amendments(session: Session, base: str) -> None:
    """Lay all approved amendments over a shipped catalogue, day by day, and store what comes out."""
    approved = sorted(
        repository.amendments(session, states=["approved"]), key=lambda a: (a.effective_from, a.decided_at)
    )
    files = files_of(session, base)
    held = {row.effective_from: row.hash for row in reversed(repository.force(session, base))}
    laid: list[Amendment] = []
    for day in sorted({a.effective_from for a in approved}):
        files, added = _lay(files, [a for a in approved if a.effective_from == day])
        laid += added
        catalogue = build(files)
        if held.get(day) == catalogue.version:
            continue
        last = [a for a in laid if a.effective_from == day]
        store(
            session,
            catalogue,
            files,
            origin="amended",
            effective_from=day,
            note="；".join(f"修订 {a.number}：{a.target_name}" for a in last),
            author="、".join(dict.fromkeys(a.author.name for a in last)),
            approver="、".join(dict.fromkeys(a.approver.name for a in last if a.approver is not None)),
        )
        shelf.put(catalogue)
        _hold(session, base, day, catalogue.version, [a.number for a in laid])


def _lay(files: dict[str, str], amendments: Sequence[Amendment]) -> tuple[dict[str, str], list[Amendment]]:
    """The amendments of one day laid over a catalogue's text, and which of them could be."""
    laid: list[Amendment] = []
    for amendment in amendments:
        try:
            after = apply(files, stored_change(amendment.change), strict=False).files
            build(after)
        except (CatalogueError, Conflict, BadInput) as error:
            amendment.trouble = error.zh
            continue
        amendment.trouble = ""
        files = after
        laid.append(amendment)
    return files, laid


# ---------------------------------------------------------------- what holds


def _held_on(session: Session, day: dt.date) -> str:
    base = load_catalogue().version
    rows = repository.force(session, base)
    if not rows:
        try:
            register_shipped(session)
        except CatalogueError as error:
            if error.code != "catalogue_changed":
                raise
            return base  # what was loaded can be computed with, though not stored any more
        rows = repository.force(session, base)
    return next((row.hash for row in rows if row.effective_from <= day), base)


def in_force(session: Session, day: dt.date | None = None) -> Catalogue:
    """The catalogue that holds on a day (today): the platform's own with the approved amendments of that day."""
    return catalogue_of(session, _held_on(session, day or today()))


def catalogue_of(session: Session, rule_hash: str) -> Catalogue:
    """The catalogue of a stored rule set.

    Raises:
        NotFound: no such rule set.
    """
    shipped = load_catalogue()
    if rule_hash == shipped.version:
        return shipped
    return shelf.find(rule_hash) or open_snapshot(snapshot(session, rule_hash))


def snapshot(session: Session, rule_hash: str) -> Snapshot:
    """A stored rule set with its text.

    Raises:
        NotFound: no such rule set.
    """
    row = repository.rule_set(session, rule_hash, content=True)
    if row is None:
        raise NotFound(
            f"没有规则版本 {rule_hash[:64]}",
            f"no rule set {rule_hash[:64]!r}",
            code="unknown_rule_set",
            remedy="可用的规则版本列在“规则维护”页",
            remedy_en="the page of rules lists the versions there are",
        )
    return Snapshot(row.hash, row.content, row.functions)


def files_of(session: Session, rule_hash: str) -> dict[str, str]:
    """The text of a rule set."""
    return unpack(snapshot(session, rule_hash).content)


def find_rule_set(session: Session, text: str) -> Catalogue:
    """A rule set by its hash, an unambiguous beginning of one, or ``current``.

    Raises:
        NotFound: none. BadInput: several begin so.
    """
    wanted = text.strip().lower()
    if wanted in ("", "current", "现行"):
        return in_force(session)
    register_shipped(session)
    known = [r.hash for r in repository.rule_sets(session)]
    found = [h for h in known if h == wanted] or [
        h for h in known if len(wanted) >= 4 and h.startswith(wanted)
    ]
    if len(found) > 1:
        raise BadInput(
            f"规则版本 {wanted[:20]} 不唯一：{'、'.join(found[:5])}",
            f"several rule sets begin with {wanted[:20]!r}",
            place="rules",
        )
    return catalogue_of(session, found[0] if found else wanted)


# ---------------------------------------------------------------- pins of cases


@dataclass(frozen=True)
class CaseOfProject:
    """The case a project's computations are for: ``accepted_on`` is the day of 受理, None before it."""

    case_id: uuid.UUID
    accepted_on: dt.date | None


@dataclass(frozen=True)
class ProjectRules:
    """What a project is computed by: catalogue, day, and the case that pins them (None: the current rules)."""

    catalogue: Catalogue
    day: dt.date
    pinned_by: uuid.UUID | None = None


CaseLookup = Callable[[Session, uuid.UUID], CaseOfProject | None]
_lookups: list[CaseLookup] = []


def tell_cases_by(lookup: CaseLookup) -> CaseLookup:
    """The room of cases says here which case of a project computations are for; this room cannot ask it."""
    _lookups[:] = [lookup]
    return lookup


def pin_case(
    session: Session, actor: Actor | None, project_id: uuid.UUID, case_id: uuid.UUID, day: dt.date
) -> str:
    """Pin an accepted case to the rule set in force on its day of acceptance; the first pin stays. Gives the hash."""
    known = repository.pin(session, case_id)
    if known is not None:
        return known.hash
    register_shipped(session)
    rule_hash = _held_on(session, day)
    values = {
        "case_id": case_id,
        "project_id": project_id,
        "hash": rule_hash,
        "day": day,
        "pinned_at": dt.datetime.now(dt.UTC),
    }
    repository.put_pin(session, values)
    record_audit(
        session, actor, "rules.pinned", f"case:{case_id}", {"rule_set": rule_hash, "day": day.isoformat()}
    )
    return rule_hash


def project_rules(session: Session, project_id: uuid.UUID, at: dt.date | None = None) -> ProjectRules:
    """Rules and day for a project's computations.

    An accepted case: its rule set and, unless another is asked for, its day. Otherwise what holds on the day asked for.
    """
    case = next((lookup(session, project_id) for lookup in _lookups), None)
    if case is None or case.accepted_on is None:
        day = at or today()
        return ProjectRules(in_force(session, day), day)
    pinned: RulePin | None = repository.pin(session, case.case_id)
    if pinned is None:  # accepted before cases were pinned
        pin_case(session, None, project_id, case.case_id, case.accepted_on)
        pinned = repository.pin(session, case.case_id)
    assert pinned is not None  # just made
    return ProjectRules(catalogue_of(session, pinned.hash), at or pinned.day, case.case_id)


def rules_for(session: Session, project_id: uuid.UUID | None, at: dt.date) -> Catalogue:
    """The rule set for a project's computations on a day; without a project the one in force on that day."""
    return in_force(session, at) if project_id is None else project_rules(session, project_id, at).catalogue
