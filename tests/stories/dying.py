"""`dying.py PORT.METHOD[:WORD]@before|after HONK-WORDS...`: honk, which kills itself at that call of one of its ports.

WORD must stand in what the port is called with. `rows` is the forge's port to the store.
"""

import os
import signal
import sys
from typing import Any

from honk import bootstrap
from honk.cli.main import main
from honk.workflows.house import House


def mortal(house: House, point: str) -> House:
    """The house, whose port dies at the point."""
    where, when = point.split("@")
    call, _, word = where.partition(":")
    port_name, method = call.split(".")
    port = type(house.forge._rows if port_name == "rows" else getattr(house, port_name))  # type: ignore[attr-defined]
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


if __name__ == "__main__":
    point = sys.argv.pop(1)
    make = bootstrap._house
    bootstrap._house = lambda *rooms: mortal(make(*rooms), point)
    sys.exit(main())
