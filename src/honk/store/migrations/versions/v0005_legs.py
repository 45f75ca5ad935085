"""Where the newest leg of a run begins, and what a linked task goes on with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("honk_run", sa.Column("leg", sa.Text(), nullable=True))
    op.add_column("honk_run", sa.Column("takes_up", sa.Text(), nullable=True))
    op.create_index("ix_honk_message_used_at", "honk_message", ["used_at"])
