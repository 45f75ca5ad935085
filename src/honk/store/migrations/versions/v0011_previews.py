"""What was shown of which commit before it shipped."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "honk_preview",
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("label", name="pk_honk_preview"),
    )
    for column in ("task_id", "state"):
        op.create_index(f"ix_honk_preview_{column}", "honk_preview", [column])
