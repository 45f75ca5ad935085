"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _who_asked()
    _tasks()
    _words()
    _runs()
    _attempts()
    _logs()
    _money()
    _pull_requests()


def _who_asked() -> None:
    op.create_table(
        "honk_repository",
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name="pk_honk_repository"),
    )
    op.create_table(
        "honk_delivery",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_honk_delivery"),
    )


def _tasks() -> None:
    op.create_table(
        "honk_task",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("base_branch", sa.Text(), nullable=False),
        sa.Column("base_sha", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("outcome_reason", sa.Text()),
        sa.ForeignKeyConstraint(["delivery_id"], ["honk_delivery.delivery_id"], name="fk_honk_task_delivery_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["honk_repository.repository_id"], name="fk_honk_task_repository_id"
        ),
        sa.PrimaryKeyConstraint("task_id", name="pk_honk_task"),
    )
    op.create_index("ix_honk_task_created_at", "honk_task", ["created_at"])
    op.create_index("ix_honk_task_repository_id", "honk_task", ["repository_id"])
    op.create_index("ix_honk_task_status_created_at", "honk_task", ["status", "created_at"])


def _words() -> None:
    op.create_table(
        "honk_brief",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["honk_task.task_id"], name="fk_honk_brief_task_id"),
        sa.PrimaryKeyConstraint("task_id", "version", name="pk_honk_brief"),
    )
    op.create_table(
        "honk_message",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["honk_task.task_id"], name="fk_honk_message_task_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_honk_message"),
    )
    op.create_index("ix_honk_message_task_id", "honk_message", ["task_id"])


def _runs() -> None:
    op.create_table(
        "honk_run",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("spent", sa.Text(), nullable=False),
        sa.Column("change", sa.Text()),
        sa.Column("examination", sa.Text()),
        sa.Column("verdict", sa.Text()),
        sa.Column("seconds", sa.Text()),
        sa.ForeignKeyConstraint(["task_id"], ["honk_task.task_id"], name="fk_honk_run_task_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_honk_run"),
    )
    op.create_index("ix_honk_run_task_id", "honk_run", ["task_id"])


def _attempts() -> None:
    op.create_table(
        "honk_attempt",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("change", sa.Text()),
        sa.Column("examination", sa.Text()),
        sa.Column("verdict", sa.Text()),
        sa.Column("seconds", sa.Text()),
        sa.ForeignKeyConstraint(["run_id"], ["honk_run.run_id"], name="fk_honk_attempt_run_id"),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_honk_attempt"),
    )
    op.create_index("ix_honk_attempt_run_id", "honk_attempt", ["run_id"])


def _logs() -> None:
    op.create_table(
        "honk_event",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "sequence", name="pk_honk_event"),
        sa.UniqueConstraint("idempotency_key", name="uq_honk_event_idempotency_key"),
    )
    op.create_table(
        "honk_memo",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_honk_memo"),
    )


def _money() -> None:
    op.create_table(
        "honk_model_call",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("reserved_usd", sa.Float(), nullable=False),
        sa.Column("cost_usd", sa.Float()),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_read_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_honk_model_call"),
    )
    op.create_index("ix_honk_model_call_run_id", "honk_model_call", ["run_id"])


def _pull_requests() -> None:
    op.create_table(
        "honk_pull_request",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_honk_pull_request"),
        sa.UniqueConstraint("idempotency_key", name="uq_honk_pull_request_idempotency_key"),
    )
    op.create_index("ix_honk_pull_request_repository_id", "honk_pull_request", ["repository_id"])
    op.create_index("ix_honk_pull_request_task_id", "honk_pull_request", ["task_id"])
    op.create_table(
        "honk_approval",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("approval_id", name="pk_honk_approval"),
    )
    op.create_index("ix_honk_approval_number", "honk_approval", ["number"])
