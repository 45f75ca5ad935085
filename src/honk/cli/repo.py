"""honk repo: which repositories a team may ask for."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The repositories that a team may ask for.", no_args_is_help=True)


@app.command("add")
def add(path: Annotated[Path | None, typer.Argument(help="A repository; the current one by default.")] = None) -> None:
    """Offer a repository of this machine to the team."""
    from honk.cli.desk import acting_desk, person_path, run_async

    async def offer() -> None:
        async with acting_desk() as desk:
            found = await desk.offer_repository(person_path(path))
        sys.stdout.write(f"{found.name} ({found.location}) can be asked for now.\n")

    run_async(offer())


@app.command("list")
def list_() -> None:
    """Show them."""
    from honk.cli.desk import reading_desk, run_async

    async def show() -> None:
        async with reading_desk() as desk:
            found = await desk.offered_repositories()
        for one in found:
            sys.stdout.write(f"{one.name:<24}  {one.location}\n")
        if not found:
            sys.stdout.write("None yet: honk repo add PATH\n")

    run_async(show())


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Its name, or its path.")]) -> None:
    """Offer it no more. Its tasks stay."""
    from honk.base.errors import UsageError
    from honk.cli.desk import acting_desk, run_async

    async def withdraw() -> None:
        async with acting_desk() as desk:
            found = [one for one in await desk.offered_repositories() if name in (one.name, one.location)]
            if len(found) != 1:
                raise UsageError(
                    f"{len(found)} repositories are called {name!r}. See honk repo list, and give the path."
                )
            await desk.withdraw_repository(found[0])
        sys.stdout.write(f"{found[0].name} cannot be asked for any more. Its tasks stay.\n")

    run_async(withdraw())
