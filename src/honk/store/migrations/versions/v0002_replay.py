"""A task may be a replay of another one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("honk_task", sa.Column("replay_of", sa.Text(), nullable=True))
    op.create_index("ix_honk_task_replay_of", "honk_task", ["replay_of"])
