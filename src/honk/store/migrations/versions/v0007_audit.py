"""A log of outward acts, which nobody changes by accident: the triggers hinder, the chain of digests proves."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "honk_audit",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_honk_audit"),
    )
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER honk_audit_no_{act.lower()} BEFORE {act} ON honk_audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END"
        )
