"""honk people: who may come in, and what they may do."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="The people of a team, and what they may do.", no_args_is_help=True)
EMAIL = Annotated[str, typer.Argument(help="The person's e-mail address.")]


@app.command("list")
def list_() -> None:
    """Show them."""
    from honk.cli.desk import acting_desk, run_async

    async def show() -> None:
        async with acting_desk() as desk:
            names = {one.repository_id: one.name for one in await desk.offered_repositories()}
            for one in await desk.people.all():
                grants = [f"{role} of {names.get(where, where)}" for where, role in sorted(one.grants.items())]
                told = ", ".join(grants).replace("of *", "everywhere") or "guest: sees nothing yet"
                sys.stdout.write(f"{one.email:<32}  {one.name:<24}  {told}\n")

    run_async(show())


@app.command("add")
def add(email: EMAIL, name: Annotated[str, typer.Option(help="As it stands in commits.")]) -> None:
    """Let somebody in. They see nothing until something is granted."""
    from honk.cli.desk import acting_desk, run_async

    async def let_in() -> None:
        async with acting_desk() as desk:
            member = await desk.people.add(email, name)
        sys.stdout.write(
            f"{member.name} <{member.email}> is here, as a guest. Next: honk people grant {member.email} requester, "
            f"and honk people link {member.email}\n"
        )

    run_async(let_in())


@app.command("grant")
def grant(
    email: EMAIL,
    role: Annotated[str, typer.Argument(help="reader, requester, approver, admin, or none.")],
    repo: Annotated[str | None, typer.Option(help="One repository, by name or path; all by default.")] = None,
) -> None:
    """Give somebody a role, in place of the one they have there."""
    from honk.base.errors import UsageError
    from honk.cli.desk import acting_desk, run_async
    from honk.domain.people import EVERYWHERE, Role

    roles = {**{str(one): one for one in Role}, "none": None}
    if role not in roles:
        raise UsageError(f"{role!r} is no role. Nothing was done. Say one of: {', '.join(roles)}.")

    async def give() -> None:
        async with acting_desk() as desk:
            found = [one for one in await desk.offered_repositories() if repo in (one.name, one.location)]
            if repo is not None and len(found) != 1:
                raise UsageError(
                    f"{len(found)} repositories are called {repo!r}. Nothing was done. See honk repo list, and give "
                    "the path."
                )
            where = found[0].repository_id if repo is not None else EVERYWHERE
            member = await desk.people.grant(email, roles[role], where)
        place = f"of {found[0].name}" if repo is not None else "everywhere"
        sys.stdout.write(f"{member.name} is {role} {place} now.\n" if roles[role] else f"Taken away {place}.\n")

    run_async(give())


@app.command("link")
def link(email: Annotated[str | None, typer.Argument(help="Whose; yours by default.")] = None) -> None:
    """Print a link that signs this person in: once, within 15 minutes. Hand it to nobody else."""
    from honk.cli.address import address_of
    from honk.cli.desk import acting_desk, run_async
    from honk.config import read_settings
    from honk.domain.passes import link_to

    async def make() -> None:
        async with acting_desk() as desk:
            member = await desk.people.known(email) if email else await desk.people.owner()
            secret = await desk.ways_in.new_link(member)
        sys.stdout.write(f"{link_to(address_of(read_settings()), secret)}\n")

    run_async(make())


@app.command("leave")
def leave(email: EMAIL) -> None:
    """Let somebody go: their sessions, links and tokens end at once. What they asked for stays."""
    from honk.cli.desk import acting_desk, run_async

    async def let_go() -> None:
        async with acting_desk() as desk:
            member = await desk.people.leave(email)
        sys.stdout.write(f"{member.name} has left: signed out everywhere, and every token of theirs is revoked.\n")

    run_async(let_go())
