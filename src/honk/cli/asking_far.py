"""A request to a server, here or elsewhere, followed to its end as one of our own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from honk.base.errors import UsageError

if TYPE_CHECKING:
    from honk.client import Server, Wish
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
    from honk.cli.following import to_its_end
    from honk.client.http import open_far_desk

    async with open_far_desk(server) as desk:
        task = await desk.request(wish, new_id(16))
        return await to_its_end(desk, task.task_id, as_json=as_json)


async def ask_own(server: "Server", own: Mapping[str, Any], *, as_json: bool) -> int:
    """Ask the server of this state folder, as its owner."""
    from honk.cli.following import to_its_end
    from honk.client.http import open_far_desk

    async with open_far_desk(server) as desk:
        task = await desk.request_own(own)
        return await to_its_end(desk, task.task_id, as_json=as_json)
