"""The schema, in words that every dialect knows. Values of the house are JSON text beside the columns one asks by."""

from datetime import UTC, datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.TypeDecorator[datetime]):
    """An aware instant, kept in UTC also where the database knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Words(sa.TypeDecorator[str]):
    """Text; what is no Unicode (half a surrogate pair, from a path or a log) is written as an escape, not refused."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.encode("utf-8", "backslashreplace").decode()


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=null)


def _instant(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=null)


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _of(name: str, column: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(column), nullable=False, index=True)


delivery = sa.Table(
    "honk_delivery",
    metadata,
    _id("delivery_id"),
    _text("door"),
    _text("body"),
    _instant("received_at"),
)
repository = sa.Table(
    "honk_repository",
    metadata,
    _id("repository_id"),
    _text("name"),
    _text("location"),
    # Null: known from a task, and not (any more) among those that a team is offered.
    _instant("offered_at", null=True),
)
task = sa.Table(
    "honk_task",
    metadata,
    _id("task_id"),
    _of("repository_id", "honk_repository.repository_id"),
    sa.Column("delivery_id", sa.Text, sa.ForeignKey("honk_delivery.delivery_id"), nullable=False),
    _text("base_branch"),
    _text("base_sha"),
    _text("prompt"),
    _text("asker"),
    _text("agent"),
    _text("model"),
    _text("notes"),
    # No foreign key: the task that was replayed may be deleted.
    sa.Column("replay_of", sa.Text, nullable=True, index=True),
    sa.Column("follows", sa.Text, nullable=True, index=True),
    # No foreign keys: who asked may leave, and by the command line nobody signs in.
    sa.Column("person_id", sa.Text, nullable=True, index=True),
    sa.Column("created_at", Instant, nullable=False, index=True),
    _text("status"),
    _text("outcome", null=True),
    _text("outcome_reason", null=True),
    sa.Index("ix_honk_task_status_created_at", "status", "created_at"),
)
brief = sa.Table(
    "honk_brief",
    metadata,
    sa.Column("task_id", sa.Text, sa.ForeignKey("honk_task.task_id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    _text("body"),
)
run = sa.Table(
    "honk_run",
    metadata,
    _id("run_id"),
    _of("task_id", "honk_task.task_id"),
    _instant("started_at"),
    sa.Column("finished_at", Instant, nullable=True, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    _text("limits"),
    _text("spent"),
    _text("change", null=True),
    _text("examination", null=True),
    _text("verdict", null=True),
    _text("seconds", null=True),
    # Null: the first.
    _text("leg", null=True),
    _text("takes_up", null=True),
)
attempt = sa.Table(
    "honk_attempt",
    metadata,
    _id("attempt_id"),
    _of("run_id", "honk_run.run_id"),
    sa.Column("number", sa.Integer, nullable=False),
    _text("session_id"),
    _text("prompt"),
    _instant("started_at"),
    _instant("finished_at", null=True),
    _text("decision"),
    _text("feedback"),
    sa.Column("turns", sa.Integer, nullable=False),
    _text("change", null=True),
    _text("examination", null=True),
    _text("verdict", null=True),
    _text("seconds", null=True),
)
message = sa.Table(
    "honk_message",
    metadata,
    _id("message_id"),
    _of("task_id", "honk_task.task_id"),
    _text("person"),
    _text("text"),
    _instant("at"),
    sa.Column("person_id", sa.Text, nullable=True),
    # The question it answers; null for words that nobody asked for.
    sa.Column("question_id", sa.Text, nullable=True),
    # When the agent was handed it; null while it waits.
    sa.Column("used_at", Instant, nullable=True, index=True),
)
parked = sa.Table(
    "honk_parked",
    metadata,
    # No process, no memory: what a run waits for is this row.
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    _text("kind"),
    _text("body"),
    _instant("since"),
    sa.Column("until", Instant, nullable=True, index=True),
)
person = sa.Table(
    "honk_person",
    metadata,
    _id("person_id"),
    _text("name"),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    # Of an OpenID provider: issuer and subject, which never change as addresses do.
    sa.Column("subject", sa.Text, nullable=True, unique=True),
    _instant("created_at"),
    _instant("left_at", null=True),
)
grant = sa.Table(
    "honk_grant",
    metadata,
    sa.Column("person_id", sa.Text, sa.ForeignKey("honk_person.person_id"), primary_key=True),
    # "*" is every repository.
    sa.Column("repository_id", sa.Text, primary_key=True),
    _text("role"),
)
sign_in_link = sa.Table(
    "honk_sign_in_link",
    metadata,
    # Of links, sessions and tokens only the digest is kept: who reads the database cannot come in by it.
    _id("digest"),
    _of("person_id", "honk_person.person_id"),
    _instant("created_at"),
    _instant("expires_at"),
    _instant("used_at", null=True),
)
web_session = sa.Table(
    "honk_web_session",
    metadata,
    _id("digest"),
    _of("person_id", "honk_person.person_id"),
    _instant("created_at"),
    _instant("seen_at"),
    _instant("expires_at"),
)
api_token = sa.Table(
    "honk_api_token",
    metadata,
    _id("token_id"),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    _of("person_id", "honk_person.person_id"),
    _text("name"),
    _instant("created_at"),
    _instant("expires_at", null=True),
    _instant("used_at", null=True),
    _instant("revoked_at", null=True),
)
event = sa.Table(
    "honk_event",
    metadata,
    # No foreign key: a log must never be refused for the order in which things are written.
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("body"),
    sa.Column("idempotency_key", sa.Text, nullable=True, unique=True),
    _instant("at"),
)
pull_request = sa.Table(
    "honk_pull_request",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("idempotency_key", sa.Text, nullable=False, unique=True),
    sa.Column("repository_id", sa.Text, nullable=False, index=True),
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    _text("state"),
    _text("head_sha"),
    _text("body"),
)
approval = sa.Table(
    "honk_approval",
    metadata,
    _id("approval_id"),
    sa.Column("number", sa.Integer, nullable=False, index=True),
    _text("person"),
    _text("head_sha"),
    _text("sentence"),
    _instant("at"),
    sa.Column("person_id", sa.Text, nullable=True),
    _text("role"),
    _text("door"),
)
shipment = sa.Table(
    "honk_shipment",
    metadata,
    # The truth about a merge that a person wants: its workflow comes and goes.
    _id("shipment_id"),
    sa.Column("number", sa.Integer, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    # Of an armed one: each id between line feeds.
    _text("asked"),
    _text("body"),
)
model_call = sa.Table(
    "honk_model_call",
    metadata,
    _id("call_id"),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    _text("purpose"),
    _text("model"),
    sa.Column("reserved_usd", sa.Float, nullable=False),
    sa.Column("cost_usd", sa.Float, nullable=True),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("cache_read_tokens", sa.Integer, nullable=False),
    sa.Column("cache_write_tokens", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("asked_at", Instant, nullable=True, index=True),
)
memo = sa.Table(
    "honk_memo",
    metadata,
    _id("key"),
    _text("value"),
)
audit = sa.Table(
    "honk_audit",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    # The very text that the digest is of, so that no byte can change unseen.
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
)
deployment = sa.Table(
    "honk_deployment",
    metadata,
    _id("deployment_id"),
    sa.Column("repository_id", sa.Text, nullable=False, index=True),
    # No foreign key: what stands in production outlives the task's words.
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    _text("merged_sha"),
    # In the repository's order of merges.
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("created_at", Instant, nullable=False, index=True),
    _text("body"),
    sa.UniqueConstraint("repository_id", "place"),
)
undo = sa.Table(
    "honk_undo",
    metadata,
    _id("undo_id"),
    sa.Column("repository_id", sa.Text, nullable=False, index=True),
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    _text("merged_sha"),
    sa.Column("state", sa.Text, nullable=False, index=True),
    _instant("created_at"),
    _text("body"),
)
preview = sa.Table(
    "honk_preview",
    metadata,
    _id("label"),
    sa.Column("task_id", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    _instant("created_at"),
    _text("body"),
)
