"""honk serve: a team's server, in one process: console, API and workers."""

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from honk.base.digests import new_secret
from honk.base.whereabouts import Whereabouts, told
from honk.domain.passes import link_to

if TYPE_CHECKING:
    from honk.api.metrics import Metrics
    from honk.app import App
    from honk.config import ServeSettings, Settings
    from honk.entrance import Entrance
    from honk.team import Team

STOP_SECONDS = 3
"""What an open connection is given to end by itself."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server at work."""

    origin: str
    """Its address for people."""
    running: "asyncio.Task[None]"
    """Ends when it does."""


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = None,
) -> None:
    """Serve a team: the console, the API and the agents, until Ctrl-C.

    What runs is interrupted then, keeps its work, and goes on by itself at the next start.
    """
    from honk.cli.desk import run_async
    from honk.config import read_settings

    settings = read_settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update={"serve": settings.serve.model_copy(update=given)})
    refuse_exposed(settings.serve)
    run_async(_serve(settings))


def refuse_exposed(serve: "ServeSettings") -> None:
    """Raises UsageError where sessions would cross a network in the clear, or the certificate cannot be read."""
    from honk.base.errors import UsageError
    from honk.domain.exposure import why_not_listen

    if why := why_not_listen(serve.host, has_tls=serve.has_tls, behind_proxy=serve.behind_proxy):
        raise UsageError(why)
    if not serve.has_tls:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(serve.tls_certificate, serve.tls_key)
    except OSError as error:
        raise UsageError(
            f"The certificate {serve.tls_certificate} with the key {serve.tls_key} cannot be used: "
            f"{error.strerror or error}. Nothing was begun."
        ) from error


async def _serve(settings: "Settings") -> None:
    from honk.api.metrics import Metrics
    from honk.bootstrap import open_team

    listening = listen(settings.serve.host, settings.serve.port)
    metrics = Metrics()
    async with open_team(settings, ear=metrics) as team:
        await serve_on(listening, team, settings, metrics)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, before anything is begun.

    Raises:
        UsageError: the port is taken, or the address is not this machine's.
    """
    from honk.base.errors import UsageError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Nothing was begun. Choose another by --port, or "
            "end what has it."
        ) from error
    return listening


async def serve_on(
    listening: socket.socket, team: "Team", settings: "Settings", metrics: "Metrics | None" = None
) -> None:
    """Serve until a signal; connections are given a moment, workers none: they go on at the next start."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    ended = asyncio.Event()
    for number in numbers:
        loop.add_signal_handler(number, ended.set)
    try:
        async with serving(listening, team, settings, metrics) as served:
            served.running.add_done_callback(lambda _: ended.set())
            sys.stdout.write(f"Honk serves on {served.origin} (Ctrl-C ends it)\n")
            sys.stdout.write(await way_in(team.app, served.origin))
            sys.stdout.flush()
            await ended.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@asynccontextmanager
async def serving(
    listening: socket.socket, team: "Team", settings: "Settings", metrics: "Metrics | None" = None
) -> AsyncIterator[Served]:
    """Serve beside what the caller does. Signals stay the caller's. What broke the server is raised at the end."""
    import uvicorn

    from honk.bootstrap_people import recognition_of
    from honk.domain.exposure import near_address
    from honk.entrance import Entrance

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """None: the library's own raise the signal again after the end, in the middle of ours."""
            yield

    host, port = near_address(listening.getsockname()[0]), listening.getsockname()[1]
    scheme = "https" if settings.serve.has_tls else "http"
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    entrance = Entrance(
        ways_in=team.app.ways_in,
        is_secure=is_reached_by_https(settings),
        recognition=recognition_of(settings, team.app),
    )
    behind = Behind(team=team, settings=settings, entrance=entrance, metrics=metrics, listens_on=host, port=port)
    server = Server(
        uvicorn.Config(
            doors(behind), log_level="warning", access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS, proxy_headers=settings.serve.behind_proxy,
            ssl_certfile=settings.serve.tls_certificate or None, ssl_keyfile=settings.serve.tls_key or None,
        )
    )  # fmt: skip
    with told(settings.home, Whereabouts(address=address, token=behind.owner_token)):
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield Served(settings.serve.public_url or address, running)
        finally:
            behind.ending.set()
            server.should_exit = True
            await running


async def way_in(app: "App", url: str) -> str:
    """A line for the owner: a link, unless they are in already."""
    owner = await app.people.owner()
    if await app.ways_in.has_session(owner):
        return "You are signed in already. A new way in: honk people link\n"
    return f"Your way in, once and within 15 minutes: {link_to(url, await app.ways_in.new_link(owner))}\n"


def is_reached_by_https(settings: "Settings") -> bool:
    """Whether browsers speak TLS, with us or with a proxy in front."""
    serve = settings.serve
    return serve.has_tls or serve.behind_proxy or serve.public_url.startswith("https:")


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What the doors of one server lead to."""

    team: "Team"
    settings: "Settings"
    entrance: "Entrance"
    metrics: "Metrics | None" = None
    """What has listened to the store from its start; None counts from now."""
    listens_on: str = "127.0.0.1"
    port: int = 0
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as the server is asked to end."""
    owner_token: str = field(default_factory=new_secret, repr=False)
    """For the owner's commands on this machine, as long as the server runs."""


def doors(behind: Behind) -> Any:
    """The console, with the API below /api, and what watches over them."""
    from honk.api.bounds import PACKS, Bounds
    from honk.api.entry import Entry
    from honk.api.health import health_routes
    from honk.api.metrics import Metrics, Timed
    from honk.api.server import create_api
    from honk.preview.hosts import hosts_of
    from honk.web.console import create_console
    from honk.web.preview_door import PreviewDoor

    metrics = behind.metrics or Metrics()
    entry = Entry(entrance=behind.entrance, owner_token=behind.owner_token)
    serve = behind.settings.serve
    is_secure = is_reached_by_https(behind.settings)
    hosts = hosts_of(serve.preview_domain, serve.public_url, listens_on=behind.listens_on, port=behind.port,
                     is_secure=is_secure)  # fmt: skip
    console = create_console(behind.team, serve, behind.entrance, hosts)
    console.include_router(health_routes(behind.team, entry, metrics, behind.ending.is_set))
    console.mount("/api", create_api(behind.team, entry))
    near = f"[{behind.listens_on}]" if ":" in behind.listens_on else behind.listens_on
    origin = serve.public_url or f"{'https' if is_secure else 'http'}://{near}:{behind.port}"
    return PreviewDoor(Timed(Bounds(console, PACKS), metrics), team=behind.team, hosts=hosts, console=origin)
