"""The step after the newest: what an upgrade of the schema will look like. Only tests take it."""

import sqlalchemy as sa
from alembic import op

from honk.store.migrations import REVISIONS

revision = "9999"
down_revision = REVISIONS[-1]


def upgrade() -> None:
    op.add_column("honk_task", sa.Column("colour", sa.Text(), nullable=False, server_default="green"))
    op.create_index("ix_honk_task_colour", "honk_task", ["colour"])
