"""Narrowed lists are counted from an index alone, and a genre finds its titles.

Revision ID: e7260c041ff1
Revises: 88b3775328d2
"""

from __future__ import annotations

from alembic import op


revision = "e7260c041ff1"
down_revision = "88b3775328d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("title", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_title_kind_file_count"))
        batch_op.create_index("ix_title_count", ["kind", "file_count", "is_anime", "year", "rating"], unique=False)

    with op.batch_alter_table("title_genre", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_title_genre_genre_id"))
        batch_op.create_index("ix_title_genre_titles", ["genre_id", "title_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("title_genre", schema=None) as batch_op:
        batch_op.drop_index("ix_title_genre_titles")
        batch_op.create_index(batch_op.f("ix_title_genre_genre_id"), ["genre_id"], unique=False)

    with op.batch_alter_table("title", schema=None) as batch_op:
        batch_op.drop_index("ix_title_count")
        batch_op.create_index(batch_op.f("ix_title_kind_file_count"), ["kind", "file_count"], unique=False)
