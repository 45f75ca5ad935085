"""The servers that Honk can start. A new one is a module and a row here."""

from collections.abc import Mapping

from honk.workspace.servers import Row
from honk.workspace.servers.postgresql import ROW as POSTGRESQL
from honk.workspace.servers.redis import ROW as REDIS

ROWS: Mapping[str, Row] = {row.name: row for row in (POSTGRESQL, REDIS)}
ALIASES: Mapping[str, str] = {"postgres": POSTGRESQL.name}
"""Other names that people write."""
