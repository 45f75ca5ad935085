"""`dying.py PORT.METHOD[:WORD]@before|after HONK-WORDS...`: honk, which kills itself at that call of one of its ports.

WORD must stand in what the port is called with. `rows` is the forge's port to the store, `deployer` runs a deployment's
command.
"""

import os
import signal
import sys
from typing import Any

from honk import bootstrap
from honk.cli.main import main
from honk.deploy.sandboxed import SandboxedDeployer
from honk.workflows.house import House


def mortal(house: House, point: str) -> House:
    """The house, whose port dies at the point."""
    where, when = point.split("@")
    call, _, word = where.partition(":")
    port_name, method = call.split(".")
    port: type = SandboxedDeployer if port_name == "deployer" else _port_of(house, port_name)
    act = getattr(port, method)

    async def dying(self: object, *args: Any, **options: Any) -> Any:
        is_meant = word in repr((args, options))
        if is_meant and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await act(self, *args, **options)
        if is_meant and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(port, method, dying)
    return house


def _port_of(house: House, name: str) -> type:
    return type(house.forge._rows if name == "rows" else getattr(house, name))  # type: ignore[attr-defined]


if __name__ == "__main__":
    point = sys.argv.pop(1)
    make = bootstrap._house
    bootstrap._house = lambda *rooms: mortal(make(*rooms), point)
    sys.exit(main())
