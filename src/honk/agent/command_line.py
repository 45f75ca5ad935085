"""Reads the command line by which a person names an agent. Pure."""

import shlex

from honk.agent import AgentError


def words_in(command_line: str, example: str) -> list[str]:
    """The program and its arguments. `example` is shown to a person who named none.

    Raises:
        AgentError: the command line is empty, or its quotes do not match.
    """
    try:
        words = shlex.split(command_line)
    except ValueError as error:
        raise AgentError(f"The agent's command line {command_line!r} cannot be read: {error}.") from error
    if not words:
        raise AgentError(f"The agent's command line is empty: write --agent '{example}'.")
    return words
