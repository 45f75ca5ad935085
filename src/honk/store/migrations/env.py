"""Runs the steps on the connection that `honk.store.database` hands over, inside its transaction."""

from alembic import context

from honk.store.migrations import TABLE
from honk.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=TABLE,
)
context.run_migrations()
