"""honk setup: the files that make a server of this machine."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Write the files that make a server of this machine.", no_args_is_help=True)


@app.callback()
def setup() -> None:
    """Write the files that make a server of this machine."""


@app.command("server")
def server(
    into: Annotated[Path | None, typer.Option(help="The folder for them; the current one by default.")] = None,
    user: Annotated[str, typer.Option(help="The system's user that Honk runs as.")] = "honk",
    home: Annotated[Path, typer.Option(help="The server's state folder.")] = Path("/var/lib/honk"),
    public_url: Annotated[str | None, typer.Option(help="How people will reach it: https://honk.example.org")] = None,
    preview_domain: Annotated[str | None, typer.Option(help="Below it previews get hosts of their own.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that differ.")] = False,
) -> None:
    """A unit of systemd, snippets for Caddy and nginx, and the settings. Nothing is installed or started."""
    from honk.base.errors import UsageError
    from honk.cli.desk import person_path
    from honk.config import read_settings
    from honk.domain.exposure import checked_preview_domain, checked_public_url
    from honk.domain.server_text import server_files

    settings = read_settings().serve
    try:
        url = checked_public_url(settings.public_url if public_url is None else public_url)
        domain = checked_preview_domain(settings.preview_domain if preview_domain is None else preview_domain, url)
    except ValueError as error:
        raise UsageError(f"{error}. Nothing was written.") from error
    files = server_files(
        program=_program(), home=str(home), user=user, host=settings.host, port=settings.port, public_url=url,
        preview_domain=domain,
    )  # fmt: skip
    folder = person_path(into)
    write(folder, files, replaces=force)
    sys.stdout.writelines(f"{folder / name}\n" for name in files)
    sys.stdout.write(f"Nothing is installed yet: the first lines of {folder / 'honk.service'} say how.\n")


def _program() -> str:
    """The program that systemd starts: this one."""
    return shutil.which(sys.argv[0]) or str(Path(sys.argv[0]).resolve())


def write(folder: Path, files: dict[str, str], *, replaces: bool) -> None:
    """All of them or none.

    Raises:
        UsageError: one is there and says something else, or the folder cannot be written.
    """
    from honk.base.errors import UsageError

    try:
        differing = [name for name, text in files.items() if (folder / name).exists() and _text(folder / name) != text]
        if differing and not replaces:
            raise UsageError(
                f"{folder / differing[0]} is there and says something else. Nothing was written. Look at it, then say "
                "--force, or choose another folder by --into."
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}. Choose another folder by --into.") from error


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
