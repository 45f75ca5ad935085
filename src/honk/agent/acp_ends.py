"""Words for the ways in which a program of the Agent Client Protocol ends. Pure."""

from typing import Any

from honk.agent import Ended
from honk.agent.words import one_line
from honk.base.censor import Censor
from honk.domain.limits import LimitName

_NOT_FOUND = 127
_LOGIN_REQUIRED = -32000
_REASON_CHARS = 600
_LIMITS = {"turns limit of this run": LimitName.TURNS, "money limit of this run": LimitName.MONEY}
"""By what the gateway says when it refuses a call; programs pass its words on."""
_KEPT = "What it did so far is kept."


class Over(Exception):
    """The conversation cannot go on."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.fault)
        self.ended = ended


def _fault(text: str, *, can_retry: bool = False) -> Ended:
    return Ended(turns=0, fault=text, can_retry=can_retry)


def silent(name: str, seconds: float) -> Ended:
    """It opened no session."""
    return _fault(
        f"{name} opened no session within {seconds:.0f} s of its start, so it may not speak the Agent Client Protocol. "
        "Nothing was done. Many programs need an argument for it, acp or --acp: look at its help."
    )


def strange(name: str, theirs: int, ours: int) -> Ended:
    """It speaks another version of the protocol."""
    return _fault(
        f"{name} speaks version {theirs} of the Agent Client Protocol, and Honk version {ours}. Nothing was done. "
        "Install a release of the program that speaks it."
    )


def misspoke(name: str, what: str, censor: Censor) -> Ended:
    """It broke the protocol."""
    return _fault(f"{name} broke the protocol and was ended: {one_line(what, censor, _REASON_CHARS)}. {_KEPT}")


def departed(name: str, code: int | None, last_words: str, censor: Censor, *, has_worked: bool) -> Ended:
    """It ended by itself in the midst of the conversation; with no code, it only closed its output."""
    tail = one_line(last_words[-_REASON_CHARS:], censor, _REASON_CHARS)
    if code == _NOT_FOUND and not has_worked:
        return _fault(
            f"{name} could not be started in the sandbox: there is no such program, it may not be executed, or its "
            f"interpreter is not there. Only what this machine has in /usr, what acp.folders names, and the "
            f"repository's own files are shown. Nothing was done. {tail}".strip()
        )
    if code is None:
        how = "closed its output"
    else:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    when = "in the midst of its work" if has_worked else "before it began to work"
    return _fault(f"{name} {how} {when}. {tail}".strip(), can_retry=has_worked)


def failed(name: str, method: str, code: int, message: str, data: Any, censor: Censor) -> Ended:
    """It answered with an error."""
    told = one_line(f"{message} {data if data is not None else ''}", censor, _REASON_CHARS)
    if (limit := limit_in(told)) is not None:
        return Ended(turns=0, limit=limit)
    if code == _LOGIN_REQUIRED:
        return _fault(
            f"{name} asks for a login ({told}). Honk hands nobody's login into a sandbox: let the program take its "
            "model from ANTHROPIC_BASE_URL with ANTHROPIC_API_KEY, or tell it through acp.env in honk.toml."
        )
    return _fault(f"{name} answered {method} with an error ({code}): {told}. {_KEPT}")


def stopped(name: str, reason: str) -> Ended | None:
    """What a turn's reason to stop means; None where it simply ended."""
    match reason:
        case "refusal":
            return _fault(f"The model that {name} asks refused to go on. {_KEPT}")
        case "max_turn_requests":
            return _fault(f"{name} stopped at a limit of its own for model calls in one turn. {_KEPT}")
        case "cancelled":
            return _fault(f"{name} broke its turn off by itself. {_KEPT}")
    return None


def limit_in(text: str) -> LimitName | None:
    """The limit over which the gateway refused, where the text quotes it."""
    return next((limit for words, limit in _LIMITS.items() if words in text), None)
