"""A word names each state of the catalog, so that what was made of it can be remembered.

Revision ID: df5cc4c228ee
Revises: e7260c041ff1
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "df5cc4c228ee"
down_revision = "e7260c041ff1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_generation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_generation")),
    )


def downgrade() -> None:
    op.drop_table("catalog_generation")
