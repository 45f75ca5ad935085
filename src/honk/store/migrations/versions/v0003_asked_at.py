"""Each call to a model has the moment at which it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("honk_model_call", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
