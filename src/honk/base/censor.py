"""Strikes secrets out of text before it is logged, stored or shown."""

import re

_SHAPES = re.compile(
    r"sk-ant-[A-Za-z0-9_-]{8,}|xox[abps]-[A-Za-z0-9-]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
STRUCK = "[censored]"


class Censor:
    """Knows the secrets of this process by value, and common secrets by their shape."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = sorted((secret for secret in secrets if len(secret) >= 8), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text with every known secret, and everything shaped like one, struck out."""
        for secret in self._secrets:
            text = text.replace(secret, STRUCK)
        return _SHAPES.sub(STRUCK, text)
