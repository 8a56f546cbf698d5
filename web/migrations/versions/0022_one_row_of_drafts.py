"""Drafts of opinions go into the row of a person's other drafts; who looks on; rounds whose time stands still; how far
reading one file has come.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STAMP = sa.DateTime(timezone=True)
_MOVE = """
INSERT INTO drawings.mark_draft (review_id, user_id, content, saved_at)
SELECT review_id, user_id, jsonb_build_object('opinion', jsonb_build_object('verdict', verdict, 'text', text)), saved_at
FROM drawings.opinion_draft
ON CONFLICT (review_id, user_id) DO UPDATE SET content = mark_draft.content || excluded.content
"""
_BACK = """
INSERT INTO drawings.opinion_draft (review_id, user_id, verdict, text, saved_at)
SELECT review_id, user_id, content #>> '{opinion,verdict}', coalesce(content #>> '{opinion,text}', ''), saved_at
FROM drawings.mark_draft WHERE content ? 'opinion'
"""
_NAMED = """
UPDATE drawings.mark_draft SET content = content - 'mark'
|| jsonb_build_object('mark:' || coalesce(content #>> '{mark,file}', '1'), content -> 'mark') WHERE content ? 'mark'
"""
_EDITS = """
UPDATE drawings.mark_draft SET content = content - 'edit'
|| jsonb_build_object('edit:' || (content #>> '{edit,mark}'), content -> 'edit')
WHERE content #>> '{edit,mark}' IS NOT NULL
"""


def upgrade() -> None:
    op.execute(_MOVE)
    op.execute(_NAMED)
    op.execute(_EDITS)
    op.drop_table("opinion_draft", schema="drawings")
    op.create_table(
        "presence",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Integer(), nullable=False),
        sa.Column("seen_at", _STAMP, nullable=False),
        *_keys("presence"),
        sa.PrimaryKeyConstraint("review_id", "user_id", "file", name=op.f("pk_presence")),
        schema="drawings",
    )
    op.add_column("joint_review", sa.Column("paused_on", sa.Date(), nullable=True), schema="drawings")
    op.add_column(
        "hand_in",
        sa.Column("stage", sa.String(length=20), server_default="", nullable=False),
        schema="drawings",
    )


def downgrade() -> None:
    op.drop_column("hand_in", "stage", schema="drawings")
    op.drop_column("joint_review", "paused_on", schema="drawings")
    op.drop_table("presence", schema="drawings")
    op.create_table(
        "opinion_draft",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("saved_at", _STAMP, nullable=False),
        *_keys("opinion_draft"),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_opinion_draft")),
        schema="drawings",
    )
    op.execute(_BACK)


def _keys(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return tuple(
        sa.ForeignKeyConstraint(
            [column], [target], name=op.f(f"fk_{table}_{column}_{target.split('.')[1]}"), ondelete="CASCADE"
        )
        for column, target in (("review_id", "drawings.joint_review.id"), ("user_id", "box.user.id"))
    )
