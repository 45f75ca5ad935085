"""What becomes of a change that a person wants to ship, and as whom they said yes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("honk_approval", sa.Column("person_id", sa.Text(), nullable=True))
    op.add_column("honk_approval", sa.Column("role", sa.Text(), nullable=False, server_default=""))
    op.add_column("honk_approval", sa.Column("door", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "honk_shipment",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", name="pk_honk_shipment"),
    )
    op.create_index("ix_honk_shipment_number", "honk_shipment", ["number"])
    op.create_index("ix_honk_shipment_state", "honk_shipment", ["state"])
