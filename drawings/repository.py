"""All SQL of the drawings room; every read starts from the projects the actor may see."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from drawings.models import JointReview, Mark, Opinion, Revision, RevisionFile
from drawings.review.joint_review import Verdict
from project_box.kernel.identity import Actor
from project_box.models import Project
from project_box.repository import visible_projects


def _visible(actor: Actor) -> Select[tuple[uuid.UUID]]:
    return visible_projects(actor).with_only_columns(Project.id)


def revisions(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[Revision]:
    """Revisions of a project the actor may see, newest first."""
    statement = (
        select(Revision)
        .where(Revision.project_id == project_id, Revision.project_id.in_(_visible(actor)))
        .order_by(Revision.number.desc())
    )
    return session.scalars(statement).all()


def revision(session: Session, actor: Actor, revision_id: uuid.UUID) -> Revision | None:
    """One revision, if the actor may see its project."""
    return session.scalar(
        select(Revision).where(Revision.id == revision_id, Revision.project_id.in_(_visible(actor)))
    )


def current_revision(session: Session, actor: Actor, project_id: uuid.UUID) -> Revision | None:
    """The newest revision of a project the actor may see."""
    return session.scalar(
        select(Revision)
        .where(Revision.project_id == project_id, Revision.project_id.in_(_visible(actor)))
        .order_by(Revision.number.desc())
        .limit(1)
    )


def next_number(session: Session, project_id: uuid.UUID) -> int:
    """Number of the next revision; the project's row is locked so that two submissions cannot take the same."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    newest = session.scalar(select(func.max(Revision.number)).where(Revision.project_id == project_id))
    return (newest or 0) + 1


def file_models(session: Session, revision_id: uuid.UUID) -> Sequence[tuple[RevisionFile, bytes | None]]:
    """Files of a revision with their packed models, in order."""
    statement = (
        select(RevisionFile, RevisionFile.model)
        .where(RevisionFile.revision_id == revision_id)
        .order_by(RevisionFile.position)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def sheet(session: Session, file_id: uuid.UUID) -> bytes | None:
    """The packed sheet of a revision file."""
    return session.scalar(select(RevisionFile.sheet).where(RevisionFile.id == file_id))


def reviews_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> Sequence[JointReview]:
    """Rounds of a case the actor may see, newest first."""
    statement = (
        select(JointReview)
        .where(JointReview.case_id == case_id, JointReview.project_id.in_(_visible(actor)))
        .order_by(JointReview.round.desc())
    )
    return session.scalars(statement).all()


def rounds(session: Session, case_id: uuid.UUID) -> Sequence[JointReview]:
    """All rounds of a case, newest first (for services that have checked the case already)."""
    return session.scalars(
        select(JointReview).where(JointReview.case_id == case_id).order_by(JointReview.round.desc())
    ).all()


def agreed_rounds(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[JointReview]:
    """Rounds of a project in which everybody agreed, the one closed last first, if the actor may see it."""
    statement = (
        select(JointReview)
        .where(
            JointReview.project_id == project_id,
            JointReview.project_id.in_(_visible(actor)),
            JointReview.verdict == Verdict.AGREE.value,
        )
        .order_by(JointReview.closed_at.desc())
    )
    return session.scalars(statement).all()


def review(session: Session, actor: Actor, review_id: uuid.UUID, *, lock: bool = False) -> JointReview | None:
    """One review, if the actor may see its project; locked when it is about to be closed."""
    statement = select(JointReview).where(
        JointReview.id == review_id, JointReview.project_id.in_(_visible(actor))
    )
    if lock:
        statement = statement.with_for_update(of=JointReview)
    return session.scalar(statement)


def agreed_review(session: Session, revision_id: uuid.UUID) -> JointReview | None:
    """The newest round of review of a revision that ended in agreement (for services that have checked who asks)."""
    statement = select(JointReview).where(
        JointReview.revision_id == revision_id, JointReview.verdict == "agree"
    )
    return session.scalar(statement.order_by(JointReview.closed_at.desc()).limit(1))


def marks(session: Session, review_id: uuid.UUID) -> Sequence[Mark]:
    """Marks of a review in order of placing."""
    return session.scalars(
        select(Mark).where(Mark.review_id == review_id).order_by(Mark.created_at, Mark.id)
    ).all()


def mark(session: Session, actor: Actor, mark_id: uuid.UUID) -> Mark | None:
    """One mark, if the actor may see its project."""
    statement = (
        select(Mark)
        .join(JointReview, JointReview.id == Mark.review_id)
        .where(Mark.id == mark_id, JointReview.project_id.in_(_visible(actor)))
    )
    return session.scalar(statement)


def locked_mark(session: Session, mark_id: uuid.UUID) -> Mark:
    """A mark as it stands now, locked until the transaction ends (for services that have checked who acts)."""
    statement = select(Mark).where(Mark.id == mark_id).with_for_update(of=Mark)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def opinions(session: Session, review_id: uuid.UUID) -> Sequence[Opinion]:
    """Submitted opinions of a review, oldest first."""
    return session.scalars(
        select(Opinion).where(Opinion.review_id == review_id).order_by(Opinion.created_at, Opinion.version)
    ).all()


def next_opinion_version(session: Session, review_id: uuid.UUID, discipline: str) -> int:
    """Version of a discipline's next opinion."""
    newest = session.scalar(
        select(func.max(Opinion.version)).where(
            Opinion.review_id == review_id, Opinion.discipline == discipline
        )
    )
    return (newest or 0) + 1


_PLAN_FEATURES = text(
    """
    SELECT v.layer_code, f.label, ST_AsGeoJSON(ST_Transform(f.geom_3857, :crs), 3)
    FROM gis.feature f JOIN gis.layer_version v ON v.id = f.version_id
    WHERE v.current AND f.geom_3857 && ST_Transform(ST_MakeEnvelope(:x0, :y0, :x1, :y1, :crs), 3857)
    ORDER BY f.area_m2 DESC LIMIT :most
    """
)


def plan_features(
    session: Session, crs: int, box: tuple[float, float, float, float], most: int
) -> list[tuple[str, str, str]]:
    """(layer, label, GeoJSON in ``crs``) of the plan features around a box (metres in ``crs``), the largest first."""
    x0, y0, x1, y1 = box
    found = session.execute(
        _PLAN_FEATURES, {"crs": crs, "x0": x0, "y0": y0, "x1": x1, "y1": y1, "most": most}
    )
    return [(row[0], row[1], row[2]) for row in found]
