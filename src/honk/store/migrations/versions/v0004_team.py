"""A team: people with rights, what they say, what a run waits for, and the repositories they are offered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("honk_repository", sa.Column("offered_at", _INSTANT, nullable=True))
    op.add_column("honk_task", sa.Column("follows", sa.Text(), nullable=True))
    op.add_column("honk_task", sa.Column("person_id", sa.Text(), nullable=True))
    op.create_index("ix_honk_task_follows", "honk_task", ["follows"])
    op.create_index("ix_honk_task_person_id", "honk_task", ["person_id"])
    op.add_column("honk_message", sa.Column("person_id", sa.Text(), nullable=True))
    op.add_column("honk_message", sa.Column("question_id", sa.Text(), nullable=True))
    op.add_column("honk_message", sa.Column("used_at", _INSTANT, nullable=True))
    op.create_table(
        "honk_parked",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_honk_parked"),
    )
    op.create_index("ix_honk_parked_task_id", "honk_parked", ["task_id"])
    op.create_index("ix_honk_parked_until", "honk_parked", ["until"])
    _people()
    _ways_in()


def _people() -> None:
    op.create_table(
        "honk_person",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("left_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_honk_person"),
        sa.UniqueConstraint("email", name="uq_honk_person_email"),
        sa.UniqueConstraint("subject", name="uq_honk_person_subject"),
    )
    op.create_table(
        "honk_grant",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "repository_id", name="pk_honk_grant"),
        sa.ForeignKeyConstraint(["person_id"], ["honk_person.person_id"], name="fk_honk_grant_person_id"),
    )


def _ways_in() -> None:
    for table, key, more in (
        ("honk_sign_in_link", "digest", [sa.Column("expires_at", _INSTANT, nullable=False),
                                         sa.Column("used_at", _INSTANT, nullable=True)]),
        ("honk_web_session", "digest", [sa.Column("seen_at", _INSTANT, nullable=False),
                                        sa.Column("expires_at", _INSTANT, nullable=False)]),
        ("honk_api_token", "token_id", [sa.Column("digest", sa.Text(), nullable=False),
                                        sa.Column("name", sa.Text(), nullable=False),
                                        sa.Column("expires_at", _INSTANT, nullable=True),
                                        sa.Column("used_at", _INSTANT, nullable=True),
                                        sa.Column("revoked_at", _INSTANT, nullable=True),
                                        sa.UniqueConstraint("digest", name="uq_honk_api_token_digest")]),
    ):
        op.create_table(
            table,
            sa.Column(key, sa.Text(), nullable=False),
            sa.Column("person_id", sa.Text(), nullable=False),
            sa.Column("created_at", _INSTANT, nullable=False),
            *more,
            sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["person_id"], ["honk_person.person_id"], name=f"fk_{table}_person_id"),
        )
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])
