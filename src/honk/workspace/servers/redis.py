"""Redis: empty, in memory alone. Pure."""

from honk.workspace import Server
from honk.workspace.servers import Row, live_data

NAME = "redis"
PORT = 6379


def make(folder: str, version: str) -> Server:
    place = ("--bind", "127.0.0.1", "--port", str(PORT), "--dir", live_data(NAME))
    return Server(
        name=NAME,
        version=version,
        start=(f"{folder}/redis-server", *place, "--save", "", "--appendonly", "no", "--daemonize", "no"),
        ask=(f"{folder}/redis-cli", "-h", "127.0.0.1", "-p", str(PORT), "ping"),
        env={"REDIS_URL": f"redis://127.0.0.1:{PORT}/0", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(PORT)},
    )


ROW = Row(name=NAME, programs=("redis-server", "redis-cli"), package="redis-server", make=make)
