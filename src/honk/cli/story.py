"""A task's events told one after the other, where a line needs what was said before. Pure but for its memory."""

from honk.cli.facts import Line, Tone, facts, text_of, tool_name
from honk.store import TaskEvent


class Story:
    """Remembers which calls were the agent's own `verify`, so that its red and its green are told."""

    def __init__(self) -> None:
        self._verify_calls: set[str] = set()

    def facts(self, event: TaskEvent) -> list[Line]:
        """What the event tells a person, in the light of the events before."""
        call_id = text_of(event.body, "call_id")
        if event.kind == "tool" and tool_name(text_of(event.body, "tool")) == "verify":
            self._verify_calls.add(call_id)
        if event.kind == "tool_result" and call_id in self._verify_calls:
            excerpt = text_of(event.body, "excerpt")
            if event.body.get("is_error"):
                return [Line(text=f"  ✗ red, in the agent's own check: {excerpt}", tone=Tone.BAD)]
            return [Line(text=f"  ✓ green, in the agent's own check: {excerpt}", tone=Tone.QUIET)]
        return facts(event)
