"""honk token: ways in for programs, in a person's name."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="Tokens for programs: request, read and stop, no more.", no_args_is_help=True)
WHOSE = Annotated[str | None, typer.Option("--email", help="Whose; yours by default.")]


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="What it is for, in words that you will know again.")],
    email: WHOSE = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good.")] = 90,
) -> None:
    """Make one, and print it: this once, for only its digest is kept."""
    from datetime import timedelta

    from honk.cli.desk import acting_desk, run_async

    async def make() -> None:
        async with acting_desk() as desk:
            member = await desk.people.known(email) if email else await desk.people.owner()
            secret, token = await desk.ways_in.new_token(member, name, timedelta(days=days))
        sys.stderr.write(
            f"Token {token.token_id} of {member.name}, good for {days} days. It is not shown again; honk token revoke "
            f"{token.token_id} ends it.\n"
        )
        sys.stdout.write(f"{secret}\n")

    run_async(make())


@app.command("list")
def list_(email: WHOSE = None) -> None:
    """Show those that let a program in, without what lets it in."""
    from honk.cli.desk import acting_desk, run_async

    async def show() -> None:
        async with acting_desk() as desk:
            people = [await desk.people.known(email)] if email else await desk.people.all()
            found = [(one, token) for one in people for token in await desk.ways_in.tokens_of(one)]
        for member, token in found:
            used = f"used {token.used_at:%Y-%m-%d}" if token.used_at else "never used"
            ends = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "without end"
            sys.stdout.write(f"{token.token_id:<10}  {member.email:<32}  {token.name:<24}  {ends}, {used}\n")
        if not found:
            sys.stdout.write("None: honk token new NAME\n")

    run_async(show())


@app.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(help="From honk token list.")]) -> None:
    """End one, at once."""
    from honk.base.errors import UsageError
    from honk.cli.desk import acting_desk, run_async

    async def end() -> None:
        async with acting_desk() as desk:
            for member in await desk.people.all():
                if token_id in {one.token_id for one in await desk.ways_in.tokens_of(member)}:
                    await desk.ways_in.revoke_token(member, token_id)
                    sys.stdout.write(f"Token {token_id} of {member.name} lets nobody in any more.\n")
                    return
            raise UsageError(f"There is no live token {token_id!r}. Nothing was done. See honk token list.")

    run_async(end())
