"""A production of tests: a folder that deployments write, and a server that says whether what lies there is well."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from desk import CALC

DEPLOY = """\
set -eu
cp calc.py "$LIVE/calc.py"
echo "$HONK_COMMIT" >> "$LIVE/deployed"
[ ! -e "$LIVE/hang" ] || sleep 600
[ ! -e "$LIVE/fail" ] || exit 7
echo "up with ${TOKEN:-nothing}"
"""
BACK = """\
set -eu
cp calc.py "$LIVE/calc.py"
echo "$HONK_ROLLBACK_TO" >> "$LIVE/rolled-back"
"""
SECRET = "token-of-production"


@dataclass(frozen=True, slots=True)
class Live:
    """What stands in production."""

    folder: Path
    origin: str

    @property
    def deployed(self) -> list[str]:
        """The commits, as the command was run."""
        return self._lines("deployed")

    @property
    def rolled_back(self) -> list[str]:
        """What production went back to."""
        return self._lines("rolled-back")

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def calc(self, *, rollback: bool = True, timeout_seconds: int = 30, more: str = "") -> Mapping[str, str]:
        """The repository of stories, with its way to this production."""
        lines = [
            "[deploy]",
            'command = "sh deploy.sh"',
            *(['rollback = "sh back.sh"'] if rollback else []),
            f'health = "{self.origin}/{self.folder.name}"',
            'secrets = ["TOKEN"]',
            f"timeout_seconds = {timeout_seconds}",
            "health_seconds = 2",
            f'env = {{ LIVE = "{self.folder}" }}',
        ]
        return {**CALC, ".honk.toml": "\n".join(lines) + f"\n{more}", "deploy.sh": DEPLOY, "back.sh": BACK}

    def settings(self, **more: object) -> dict[str, object]:
        """What the installation's owner grants it."""
        grant = {"secrets": {"TOKEN": "file:token"}, "folders": [str(self.folder)], "health": [self.origin], **more}
        return {"repositories": {"calc": grant}}

    def at(self, name: str) -> "Live":
        """The same for one of several repositories."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Live(folder, self.origin)

    def grants(self, *names: str) -> dict[str, object]:
        """Of several repositories."""
        own = {name: self.at(name).settings()["repositories"] for name in names}
        return {"repositories": {name: one["calc"] for name, one in own.items()}}  # type: ignore[index]

    def keep_secret(self, home: Path) -> None:
        """Where the grant says that it is."""
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "token").write_text(f"{SECRET}\n")
        (home / "token").chmod(0o600)


@asynccontextmanager
async def production(folder: Path) -> AsyncIterator[Live]:
    """It is well while what lies there adds, or nothing does."""
    folder.mkdir()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        own = folder / request.path.rpartition("/")[2]
        path = (own if own.is_dir() else folder) / "calc.py"
        is_well = not path.exists() or "a * b" not in path.read_text()
        return web.Response(status=200 if is_well else 500)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Live(folder, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
