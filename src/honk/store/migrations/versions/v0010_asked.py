"""Whose yes an armed merge waits for, so that their board finds it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("honk_shipment", sa.Column("task_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("honk_shipment", sa.Column("asked", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_honk_shipment_task_id", "honk_shipment", ["task_id"])
