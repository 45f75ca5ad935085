"""A request to a server, here or elsewhere, followed to its end as one of our own."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from honk.base.errors import UsageError

if TYPE_CHECKING:
    from honk.client import FarDesk, Server, Wish
    from honk.config import Settings


def refuse_far(**given: str | None) -> None:
    """Raises UsageError for what a server's own settings decide."""
    if wrong := [name for name, value in given.items() if value is not None]:
        raise UsageError(f"--{wrong[0]} is the server's to choose. Nothing was begun. Leave it out.")


def refuse_other_sandbox(settings: "Settings", sandbox: str | None) -> None:
    """Raises UsageError where the run would not get the sandbox that was named."""
    if sandbox is not None:
        raise UsageError(
            f"A server works in {settings.home}, and --sandbox is its to choose. Nothing was begun. Leave it out, end "
            "the server, or choose another HONK_HOME."
        )


async def ask_far(server: "Server", wish: "Wish", *, as_json: bool) -> int:
    """Ask for a change in a repository of that server. The exit code of the outcome."""
    from honk.base.ids import new_id
    from honk.client.http import open_far_desk

    async with open_far_desk(server) as desk:
        task = await desk.request(wish, new_id(16))
        return await follow_far(desk, task.task_id, as_json=as_json)


async def ask_own(server: "Server", own: Mapping[str, Any], *, as_json: bool) -> int:
    """Ask the server of this state folder, as its owner."""
    from honk.client.http import open_far_desk

    async with open_far_desk(server) as desk:
        task = await desk.request_own(own)
        return await follow_far(desk, task.task_id, as_json=as_json)


async def follow_far(desk: "FarDesk", task_id: str, *, as_json: bool) -> int:
    """Show it to its end, as `honk run` does."""
    from honk.cli.exit_codes import of_outcome
    from honk.cli.following import follow_to_end
    from honk.cli.progress import choose_view

    view = choose_view(as_json=as_json)
    result = await follow_to_end(desk, task_id, view, on="follow")
    view.finish(result)
    sys.stdout.flush()
    return of_outcome(result.outcome, result.verification)
