"""What was brought to production, and what was taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _table("honk_deployment", "deployment_id", sa.Column("place", sa.Integer(), nullable=False),
           sa.UniqueConstraint("repository_id", "place", name="uq_honk_deployment_repository_id_place"))
    op.create_index("ix_honk_deployment_created_at", "honk_deployment", ["created_at"])
    _table("honk_undo", "undo_id")


def _table(name: str, key: str, *more: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column(key, sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("merged_sha", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
    )
    for column in ("repository_id", "task_id", "state"):
        op.create_index(f"ix_{name}_{column}", name, [column])
