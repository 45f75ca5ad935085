"""The channel on which a runner tells its results: descriptor 3, made private at once. Python 3.8+, nothing of ours."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

CHANNEL = 3


class Channel:
    """Lines of JSON, each behind the run's nonce. Only this very process may write, not a fork of it."""

    def __init__(self, nonce: str) -> None:
        self._fd = os.dup(CHANNEL)
        os.close(CHANNEL)
        os.set_inheritable(self._fd, False)
        self._nonce = nonce
        self._pid = os.getpid()
        sys.modules.pop("honk_channel", None)
        self._write, self._dumps, self._getpid = os.write, json.dumps, os.getpid

    def tell(self, kind: str, **fields: Any) -> None:
        if self._getpid() != self._pid:
            return
        line = f"{self._nonce} {self._dumps(dict(fields, kind=kind))}\n"
        left = line.encode("utf-8", "backslashreplace")
        while left:
            left = left[self._write(self._fd, left) :]
