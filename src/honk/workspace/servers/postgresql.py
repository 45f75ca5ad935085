"""PostgreSQL: an empty cluster with the databases `postgres` and `test`, everybody trusted, nothing kept. Pure."""

from honk.workspace import Server
from honk.workspace.servers import Row, first_data, live_data

NAME = "postgresql"
PORT, USER, DATABASE = 5432, "postgres", "test"
_SOCKETS = "/tmp"  # noqa: S108 - inside a sandbox
_PREPARE = """\
set -eu
"$1/initdb" -D "$2" -U "$3" -A trust -E UTF8 --locale=C.UTF-8 --wal-segsize=1 --no-sync
echo "CREATE DATABASE $4;" | "$1/postgres" --single -D "$2" template1
"""
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "port": str(PORT),
    "unix_socket_directories": _SOCKETS,
    # What it keeps is gone with the sandbox: nothing has to outlive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "64MB",
    "min_wal_size": "8MB",
    "shared_buffers": "32MB",
}


def prepare(folder: str) -> tuple[str, ...]:
    """Makes the cluster in a second or two, once for each version."""
    return ("/bin/sh", "-c", _PREPARE, "sh", folder, first_data(NAME), USER, DATABASE)


def make(folder: str, version: str) -> Server:
    settings = (word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}"))
    return Server(
        name=NAME,
        version=version,
        start=(f"{folder}/postgres", "-D", live_data(NAME), *settings),
        ask=(f"{folder}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(PORT), "-U", USER, "-d", DATABASE),
        env={
            "DATABASE_URL": f"postgresql://{USER}:{USER}@127.0.0.1:{PORT}/{DATABASE}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(PORT),
            "PGUSER": USER,
            "PGPASSWORD": USER,
            "PGDATABASE": DATABASE,
        },
    )


ROW = Row(
    name=NAME,
    programs=("postgres", "initdb", "pg_isready"),
    folders=("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin", "opt/pgsql*/bin"),
    package="postgresql",
    prepare=prepare,
    make=make,
)
