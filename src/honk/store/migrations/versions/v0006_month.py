"""What a month has cost, and which runs have not ended, are found without reading every row."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_honk_model_call_asked_at", "honk_model_call", ["asked_at"])
    op.create_index("ix_honk_run_finished_at", "honk_run", ["finished_at"])
